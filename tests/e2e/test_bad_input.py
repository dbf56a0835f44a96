"""What a user can get wrong, typed and written as a user would: the message has the cause, the exit code is right,
and nothing is left half done.

Exit code 2 is the user's mistake, 1 a failure, 130 an interruption (docs/command-line.md).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest

if TYPE_CHECKING:
    from e2e.conftest import Cli

pytestmark = pytest.mark.slow

HEADGATE = Path(sys.executable).with_name("headgate")
PLUGIN = """
from headgate.pipelines import Pipeline, Processing, SourceCode
from headgate.plugins import hookimpl

HEADGATE_API = 1
ECR = "dkr.ecr.us-east-1.amazonaws.com"


@hookimpl
def headgate_pipelines(project):
    def step(name, image="683313688378." + ECR + "/sagemaker-scikit-learn:1.2-1-cpu-py3", **more):
        role = f"arn:aws:iam::{project.account}:role/headgate-execution"
        return Processing(name, image=image, role=role, code=SourceCode.from_file(project.root / "wait.py"), **more)

    yield Pipeline("cyclic", steps=[step("A", depends_on=["B"]), step("B", depends_on=["A"])])
    yield Pipeline("dangling", steps=[step("A", depends_on=["Prepare"])])
    yield Pipeline("imageless", steps=[step("A", image="123456789012." + ECR + "/nobody-knows:1")])
    yield Pipeline("waiting", steps=[step("Wait")])
"""
WAIT = """
import time

import boto3

if "go-on" not in {bucket["Name"] for bucket in boto3.client("s3").list_buckets()["Buckets"]}:
    print("waiting", flush=True)
    time.sleep(600)
"""
SDK = """
def get_pipeline():
    raise ValueError("there is no role")
"""


@contextmanager
def replaced(file: Path, content: bytes) -> Iterator[None]:
    """A file with other content for a while."""
    before = file.read_bytes()
    file.write_bytes(content)
    try:
        yield
    finally:
        file.write_bytes(before)


@contextmanager
def settings(cli: Cli, old: str, new: str) -> Iterator[None]:
    """headgate.yaml with one piece of text replaced."""
    text = (cli.folder / "headgate.yaml").read_text()
    assert old in text
    with replaced(cli.folder / "headgate.yaml", text.replace(old, new, 1).encode()):
        yield


def line_of(file: Path, text: str) -> int:
    return next(number for number, line in enumerate(file.read_text().splitlines(), 1) if text in line)


def refused(done: subprocess.CompletedProcess[str], *words: str) -> str:
    """The message of a user's mistake: exit code 2, all of the words, one screen, no trace."""
    return _told(done, 2, words)


def failed(done: subprocess.CompletedProcess[str], *words: str) -> str:
    return _told(done, 1, words)


def _told(done: subprocess.CompletedProcess[str], code: int, words: tuple[str, ...]) -> str:
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert [word for word in words if word not in said] == [], said
    assert "Traceback" not in said
    assert len(said.splitlines()) < 24
    return said


@contextmanager
def bucket(cli: Cli, name: str) -> Iterator[None]:
    """A bucket in the project's cloud."""
    variables = cli.json("cloud", "env")
    s3 = boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_REGION"],
    )
    s3.create_bucket(Bucket=name)
    try:
        yield
    finally:
        s3.delete_bucket(Bucket=name)
        s3.close()


@pytest.fixture(scope="module")
def pipelines(cli: Cli) -> Iterator[None]:
    """The project also has pipelines of its own, each with something wrong."""
    (cli.folder / "wait.py").write_text(WAIT)
    (cli.folder / "headgate_plugin.py").write_text(PLUGIN)
    yield
    (cli.folder / "headgate_plugin.py").unlink()


@pytest.fixture
def started(cli: Cli, pipelines: None) -> Iterator[subprocess.Popen[str]]:
    """A run whose step waits without end."""
    running = cli.start("run", "waiting")
    assert running.stderr is not None
    assert any("Wait: Executing" in line for line in running.stderr)
    yield running
    if running.poll() is None:
        os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


# --- headgate.yaml and options


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("region:", "regoin:", "regoin:", ["unknown key 'regoin'", "did you mean 'region'?"]),
        ("    seed:", "    sede:", "sede:", ["unknown key 'sede' in plugins.training", "did you mean 'seed'?"]),
        ("seed: 42", "seed: many", "seed:", ["plugins.training.seed: found 'many' (text)", "an integer"]),
        ("  training:", "  trainning:", "trainning:", ["no plugin 'trainning'", "did you mean 'training'?"]),
        ("/diabetes.csv", "/diabetse.csv", "data:", ["no such file", "did you mean 'data/diabetes.csv'?"]),
        ("metric: rmse", "metric: rmsee", "metric:", ["no metric 'rmsee' for regression", "rmse, mse, mae, r2"]),
        ("us-east-1", "[us-east-1", "plugins:", ["not YAML", "that began in line"]),
        ("region:", "\tregion:", "region:", ["a tab indents this line"]),
    ],
)
def test_a_mistake_in_headgate_yaml_is_told_with_its_line(
    cli: Cli, old: str, new: str, at: str, words: list[str]
) -> None:
    with settings(cli, old, new):
        place = f"headgate.yaml:{line_of(cli.folder / 'headgate.yaml', at)}"
        refused(cli.run("validate"), place, *words)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\x9c\xff", "not UTF-8"), (b"- a\n", "the file holds a list"), (b"", "missing key 'name'")],
)
def test_a_headgate_yaml_that_cannot_be_read_stops_a_run_before_anything_starts(
    cli: Cli, content: bytes, words: str
) -> None:
    with replaced(cli.folder / "headgate.yaml", content):
        refused(cli.run("run"), words, "headgate.yaml:1")


