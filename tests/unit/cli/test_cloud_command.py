from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from headgate.cli.cloud import command
from headgate.errors import UserError
from headgate.localcloud import fixed_addresses, lifecycle

pytestmark = pytest.mark.slow  # each starts processes of its own

Call = Callable[..., Result]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """`headgate cloud ...` in an empty folder; its daemon is stopped afterwards."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(command, list(arguments), catch_exceptions=True)
        if not fails and result.exception is not None:
            raise result.exception
        return result

    yield run
    lifecycle.stop(tmp_path / ".headgate")


def as_json(result: Result) -> Any:
    return json.loads(result.output)


def test_up_status_and_down(call: Call, tmp_path: Path) -> None:
    assert "does not exist yet" in call("status").output
    assert as_json(call("status", "--output", "json")) == {
        "running": False,
        "state_dir": str(tmp_path / ".headgate"),
        "exists": False,
    }
    up = as_json(call("up", "--output", "json"))
    assert up["running"]
    assert call("up").output.startswith(f"the local cloud listens on {up['url']}")
    status = as_json(call("status", "--output", "json"))
    assert (status["pid"], status["ready"]) == (up["pid"], True)
    assert 0 < status["resident_bytes"] < 400e6
    assert up["url"] in call("status").output
    assert call("down").output == "stopped\n"
    assert call("down").output == "the local cloud does not run here\n"
    assert "stopped" in call("status").output


def test_outside_a_project_it_runs_the_images_that_plugins_offer_and_keeps_a_projects_own(call: Call) -> None:
    endpoint = _endpoint(call)
    offered = _runtimes(endpoint)
    assert {"scikit-learn", "xgboost", "linear-learner"} <= set(offered)
    own = {"name": "image mine", "plugin": "runtimes", "image_patterns": ["mine"], "target": "mine:Mine"}
    lifecycle.tell_runtimes(endpoint, [own], str(Path.cwd()))
    call("env")
    assert _runtimes(endpoint) == ["image mine", *offered]


def _runtimes(endpoint: lifecycle.Endpoint) -> list[str]:
    told = lifecycle.control(endpoint, "GET", "runtimes")["projects"]
    return [spec["name"] for project in told for spec in project["specs"]]


def _endpoint(call: Call) -> lifecycle.Endpoint:
    call("up")
    found = lifecycle.status(Path(".headgate")).endpoint
    assert found is not None
    return found


def test_env_starts_it_and_makes_a_shell_use_it(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = call("env", "--account", "111122223333", "--region", "eu-central-1").output
    script = f'{exports}\n{sys.executable} -c \'import boto3; print(boto3.client("sts").get_caller_identity()["Arn"])\''
    environment = {**os.environ, "AWS_PROFILE": "does-not-exist"}
    done = subprocess.run(["bash", "-ec", script], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "arn:aws:sts::111122223333:assumed-role/headgate-execution/headgate\n", done.stderr


def test_env_makes_fixed_aws_addresses_lead_here_too(call: Call) -> None:
    """As the SageMaker SDK asks who it is, in every session; the role that is named exists."""
    program = (
        "import boto3; sts = boto3.client('sts', endpoint_url='https://sts.us-east-1.amazonaws.com');"
        "role = sts.get_caller_identity()['Arn'].split('/')[1];"
        "print(boto3.client('iam').get_role(RoleName=role)['Role']['Arn'])"
    )
    call("env")
    exports = call("env").output
    done = subprocess.run(
        ["bash", "-ec", f'{exports}\n{sys.executable} -c "{program}"'], capture_output=True, text=True, check=False
    )
    assert done.stdout == "arn:aws:iam::123456789012:role/headgate-execution\n", done.stderr


def test_env_adds_to_the_search_path_once_and_takes_only_that_away(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mine:/yours")
    first = as_json(call("env", "--shell", "json"))["PYTHONPATH"]
    assert first == f"{fixed_addresses.FOLDER}:/mine:/yours"
    monkeypatch.setenv("PYTHONPATH", first)
    assert as_json(call("env", "--shell", "json"))["PYTHONPATH"] == first
    taken_back = call("env", "--unset").output
    assert "export PYTHONPATH=/mine:/yours" in taken_back
    assert "AWS_ENDPOINT_URL" in taken_back.splitlines()[0]


def test_env_for_other_shells_and_programs(call: Call) -> None:
    variables = as_json(call("env", "--shell", "json"))
    assert variables["AWS_ACCESS_KEY_ID"] == "HEADGATEROLE123456789012"
    assert variables["SAGEMAKER_VALIDATE_ROLE"] == "false"
    assert variables == as_json(call("env", "--output", "json"))
    assert f"set -gx AWS_ENDPOINT_URL {variables['AWS_ENDPOINT_URL']}" in call("env", "--shell", "fish").output
    assert f"AWS_ENDPOINT_URL={variables['AWS_ENDPOINT_URL']}" in call("env", "--shell", "dotenv").output


def test_env_can_be_taken_back_without_a_daemon(call: Call, tmp_path: Path) -> None:
    assert call("env", "--unset").output.startswith("unset AWS_ENDPOINT_URL")
    assert call("env", "--unset", "--shell", "fish").output.startswith("set -e AWS_ENDPOINT_URL")
    assert call("env", "--unset", "--shell", "dotenv").output.strip() == ""
    assert as_json(call("env", "--unset", "--shell", "json"))["AWS_ENDPOINT_URL"] is None
    assert not (tmp_path / ".headgate").exists()


def test_the_clock_is_shown_and_goes_forward_only(call: Call) -> None:
    assert call("clock").output.endswith("UTC, real time\n")
    assert as_json(call("clock", "--advance", "1d12h", "--output", "json"))["offset"] == 129_600
    assert "1 day, 12:00:00 ahead of real time" in call("clock").output
    for span in ("5x", "-1d", "0s"):
        assert call("clock", "--advance", span, fails=True).exception is not None
    assert as_json(call("clock", "--output", "json"))["offset"] == 129_600


def test_an_account_is_twelve_digits(call: Call) -> None:
    error = call("env", "--account", "dev", fails=True).exception
    assert isinstance(error, UserError)
    assert error.expected == "twelve digits"


def test_reset_asks_first(call: Call, tmp_path: Path) -> None:
    assert call("reset").output == "there was nothing to delete\n"
    call("up")
    error = call("reset", fails=True).exception
    assert isinstance(error, UserError)
    assert error.next_command == "headgate cloud reset --yes"
    removed = as_json(call("reset", "--yes", "--output", "json"))["removed"]
    assert str(tmp_path / ".headgate" / "state.db") in removed
    assert not (tmp_path / ".headgate" / "state.db").exists()


def test_logs_are_the_daemons(call: Call, tmp_path: Path) -> None:
    assert isinstance(call("logs", fails=True).exception, UserError)
    call("up")
    assert "listening on" in call("logs").output
    found = as_json(call("logs", "-n", "1", "--output", "json"))
    assert len(found["lines"]) == 1
    assert found["file"] == str(tmp_path / ".headgate" / "daemon.log")


def test_following_prints_what_is_added(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".headgate").mkdir()
    log = tmp_path / ".headgate" / "daemon.log"
    log.write_text("old\n")

    def add(_: float) -> None:
        if "new" in log.read_text():
            raise KeyboardInterrupt
        with log.open("a") as stream:
            stream.write("new\n")

    monkeypatch.setattr("headgate.cli.cloud.time.sleep", add)
    assert call("logs", "--follow", fails=True).output.startswith("old\nnew\n")


def test_a_project_gives_its_account_region_and_runtimes(call: Call, tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text("name: demo\naccount: '444455556666'\nregion: eu-west-3\n")
    variables = as_json(call("env", "--shell", "json"))
    assert variables["AWS_ACCESS_KEY_ID"] == "HEADGATEROLE444455556666"
    assert variables["AWS_REGION"] == "eu-west-3"
