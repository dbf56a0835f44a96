from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import World, compare, condition, get, processing


def use(name: str, *before: str, **more: Any) -> Json:
    environment = {step: get(f"Steps.{step}.ProcessingJobName") for step in before}
    return processing(name, arguments={"Environment": environment}, **more)


@pytest.fixture
def source(world: World) -> str:
    """An execution of A -> B -> C -> D that has succeeded."""
    world.create_pipeline([use("A"), use("B", "A"), use("C", "B"), use("D", "C")])
    arn = world.start()
    world.finish(arn)
    return arn


def select(world: World, *steps: str, source: str | None = None) -> str:
    config: Json = {"SelectedSteps": [{"StepName": step} for step in steps]}
    if source:
        config["SourcePipelineExecutionArn"] = source
    return world.start(SelectiveExecutionConfig=config)


def test_chosen_steps_run_and_take_the_rest_from_the_source(world: World, source: str) -> None:
    arn = select(world, "B", "C", source=source)
    described = world.finish(arn)
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert described["SelectiveExecutionConfig"]["SourcePipelineExecutionArn"] == source
    steps = world.steps(arn)
    assert set(steps) == {"A", "B", "C"}
    assert steps["A"]["SelectiveExecutionResult"] == {"SourcePipelineExecutionArn": source}
    assert "SelectiveExecutionResult" not in steps["B"]
    assert [len(world.jobs.of_step(step)) for step in "ABCD"] == [1, 2, 2, 1]
    assert world.jobs.of_step("B")[1].request["Environment"] == {"A": world.jobs.of_step("A")[0].name}


def test_first_steps_need_no_source(world: World, source: str) -> None:
    assert set(world.steps(world.finish(select(world, "A"))["PipelineExecutionArn"])) == {"A"}


def test_a_failed_selective_execution_can_be_retried(world: World, source: str) -> None:
    world.jobs.behave = lambda job: job.end("Failed", "AlgorithmError: x")
    arn = select(world, "D", source=source)
    assert world.finish(arn)["PipelineExecutionStatus"] == "Failed"
    world.jobs.behave = lambda job: job.end()
    world.call("RetryPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=world.token())
    assert world.finish(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert set(world.steps(arn)) == {"C", "D"}


@pytest.mark.parametrize(
    ("steps", "given", "told"),
    [
        (("X",), True, "has no step X; it has: A, B, C, D"),
        (("A", "C"), True, "step 'B' lies between [A] and [C]"),
        (("B",), False, "Invalid SourcePipelineExecutionArn: null. The selected steps [B] have dependencies on [A]"),
    ],
)
def test_what_cannot_be_selected_is_refused(
    world: World, source: str, steps: tuple[str, ...], given: bool, told: str
) -> None:
    with pytest.raises(AwsError, match="ValidationException") as caught:
        select(world, *steps, source=source if given else None)
    assert told in caught.value.message


def test_the_source_has_to_be_an_execution_of_this_pipeline(world: World, source: str) -> None:
    world.create_pipeline([use("A"), use("B", "A")], name="other")
    other = world.start("other")
    world.finish(other)
    with pytest.raises(AwsError, match="is not an execution of pipeline 'flow'"):
        select(world, "B", source=other)


def test_the_source_has_to_have_ended(world: World, source: str) -> None:
    world.jobs.held = {"-A-"}
    running = world.start()
    world.jobs.await_step("A", 2)
    with pytest.raises(AwsError, match="is Executing; it has to be Succeeded or Failed"):
        select(world, "B", source=running)


def test_a_step_that_did_not_succeed_in_the_source_cannot_be_reused(world: World) -> None:
    world.jobs.behave = lambda job: job.end("Failed", "AlgorithmError: x")
    world.create_pipeline([use("A"), use("B", "A")])
    failed = world.start()
    world.finish(failed)
    with pytest.raises(AwsError, match=r"depend on \[A\], which did not succeed"):
        select(world, "B", source=failed)


def test_a_step_of_a_branch_may_be_run_without_its_condition_but_not_the_condition_without_it(world: World) -> None:
    check = condition("Check", [compare("Equals", 1, 2)], [use("Then")], [use("Else")])
    world.create_pipeline([check])
    arn = select(world, "Then")
    assert world.finish(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert set(world.steps(arn)) == {"Then"}
    with pytest.raises(AwsError, match="'Check' is selected, so its step 'Else' has to be, too"):
        select(world, "Check", "Then")
