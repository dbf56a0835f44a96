"""Handlers in the real fork server."""

from __future__ import annotations

import io
import json
import os
import signal
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.functions.runner import FunctionRunner
from headgate.localcloud.functions.values import Function, Outcome


class Clock:
    def now(self) -> float:
        return 1_767_225_600.0


def function(source: str, **settings: Any) -> Function:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
    return replace(
        Function(
            account="123456789012",
            region="eu-west-1",
            name="f",
            arn="arn:aws:lambda:eu-west-1:123456789012:function:f",
            version="$LATEST",
            runtime="python3.12",
            handler="app.handler",
            role_arn="arn:aws:iam::123456789012:role/r",
            timeout=20.0,
            memory=128,
            environment={"SETTING": "on"},
            code=buffer.getvalue(),
        ),
        **settings,
    )


class Runner:
    """A runner whose logs can be read."""

    def __init__(self, folder: Path) -> None:
        self.logs: dict[str, str] = {}
        keys: Callable[..., dict[str, str]] = lambda caller, role, name: {"ROLE": role, "NAME": name}  # noqa: E731
        self.runner = FunctionRunner(folder, keys, lambda function: f"http://cloud/{function.name}", self._log, Clock())

    def _log(self, function: Function, stream: str, text: str) -> None:
        self.logs[stream] = text

    def __call__(self, made: Function, event: object = None) -> tuple[bool, Any]:
        outcome = self.runner.invoke(made, json.dumps(event))
        return outcome.failed, json.loads(outcome.payload)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    made = Runner(tmp_path_factory.mktemp("functions"))
    yield made
    made.runner.close()
    made.runner.close()


def test_a_handler_sees_its_settings_its_role_and_nothing_of_ours(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEADGATE_SECRET", "ours")
    source = "import os\ndef handler(e, c): return [e, dict(os.environ), os.getcwd()]"
    failed, (event, environment, folder) = run(function(source), {"x": 1})
    assert not failed
    assert event == {"x": 1}
    assert environment["SETTING"] == "on"
    assert (environment["ROLE"], environment["NAME"]) == ("arn:aws:iam::123456789012:role/r", "f")
    assert environment["LAMBDA_TASK_ROOT"] == folder
    assert environment["AWS_LAMBDA_LOG_STREAM_NAME"].startswith("2026/01/01/[$LATEST]")
    assert "HEADGATE_SECRET" not in environment


def test_state_does_not_leak_between_calls(run: Runner) -> None:
    made = function("seen = []\ndef handler(e, c):\n    seen.append(e)\n    return seen")
    assert run(made, 1) == (False, [1])
    assert run(made, 2) == (False, [2])


def test_too_slow_is_ended_with_all_it_started(run: Runner) -> None:
    source = (
        "import subprocess, sys\n"
        "def handler(e, c):\n"
        "    print('started')\n"
        "    subprocess.run([sys.executable, '-c', 'import threading; threading.Event().wait()'])"
    )
    failed, payload = run(function(source, timeout=0.5, name="slow"))
    assert failed
    assert payload["errorType"] == "Sandbox.Timedout"
    log = run.logs.popitem()[1]
    assert "started" in log
    assert "Task timed out after 0.50 seconds" in log


def test_a_handler_that_dies_is_reported(run: Runner) -> None:
    failed, payload = run(function("import os\ndef handler(e, c): os._exit(1)"))
    assert (failed, payload["errorType"]) == (True, "Runtime.ExitError")


def test_the_log_is_framed_like_lambdas(run: Runner) -> None:
    run(function("import sys\ndef handler(e, c):\n    print('out')\n    print('err', file=sys.stderr)", name="framed"))
    lines = run.logs.popitem()[1].splitlines()
    assert lines[0].startswith("START RequestId: ")
    assert lines[0].endswith("Version: $LATEST")
    assert lines[1:3] == ["out", "err"]
    assert lines[3].startswith("END RequestId: ")
    assert "Memory Size: 128 MB" in lines[4]


def test_a_large_answer_arrives_whole(run: Runner) -> None:
    assert run(function("def handler(e, c): return 'x' * 5_000_000")) == (False, "x" * 5_000_000)


def test_many_at_once_unpack_their_code_once(run: Runner) -> None:
    made = function("def handler(e, c): return e  # many")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: run(made, n), range(16)))
    assert answers == [(False, number) for number in range(16)]


def test_layers_come_after_the_code(run: Runner) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("python/app.py", "raise RuntimeError('the layer must not win')")
        archive.writestr("python/extra.py", "VALUE = 5")
    made = function("import extra\ndef handler(e, c): return extra.VALUE", layers=(buffer.getvalue(),))
    assert run(made) == (False, 5)


def test_a_fork_server_that_died_is_started_again(run: Runner) -> None:
    made = function("import os\ndef handler(e, c): return os.getppid()")
    _, first = run(made)
    os.kill(first, signal.SIGKILL)
    assert run.runner._server is not None
    run.runner._server.wait(10)
    failed, second = run(made)
    assert not failed
    assert second != first


def test_runtimes_other_than_python_are_refused(run: Runner) -> None:
    for runtime in ("nodejs20.x", ""):
        with pytest.raises(AwsError, match="Lambda runtime") as caught:
            run(function("", runtime=runtime))
        assert caught.value.status == 501


def test_an_outcome_survives_json() -> None:
    outcome = Outcome('"x"', True, "log")
    assert Outcome.from_json(json.loads(json.dumps(outcome.as_json()))) == outcome
