"""Recorders: what they are told, what they answer, and what happens when they fail."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest

from headgate.actions.record import ExecutionRecord, Recording, Recordings, attach, gather
from headgate.errors import FailedError
from headgate.plugins.contributions import RecorderSpec
from headgate.views.runs import RunView, StepView

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/training/execution/abcdefghijkl"
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/diabetes/3"
JOBS = "arn:aws:sagemaker:eu-west-1:123456789012"


class SageMaker:
    """Describes one training job, one tuning job whose best is that job, and one version."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.updated: dict[str, Any] = {}

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        return self.job | {"TrainingJobName": TrainingJobName}

    def describe_hyper_parameter_tuning_job(self, **_: str) -> dict[str, Any]:
        return {"BestTrainingJob": {"TrainingJobName": "best"}}

    def describe_processing_job(self, ProcessingJobName: str) -> dict[str, Any]:  # noqa: N803
        output = {"OutputName": "evaluation", "S3Output": {"S3Uri": f"s3://b/{ProcessingJobName}/"}}
        return {"ProcessingOutputConfig": {"Outputs": [{"OutputName": "train"}, output]}}

    def describe_model_package(self, **_: str) -> dict[str, Any]:
        return {
            "CustomerMetadataProperties": {"git_commit": "c1"},
            "ModelMetrics": {"ModelQuality": {"Statistics": {"S3Uri": "s3://b/evaluation.json"}}},
        }

    def update_model_package(self, **request: Any) -> None:
        self.updated = request


class S3:
    class exceptions:  # noqa: N801 - as boto3 has it
        class NoSuchKey(Exception): ...  # noqa: N818

    def get_object(self, Key: str, **_: str) -> dict[str, Any]:  # noqa: N803
        if Key.startswith("nothing"):
            raise self.exceptions.NoSuchKey
        return {"Body": io.BytesIO(b'{"regression_metrics": {"rmse": {"value": 2.5}}}')}


class Session:
    def __init__(self, job: dict[str, Any]) -> None:
        self.clients: dict[str, Any] = {"sagemaker": SageMaker(job), "s3": S3()}
        self.registry = self

    def client(self, name: str) -> Any:
        return self.clients[name]


TRAINED = {
    "HyperParameters": {"eta": "0.1", "sagemaker_program": "train.py"},
    "FinalMetricDataList": [{"MetricName": "validation:rmse", "Value": 3.0}],
    "ModelArtifacts": {"S3ModelArtifacts": "s3://b/model.tar.gz"},
}


def run(*steps: StepView, status: str = "Succeeded") -> RunView:
    return RunView(ARN, "training", status, 1.0, 2.0, parameters={"Seed": "1"}, steps=steps)


def training(kind: str = "TrainingJob", job: str = "training-job/t") -> StepView:
    return StepView("Train", kind, "Succeeded", arn=f"{JOBS}:{job}")


def test_a_record_has_what_the_job_and_the_version_say() -> None:
    register = StepView("Register", "RegisterModel", "Succeeded", arn=PACKAGE)
    record = gather(Session(TRAINED), "p", run(training(), register))
    assert record.metrics == {"validation:rmse": 3.0, "rmse": 2.5}
    assert record.hyperparameters == {"eta": "0.1"}, "what SageMaker adds for itself is left out"
    assert record.artifacts == {"model": "s3://b/model.tar.gz", "evaluation": "s3://b/evaluation.json"}
    assert record.properties == {"git_commit": "c1"}
    assert record.model_package_arn == PACKAGE


def test_a_tuning_step_is_recorded_by_its_best_job() -> None:
    record = gather(Session(TRAINED), "p", run(training("TuningJob", "hyper-parameter-tuning-job/t")))
    assert record.metrics == {"validation:rmse": 3.0}


def test_a_model_that_was_turned_down_is_recorded_with_what_it_measured() -> None:
    evaluate = StepView("Evaluate", "ProcessingJob", "Succeeded", arn=f"{JOBS}:processing-job/e")
    record = gather(Session(TRAINED), "p", run(training(), evaluate, status="Failed"))
    assert record.metrics == {"validation:rmse": 3.0, "rmse": 2.5}
    assert record.artifacts["evaluation"] == "s3://b/e/evaluation.json"
    assert record.model_package_arn is None


def test_a_processing_job_that_measured_nothing_adds_nothing() -> None:
    prepare = StepView("Prepare", "ProcessingJob", "Succeeded", arn=f"{JOBS}:processing-job/nothing")
    assert gather(Session(TRAINED), "p", run(prepare)).metrics == {}