def test_errors_are_json_where_json_is_asked_for(cli: Cli) -> None:
    done = cli.run("run", "--set", "plugins.training.sede=1", "--output", "json")
    error = json.loads(done.stdout)
    assert done.returncode == 2
    assert error["error"] == "invalid-spec"
    assert error["problems"][0]["path"] == "plugins.training.sede"
    assert done.stderr == ""


def test_misspelled_commands_and_options_name_the_nearest(cli: Cli) -> None:
    refused(cli.run("rnu"), "no such command: 'rnu'", "did you mean 'run'?")
    refused(cli.run("runs", "lst"), "'lst'", "'list'")
    refused(cli.run("validate", "--ouput", "json"), "'--ouput'", "'--output'")
    refused(cli.run("run", "--output", "jsn"), "'jsn'", "'json'")


def test_outside_of_a_project_the_next_command_makes_one(cli: Cli, tmp_path: Path) -> None:
    for command in (["run"], ["logs"], ["models", "list"], ["compile"]):
        refused(cli.run("-C", str(tmp_path), *command), f"no headgate.yaml in {tmp_path}", "headgate new NAME")
    assert list(tmp_path.iterdir()) == [], "and no cloud was started there"


def test_no_color_means_no_escape_codes_and_a_colour_is_never_forced_on_a_file(cli: Cli) -> None:
    assert "\x1b" not in cli.run("rnu").stderr
    assert "\x1b" not in cli.run("rnu", NO_COLOR="").stderr
    assert "\x1b" in cli.run("rnu", NO_COLOR="", FORCE_COLOR="1").stderr


# --- pipelines


def test_a_cycle_or_a_missing_step_of_a_projects_own_pipeline_is_refused_before_anything_is_deployed(
    cli: Cli, pipelines: None
) -> None:
    refused(cli.run("run", "cyclic"), "pipeline 'cyclic'", "A -> B -> A", "headgate compile cyclic --check")
    refused(cli.run("run", "dangling"), "step A", "there is no step 'Prepare'")
    refused(cli.run("compile", "dangling"), "there is no step 'Prepare'")
    assert [run for run in cli.json("runs", "list") if run["pipeline"] in {"cyclic", "dangling"}] == []


def test_an_image_without_a_runtime_fails_the_run_and_its_logs_say_that_there_are_none(
    cli: Cli, pipelines: None
) -> None:
    failed(cli.run("run", "imageless"), "no container runtime for image", "nobody-knows:1", "`images:`")
    logs = cli.run("logs")
    assert logs.returncode == 0
    assert logs.stdout == ""
    assert "wrote no logs" in logs.stderr
    assert "no container runtime" in logs.stderr


def test_sdk_code_that_raises_is_told_at_its_own_line(cli: Cli) -> None:
    (cli.folder / "sdk.py").write_text(SDK)
    with settings(cli, "\nplugins:", "\npipelines: {mine: {file: sdk.py, function: get_pipeline}}\nplugins:"):
        refused(cli.run("run", "mine"), "ValueError: there is no role", "sdk.py:3")


def test_unknown_executions_pipelines_and_models_name_what_there_is(cli: Cli) -> None:
    arn = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/diabetes-training/execution/nosuchnosuch"
    for asked in ("nosuch", arn, "arn:nonsense"):
        refused(cli.run("runs", "show", asked), f"there is no execution '{asked}'", "headgate runs list")
    refused(cli.run("runs", "list", "diabetes-trainin"), "did you mean 'diabetes-training'?")
    refused(cli.run("run", "diabetes-trainin"), "next: headgate run diabetes-training")
    named = ("run", "diabetes-training", "--param")
    refused(cli.run(*named, "Treshold=1"), "did you mean 'Threshold'?", "--param Threshold=...")
    refused(cli.run(*named, "Threshold=high"), "'Threshold' is of type Float, and 'high' is not")


# --- data


