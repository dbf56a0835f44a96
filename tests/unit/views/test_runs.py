"""The picture of an execution."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from headgate.actions.execute import follow
from headgate.errors import FailedError
from headgate.views.runs import RunView, StepView, read_run, step_view

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:pipeline/training/execution/abcdefghijkl"
TRAINING_JOB = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/pipelines-abc-Train-xyz"
PACKAGE = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/diabetes/3"


class Execution:
    """A SageMaker client that tells one execution's story, a status at a time; each page holds one step."""

    def __init__(self, statuses: list[str], steps: list[dict[str, object]]) -> None:
        self.statuses = statuses
        self.steps = steps

    def describe_pipeline_execution(self, PipelineExecutionArn: str) -> dict[str, object]:  # noqa: N803
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        return {"PipelineExecutionStatus": status, "CreationTime": moment, "LastModifiedTime": moment}

    def list_pipeline_parameters_for_execution(self, **_: object) -> dict[str, object]:
        return {"PipelineParameters": [{"Name": "Threshold", "Value": "60"}]}

    def list_pipeline_execution_steps(self, NextToken: str = "0", **_: object) -> dict[str, object]:  # noqa: N803
        index = int(NextToken)
        more = {"NextToken": str(index + 1)} if index + 1 < len(self.steps) else {}
        return {"PipelineExecutionSteps": self.steps[index : index + 1], **more}


def test_all_pages_of_steps_are_read_and_the_version_is_found() -> None:
    steps: list[dict[str, object]] = [
        {"StepName": "Train", "StepStatus": "Succeeded", "Metadata": {"TrainingJob": {"Arn": TRAINING_JOB}}},
        {"StepName": "Register", "StepStatus": "Succeeded", "Metadata": {"RegisterModel": {"Arn": PACKAGE}}},
    ]
    run = read_run(Execution(["Succeeded"], steps), ARN)
    assert [step.name for step in run.steps] == ["Train", "Register"]
    assert run.model_package_arn == PACKAGE
    assert run.parameters == {"Threshold": "60"}
    assert (run.id, run.pipeline) == ("abcdefghijkl", "training")


def test_only_steps_with_a_job_have_a_job_name() -> None:
    assert StepView("Train", "TrainingJob", "Executing", arn=TRAINING_JOB).job_name == "pipelines-abc-Train-xyz"
    assert StepView("Register", "RegisterModel", "Succeeded", arn=PACKAGE).job_name is None
    assert StepView("Check", "Condition", "Succeeded").job_name is None


def test_a_step_served_from_the_cache_says_so() -> None:
    step = step_view(
        {"StepName": "A", "StepStatus": "Succeeded", "CacheHitResult": {"SourcePipelineExecutionArn": ARN}}
    )
    assert step.cached


def test_the_fail_step_gives_its_message_as_the_reason() -> None:
    step = step_view({"StepName": "F", "StepStatus": "Failed", "Metadata": {"Fail": {"ErrorMessage": "too weak"}}})
    assert step.reason == "too weak"


def test_following_yields_each_change_once_and_stops_at_the_end() -> None:
    waits: list[float] = []
    client = Execution(["Executing", "Executing", "Executing", "Succeeded"], [])
    views = list(follow(client, ARN, wait=waits.append))
    assert [view.status for view in views] == ["Executing", "Succeeded"]
    assert len(waits) == 3


def test_a_cloud_that_goes_away_meanwhile_leaves_the_executions_name() -> None:
    client = Execution(["Executing"], [])
    views = follow(client, ARN, wait=lambda _: None)
    assert next(views).status == "Executing"

    def gone(**_: object) -> dict[str, object]:
        raise FailedError("the local cloud does not answer", next_command="headgate cloud status")

    client.describe_pipeline_execution = gone  # type: ignore[method-assign]
    with pytest.raises(FailedError, match="execution abcdefghijkl cannot be followed any further: the local") as caught:
        next(views)
    assert caught.value.next_command == "headgate runs show abcdefghijkl"


def test_seconds_need_both_ends() -> None:
    assert StepView("A", "", "Executing", started=1.0).seconds is None
    assert StepView("A", "", "Succeeded", started=1.0, ended=3.5).seconds == 2.5
    assert RunView(ARN, "training", "Stopped", 0.0, 1.0).is_ended