def test_a_failed_training_job_has_no_model_to_record() -> None:
    record = gather(Session({"ModelArtifacts": {}}), "p", run(training(), status="Failed"))
    assert record.artifacts == {}
    assert record.status == "Failed"


def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Recording:
    (tmp_path / "my_recorder.py").write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Recording(RecorderSpec("mine", "my_recorder", {"where": "here"}), os.environ)


def record() -> ExecutionRecord:
    return gather(Session(TRAINED), "p", run(training()))


def test_a_recorder_reads_record_and_config_and_answers_properties(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering = recorder(
        tmp_path,
        monkeypatch,
        "import json, sys\n"
        "given = json.load(sys.stdin)\n"
        "print('some chatter')\n"
        "print(json.dumps({'properties': {'id': given['config']['where'] + given['record']['execution_arn'][-3:]}}))\n",
    )
    session = Session(TRAINED)
    register = StepView("Register", "RegisterModel", "Succeeded", arn=PACKAGE)
    properties = Recordings("p", session, (answering,), tmp_path / "lock").finish(run(training(), register))  # type: ignore[arg-type]
    assert properties == {"id": "herejkl"}
    assert session.client("sagemaker").updated == {
        "ModelPackageArn": PACKAGE,
        "CustomerMetadataProperties": {"id": "herejkl"},
    }


def test_a_recorder_that_fails_is_named_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = recorder(tmp_path, monkeypatch, "import sys\nsys.stdin.read()\nsys.exit('no such server')\n")
    with pytest.raises(FailedError, match="recorder 'mine' failed") as raised:
        failing.finish(record())
    assert raised.value.details == ("no such server",)
    assert raised.value.next_command == "headgate runs record abcdefghijkl"


def test_a_recorder_that_dies_before_it_reads_is_a_failure_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dead = recorder(tmp_path, monkeypatch, "raise ImportError('no module')\n")
    with pytest.raises(FailedError, match="not recorded"):
        dead.finish(record())


def test_an_abandoned_recorder_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = recorder(tmp_path, monkeypatch, "import sys\nsys.stdin.read()\n")
    waiting.abandon()
    assert waiting._process.returncode is not None
    waiting.abandon()


def test_attaching_leaves_the_approval_alone() -> None:
    session = Session(TRAINED)
    attach(session, PACKAGE, {"a": "b, c"})  # type: ignore[arg-type]
    assert session.client("sagemaker").updated["CustomerMetadataProperties"] == {"a": "b@2C c"}
    assert "ModelApprovalStatus" not in json.dumps(session.client("sagemaker").updated)


@pytest.mark.parametrize(
    "answer", ["", "no json", "[]", "{}", '{"properties": {"id": 1}}', '{"properties": []}'], ids=repr
)
def test_an_answer_that_is_none_is_the_recorders_failure(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answering = recorder(tmp_path, monkeypatch, f"import sys; sys.stdin.read(); print({answer!r})")
    with pytest.raises(FailedError, match="recorder 'mine' did not answer"):
        answering.finish(record())


def test_one_recorder_that_fails_keeps_no_other_from_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = recorder(tmp_path, monkeypatch, 'import sys; sys.stdin.read(); print(\'{"properties": {"id": "7"}}\')')
    bad = Recording(RecorderSpec("bad", "no.such.module"), os.environ)
    session = Session(TRAINED)
    register = StepView("Register", "RegisterModel", "Succeeded", arn=PACKAGE)
    with pytest.raises(FailedError, match="recorder 'bad' failed"):
        Recordings("p", session, (bad, good), tmp_path / "lock").finish(run(register))  # type: ignore[arg-type]
    assert session.client("sagemaker").updated["CustomerMetadataProperties"] == {"id": "7"}


def test_only_one_records_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detached run records itself while somebody types `runs record`: both would find nothing, and both write."""
    asking = recorder(
        tmp_path,
        monkeypatch,
        "import fcntl, json, sys\n"
        "sys.stdin.read()\n"
        "try:\n"
        f"    fcntl.flock(open({str(tmp_path / 'lock')!r}), fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
        "    found = 'free'\n"
        "except BlockingIOError:\n"
        "    found = 'held'\n"
        "print(json.dumps({'properties': {'lock': found}}))\n",
    )
    recordings = Recordings("p", Session(TRAINED), (asking,), tmp_path / "lock")  # type: ignore[arg-type]
    assert recordings.finish(run(training())) == {"lock": "held"}