def test_a_table_without_the_target_fails_with_its_columns_and_registers_nothing(cli: Cli) -> None:
    before = cli.json("models", "list")
    table = cli.folder / "data" / "diabetes.csv"
    with replaced(table, table.read_bytes().replace(b"progression", b"outcome", 1)):
        done = cli.run("run", "diabetes-training")
        failed(done, "no target column 'progression'", "the columns are age, sex", "headgate logs")
    with replaced(table, table.read_bytes().split(b"\n")[0] + b"\n"):
        failed(cli.run("run", "diabetes-training"), "diabetes.csv")
    assert cli.json("models", "list") == before


# --- the cloud and its folder


def test_a_taken_port_is_named_and_no_cloud_is_left_running(cli: Cli, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = cli.run("cloud", "up", "--port", str(port), HEADGATE_STATE_DIR=str(tmp_path))
    refused(done, f"port {port} cannot be used: address already in use", "--port")
    assert json.loads(cli.run("cloud", "status", "--output", "json", HEADGATE_STATE_DIR=str(tmp_path)).stdout) == {
        "running": False,
        "state_dir": str(tmp_path),
        "exists": True,
    }


def test_a_state_folder_of_a_newer_version_is_left_as_it_is(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "version").write_text('{"format": 99}')
    for command in (["runs", "list"], ["cloud", "up"], ["run", "diabetes-training"]):
        refused(cli.run(*command, HEADGATE_STATE_DIR=str(tmp_path)), "format 99", "newer Headgate", str(tmp_path))
    assert (tmp_path / "version").read_text() == '{"format": 99}'
    assert {path.name for path in tmp_path.iterdir()} == {"version"}


def test_a_state_folder_that_cannot_be_used_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for command in (["runs", "list"], ["cloud", "status"], ["cloud", "reset", "--yes"]):
        refused(cli.run(*command, HEADGATE_STATE_DIR=str(tmp_path / "file")), "state folder is a file", "STATE_DIR")
    failed(cli.run("runs", "list", HEADGATE_STATE_DIR="/proc/nowhere"), "state folder cannot be used", "/proc/nowhere")
    assert (tmp_path / "file").read_text() == "mine"


def test_racing_starters_of_one_folder_get_one_daemon(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADGATE_STATE_DIR", str(tmp_path))
    racers = [cli.start("cloud", "up", "--output", "json") for _ in range(3)]
    try:
        answers = [json.loads(racer.communicate(timeout=60)[0]) for racer in racers]
        assert len({(answer["pid"], answer["url"]) for answer in answers}) == 1
    finally:
        cli.run("cloud", "down")


def test_a_daemon_killed_half_way_is_said_and_the_execution_is_retried_to_its_end(
    cli: Cli, started: subprocess.Popen[str]
) -> None:
    os.kill(cli.json("cloud", "status")["pid"], signal.SIGKILL)
    _, said = started.communicate(timeout=60)
    run = cli.json("runs", "list", "waiting")[0]
    assert started.returncode == 1
    assert f"execution {run['id']} cannot be followed to its end" in said
    assert f"headgate runs retry {run['id']}" in said
    shown = cli.json("runs", "show", run["id"])
    assert shown["status"] == "Failed"
    assert "the local cloud stopped while the execution was running" in shown["reason"]
    with bucket(cli, "go-on"):
        assert cli.json("runs", "retry", run["id"])["status"] == "Succeeded"


def test_a_reset_ends_a_running_execution_and_says_so_to_who_follows_it(
    cli: Cli, started: subprocess.Popen[str]
) -> None:
    refused(cli.run("cloud", "reset"), "reset deletes", "headgate cloud reset --yes")
    cli.ok("cloud", "reset", "--yes")
    assert cli.json("cloud", "status")["running"] is False
    said = "".join(started.communicate(timeout=60))
    assert started.returncode == 1
    assert "local cloud" in said
    assert "Traceback" not in said
    assert cli.json("runs", "list") == []


# --- output and interruption


def test_a_reader_that_goes_away_is_no_error(cli: Cli) -> None:
    listing = cli.start("runs", "list")
    assert listing.stdout is not None
    listing.stdout.close()
    assert listing.stderr is not None
    said = listing.stderr.read()
    listing.stderr.close()
    assert listing.wait(timeout=60) == 1
    assert said == ""


def test_a_full_disk_under_the_output_is_said_in_one_line(cli: Cli) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [HEADGATE, "validate"], cwd=cli.folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.strip() == "error: nothing more can be written: no space left on device"


@pytest.mark.parametrize("pieces", [1, 20])
def test_an_interrupted_new_leaves_nothing(cli: Cli, tmp_path: Path, pieces: int) -> None:
    """Ctrl-C once so many files and folders have been written."""
    making = cli.start("new", str(tmp_path / "wine"), "--yes")
    while making.poll() is None and sum(1 for _ in tmp_path.rglob("*")) < pieces:
        time.sleep(0.002)
    os.killpg(making.pid, signal.SIGINT)
    making.communicate(timeout=60)
    left = [path.name for path in tmp_path.iterdir()]
    assert (making.returncode, left) in [(130, []), (0, ["wine"])]
