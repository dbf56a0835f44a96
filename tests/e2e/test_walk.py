"""The first milestone as a data scientist walks it: scaffold, train, look, change, fail, stop, retry."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest

from headgate.views.models import INPUTS

if TYPE_CHECKING:
    from e2e.conftest import Cli

pytestmark = pytest.mark.slow


UNRECORDED = {"HEADGATE_SET__plugins__training__mlflow__enabled": "false"}


def versions(cli: Cli) -> list[dict[str, object]]:
    return [version for version in cli.json("models", "list") if version["group"] == "diabetes"]


def test_a_run_registers_a_version_with_metrics_lineage_and_mlflow(cli: Cli) -> None:
    run = cli.json("run")
    assert [step["status"] for step in run["steps"]] == ["Succeeded"] * 5
    shown = cli.json("models", "show", "diabetes")
    assert shown["arn"] == run["model_package_arn"]
    assert shown["approval"] == "PendingManualApproval"
    assert 30 < shown["metrics"]["rmse"] < 65
    missing = [
        name for name in (*INPUTS, "execution_arn", "data_uri", "mlflow_run_id") if not shown["lineage"].get(name)
    ]
    assert missing == []
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=cli.folder, capture_output=True, text=True, check=True)
    assert shown["lineage"]["git_commit"] == commit.stdout.strip()
    store = sqlite3.connect(cli.folder / ".headgate" / "mlflow.db")
    recorded = dict(
        store.execute("select key, value from metrics where run_uuid = ?", [shown["lineage"]["mlflow_run_id"]])
    )
    store.close()
    assert recorded["rmse"] == pytest.approx(shown["metrics"]["rmse"])


def test_the_same_inputs_give_the_same_model_bytes(cli: Cli) -> None:
    first = versions(cli)[0]
    cli.ok("run", "--set", "plugins.training.caching=never", **UNRECORDED)
    again = cli.json("models", "lineage", "diabetes")["reproduction"]
    assert again["differing_inputs"] == {}
    assert again["same_model"] is True
    assert versions(cli)[0]["model_data"] != first["model_data"], (
        "the second run trained again instead of using the cache"
    )


def test_another_seed_is_named_as_the_difference(cli: Cli) -> None:
    cli.ok("run", "--param", "Seed=7", "--param", "MinImprovement=-100", **UNRECORDED)
    assert set(cli.json("models", "lineage", "diabetes")["reproduction"]["differing_inputs"]) == {
        "seed",
        "hyperparameters",
    }


def test_a_model_below_the_threshold_is_not_registered_and_the_reason_names_both(cli: Cli) -> None:
    before = len(versions(cli))
    done = cli.run("run", "--param", "Threshold=1", **UNRECORDED)
    assert done.returncode == 1
    assert "rmse" in done.stdout
    assert "threshold" in done.stdout
    assert len(versions(cli)) == before


def test_logs_of_one_step_are_that_steps(cli: Cli) -> None:
    run = next(run for run in cli.json("runs", "list") if run["status"] == "Succeeded")
    lines = cli.ok("logs", run["id"], "--step", "Evaluate").splitlines()
    assert lines
    assert all(line.startswith("Evaluate/algo-1 ") for line in lines)


def test_an_unknown_parameter_starts_nothing(cli: Cli) -> None:
    before = len(cli.json("runs", "list"))
    done = cli.run("run", "--param", "Treshold=1")
    assert done.returncode == 2
    assert "Threshold" in done.stderr
    assert len(cli.json("runs", "list")) == before


def test_an_unknown_pipeline_or_model_is_the_users_mistake(cli: Cli) -> None:
    assert cli.run("run", "nosuch").returncode == 2
    assert cli.run("models", "show", "nosuch").returncode == 2
    assert cli.run("models", "show", "diabetes/999").returncode == 2
    assert cli.run("runs", "show", "nosuch").returncode == 2
    assert cli.run("logs", "--step", "Nosuch").returncode == 2


def test_a_step_that_exits_1_fails_the_run_with_its_message_and_a_mended_one_is_retried_from_there(cli: Cli) -> None:
    step = cli.folder / "algorithms" / "postprocessing" / "evaluate" / "__main__.py"
    code = step.read_text()
    step.write_text("import sys\nsys.exit('the evaluation broke on purpose')\n")
    try:
        done = cli.run("run", "--param", "Seed=11", **UNRECORDED)
        assert done.returncode == 1
        newest = cli.json("runs", "list")[0]
        assert newest["status"] == "Failed"
        assert "broke on purpose" in cli.ok("logs", newest["id"], "--step", "Evaluate")
        failed = cli.json("runs", "show", newest["id"])
        assert {step["name"]: step["status"] for step in failed["steps"]} == {
            "Preprocess": "Succeeded",
            "Train": "Succeeded",
            "Evaluate": "Failed",
        }
        retried = cli.run("runs", "retry", newest["id"], "--output", "json", **UNRECORDED)
        assert retried.returncode == 1, "the code of an execution is what it was started with"
        again = {step["name"]: step for step in cli.json("runs", "show", newest["id"])["steps"]}
        before = {step["name"]: step for step in failed["steps"]}
        assert again["Train"] == before["Train"], "a step that succeeded is kept"
        assert again["Evaluate"]["arn"] != before["Evaluate"]["arn"], "the failed one ran again"
    finally:
        step.write_text(code)


def test_interrupting_a_run_stops_the_execution(cli: Cli) -> None:
    step = cli.folder / "algorithms" / "preprocessing" / "preprocess" / "__main__.py"
    code = step.read_text()
    step.write_text("import time\nprint('waiting', flush=True)\ntime.sleep(600)\n")
    try:
        running = cli.start("run")
        assert running.stderr is not None
        for line in running.stderr:
            if "Preprocess: Executing" in line:
                break
        os.killpg(running.pid, signal.SIGINT)
        running.communicate(timeout=60)
        assert running.returncode == 130
        assert cli.json("runs", "list")[0]["status"] == "Stopped"
    finally:
        step.write_text(code)


def test_a_detached_run_can_be_shown_and_recorded(cli: Cli) -> None:
    started = cli.json("run", "--detach")
    recorded = cli.json("runs", "record", started["id"], "--wait")
    assert recorded["mlflow_run_id"]
    assert cli.json("runs", "show", started["id"])["status"] == "Succeeded"
    assert cli.json("runs", "record", started["id"]) == recorded, "recording twice leaves one record"
