"""Condition steps: branches, skipping, property files."""

from __future__ import annotations

import pytest

from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import World, compare, condition, get, processing

REPORT = {"Std:JsonGet": {"PropertyFile": get("Steps.Evaluate.PropertyFiles.Report"), "Path": "metrics.rmse.value"}}
PROPERTY_FILES = [{"PropertyFileName": "Report", "OutputName": "evaluation", "FilePath": "evaluation.json"}]


def evaluate() -> Json:
    return processing("Evaluate", outputs=["evaluation"], PropertyFiles=PROPERTY_FILES)


def check(**more: object) -> Json:
    conditions = [compare("LessThanOrEqualTo", REPORT, get("Parameters.Most"))]
    return condition(
        "Check", conditions, [processing("Register")], [{"Name": "Weak", "Type": "Fail", "Arguments": {}}], **more
    )


MOST = [{"Name": "Most", "Type": "Float", "DefaultValue": 6.0}]


@pytest.mark.parametrize(
    ("value", "status", "taken"), [(5.5, "Succeeded", "Register"), (6, "Succeeded", "Register"), (7, "Failed", "Weak")]
)
def test_a_metric_in_a_property_file_decides(world: World, value: float, status: str, taken: str) -> None:
    world.put("s3://data/Evaluate/evaluation/evaluation.json", {"metrics": {"rmse": {"value": value}}})
    after = processing("AfterRegister", DependsOn=["Register"])
    described = world.run([evaluate(), check(), after], parameters=MOST)
    assert described["PipelineExecutionStatus"] == status
    steps = world.steps(described["PipelineExecutionArn"])
    expected = ["Evaluate", "Check", taken] + (["AfterRegister"] if taken == "Register" else [])
    assert list(steps) == expected
    outcome = "True" if taken == "Register" else "False"
    assert steps["Check"]["Metadata"] == {"Condition": {"Outcome": outcome}}


def test_a_missing_property_file_fails_the_condition_and_names_the_file(world: World) -> None:
    world.put("s3://data/other", b"")
    reason = world.run([evaluate(), check()], parameters=MOST)["FailureReason"]
    assert "Check: ClientError: cannot read s3://data/Evaluate/evaluation/evaluation.json" in reason


def test_a_missing_path_names_file_and_path(world: World) -> None:
    world.put("s3://data/Evaluate/evaluation/evaluation.json", {"metrics": {"mse": 4}})
    reason = world.run([evaluate(), check()], parameters=MOST)["FailureReason"]
    assert "found nothing at path 'metrics.rmse.value' in property file 'Report' of step 'Evaluate'" in reason


def test_an_output_that_the_step_does_not_have_is_named(world: World) -> None:
    body = processing("Evaluate", outputs=["other"], PropertyFiles=PROPERTY_FILES)
    reason = world.run([body, check()], parameters=MOST)["FailureReason"]
    assert "step 'Evaluate' has no output 'evaluation'" in reason


def test_conditions_nest_and_untaken_ones_are_never_evaluated(world: World) -> None:
    yes, no = compare("Equals", 1, 1), compare("Equals", 1, 2)
    inner = condition("Inner", [yes], [processing("Deep")], [processing("NotDeep")])
    untaken = condition("Untaken", [compare("Equals", "x", 1)], [processing("Never")], [])
    outer = condition("Outer", [{"Type": "Not", "Condition": no}], [inner], [untaken])
    described = world.run([outer, processing("Beside"), processing("Later", DependsOn=["Outer"])])
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert set(world.statuses(described["PipelineExecutionArn"])) == {"Outer", "Inner", "Deep", "Beside", "Later"}


def test_values_that_cannot_be_compared_fail_the_condition(world: World) -> None:
    reason = world.run([condition("Check", [compare("LessThan", "a", 1)], [], [])])["FailureReason"]
    assert "Check: ClientError: LessThan cannot compare 'a' with 1" in reason


def test_the_outcome_can_be_referred_to(world: World) -> None:
    use = processing("Use", arguments={"Environment": {"outcome": get("Steps.Check.Outcome")}})
    world.run([condition("Check", [], [], []), use])
    assert world.jobs.jobs[0].request["Environment"] == {"outcome": "True"}
