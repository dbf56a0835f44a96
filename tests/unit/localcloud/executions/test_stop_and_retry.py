"""StopPipelineExecution and RetryPipelineExecution, and what a dead daemon leaves."""

from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from unit.localcloud.executions.fakes import World, get, processing


def stop(world: World, arn: str) -> None:
    world.call("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=world.token())


def retry(world: World, arn: str, token: str | None = None) -> None:
    world.call("RetryPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=token or world.token())


def test_stopping_stops_running_jobs_and_starts_no_more(world: World) -> None:
    world.jobs.held = {"-Long-"}
    world.create_pipeline([processing("Long"), processing("Next", DependsOn=["Long"])])
    arn = world.start()
    job = world.jobs.await_step("Long")
    stop(world, arn)
    assert world.describe(arn)["PipelineExecutionStatus"] in ("Stopping", "Stopped")
    described = world.finish(arn)
    assert described["PipelineExecutionStatus"] == "Stopped"
    assert "FailureReason" not in described
    assert job.stopped
    assert world.statuses(arn) == {"Long": "Stopped"}


def test_stopping_twice_is_once_and_an_ended_execution_cannot_be_stopped(world: World) -> None:
    world.jobs.held = {"-Long-"}
    world.create_pipeline([processing("Long")])
    arn = world.start()
    world.jobs.await_step("Long")
    stop(world, arn)
    if world.describe(arn)["PipelineExecutionStatus"] == "Stopping":
        stop(world, arn)
    world.finish(arn)
    with pytest.raises(AwsError, match=r"ConflictException.*is Stopped and cannot be stopped"):
        stop(world, arn)


def test_stopping_gives_up_pending_retries(world: World) -> None:
    policy = {"ExceptionType": ["SageMaker.RESOURCE_LIMIT"], "IntervalSeconds": 10**6, "MaxAttempts": 20}
    world.jobs.held = {"-Long-"}
    world.jobs.refuse = lambda operation, request: (
        AwsError("ResourceLimitExceeded", "full") if "-Full-" in request["ProcessingJobName"] else None
    )
    world.create_pipeline([processing("Full", RetryPolicies=[policy]), processing("Long")])
    arn = world.start()
    world.jobs.await_step("Long")
    stop(world, arn)
    assert world.finish(arn)["PipelineExecutionStatus"] == "Stopped"


def test_a_retry_goes_on_and_repeats_nothing_that_succeeded(world: World) -> None:
    broken = True
    world.jobs.behave = lambda job: job.end(
        "Failed" if broken and "-B-" in job.name else "Completed", "AlgorithmError: x"
    )
    use = processing("C", arguments={"Environment": {"a": get("Steps.A.ProcessingJobName")}}, DependsOn=["B"])
    world.create_pipeline([processing("A"), processing("B", DependsOn=["A"]), use])
    arn = world.start()
    assert world.finish(arn)["PipelineExecutionStatus"] == "Failed"
    broken = False
    token = world.token()
    retry(world, arn, token)
    described = world.finish(arn)
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert "FailureReason" not in described
    assert [len(world.jobs.of_step(step)) for step in "ABC"] == [1, 2, 1]
    assert world.jobs.of_step("C")[0].request["Environment"] == {"a": world.jobs.of_step("A")[0].name}
    retry(world, arn, token)  # the same request again changes nothing
    assert world.describe(arn)["PipelineExecutionStatus"] == "Succeeded"


def test_only_what_has_failed_or_was_stopped_can_be_retried(world: World) -> None:
    arn = world.run([processing("A")])["PipelineExecutionArn"]
    with pytest.raises(AwsError, match=r"ConflictException.*is Succeeded and cannot be retried"):
        retry(world, arn)


def test_after_a_crash_the_execution_is_failed_with_the_reason_and_can_be_retried(world: World) -> None:
    world.jobs.held = {"-B-"}
    world.create_pipeline([processing("A"), processing("B", DependsOn=["A"]), processing("C", DependsOn=["B"])])
    arn = world.start()
    world.jobs.await_step("B")
    world.crash()
    described = world.describe(arn)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert "the local cloud stopped while the execution was running" in described["FailureReason"]
    assert world.statuses(arn) == {"A": "Succeeded", "B": "Failed"}
    assert "the local cloud stopped while this step" in world.steps(arn)["B"]["FailureReason"]
    world.jobs.held = set()
    retry(world, arn)
    assert world.finish(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert [len(world.jobs.of_step(step)) for step in "ABC"] == [1, 2, 1]


def test_closing_ends_running_executions_in_the_same_way(world: World) -> None:
    world.jobs.held = {"-A-"}
    world.create_pipeline([processing("A")])
    arn = world.start()
    world.jobs.await_step("A")
    world.service.close()
    assert world.describe(arn)["PipelineExecutionStatus"] == "Failed"


def test_a_crash_while_stopping_leaves_it_stopped(world: World) -> None:
    world.jobs.held = {"-A-"}
    world.create_pipeline([processing("A")])
    arn = world.start()
    world.jobs.await_step("A")
    world.documents.update(world.key(arn), lambda body: body | {"PipelineExecutionStatus": "Stopping"})
    world.crash()
    assert world.describe(arn)["PipelineExecutionStatus"] == "Stopped"
    assert world.statuses(arn) == {"A": "Stopped"}
