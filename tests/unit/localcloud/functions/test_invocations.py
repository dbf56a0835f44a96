from __future__ import annotations

import base64
import io
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.functions.moto_lambda import LambdaInvocations
from headgate.localcloud.functions.values import Function, Outcome
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse

FUNCTION = Function(
    "123456789012", "eu-west-1", "f", "arn:aws:lambda:eu-west-1:123456789012:function:f", "$LATEST", "python3.12",
    "app.handler", "role", 3.0, 128, {}, b"",
)  # fmt: skip
PATH = "/2015-03-31/functions/f/invocations"


class Host:
    """Stands for moto: every question about a function is answered with the same one."""

    def look(self, question: Callable[[], Any]) -> Function:
        return FUNCTION


class Runner:
    def __init__(self) -> None:
        self.events: list[str] = []
        self.called = threading.Semaphore(0)
        self.may_end = threading.Event()
        self.may_end.set()
        self.outcome = Outcome('"done"', failed=False, log="x" * 5000)

    def invoke(self, function: Function, event: str) -> Outcome:
        self.events.append(event)
        self.called.release()
        assert self.may_end.wait(5)
        return self.outcome


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[Documents]:
    made = Documents(tmp_path / "d.db")
    yield made
    made.close()


def invocations(documents: Documents, runner: Runner) -> LambdaInvocations:
    return LambdaInvocations(Host(), runner, documents)  # type: ignore[arg-type]


def ask(service: LambdaInvocations, body: bytes = b"{}", path: str = PATH, **headers: str) -> HttpResponse | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    caller = Caller("123456789012", "eu-west-1")
    return service.handle(HttpRequest("POST", path, (), named, io.BytesIO(body), "lambda", caller))


def settled(documents: Documents) -> None:
    """Wait until nothing is pending."""
    for thread in threading.enumerate():
        if thread.name.startswith("lambda event"):
            thread.join(5)
    assert documents.list("lambda-event") == []


def test_the_answer_holds_result_error_mark_and_the_logs_tail(documents: Documents) -> None:
    runner = Runner()
    service = invocations(documents, runner)
    answer = ask(service, b'{"a": 1}', x_amz_log_type="Tail")
    assert answer is not None
    assert (answer.status, answer.body) == (200, b'"done"')
    assert "x-amz-function-error" not in answer.headers
    assert len(base64.b64decode(answer.headers["x-amz-log-result"])) == 4096
    runner.outcome = replace(runner.outcome, failed=True)
    answer = ask(service, b"")
    assert answer is not None
    assert answer.headers["x-amz-function-error"] == "Unhandled"
    assert "x-amz-log-result" not in answer.headers
    assert runner.events == ['{"a": 1}', "{}"]


def test_an_event_is_kept_until_it_has_been_delivered(documents: Documents) -> None:
    runner = Runner()
    runner.may_end.clear()
    answer = ask(invocations(documents, runner), b'{"n": 1}', x_amz_invocation_type="Event")
    assert answer is not None
    assert answer.status == 202
    assert runner.called.acquire(timeout=5)
    assert [body["event"] for _, body in documents.list("lambda-event")] == ['{"n": 1}']
    runner.may_end.set()
    settled(documents)


def test_what_was_pending_when_the_daemon_died_is_delivered_at_the_next_start(documents: Documents) -> None:
    runner = Runner()
    key = Key("123456789012", "eu-west-1", "lambda-event", "1")
    documents.insert(key, {"function": FUNCTION.arn, "event": '{"left": true}'})
    invocations(documents, runner).recover()
    settled(documents)
    assert runner.events == ['{"left": true}']


def test_a_dry_run_calls_nothing(documents: Documents) -> None:
    runner = Runner()
    answer = ask(invocations(documents, runner), x_amz_invocation_type="DryRun")
    assert answer is not None
    assert (answer.status, runner.events) == (204, [])


def test_what_is_no_invocation_is_motos(documents: Documents) -> None:
    assert ask(invocations(documents, Runner()), path="/2015-03-31/functions") is None


def test_other_ways_of_invoking_are_refused(documents: Documents) -> None:
    with pytest.raises(AwsError, match="InvokeAsync") as caught:
        ask(invocations(documents, Runner()), path="/2014-11-13/functions/f/invoke-async/")
    assert caught.value.status == 501


def test_an_event_that_is_not_json_is_refused(documents: Documents) -> None:
    with pytest.raises(AwsError, match="InvalidRequestContentException"):
        ask(invocations(documents, Runner()), b"nope")
