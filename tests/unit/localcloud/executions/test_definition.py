from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions.definition import parse
from headgate.localcloud.executions.model import Branch, Need, RetryPolicy
from unit.localcloud.executions.fakes import compare, condition, definition, get, processing


def refused(text: str) -> AwsError:
    with pytest.raises(AwsError) as caught:
        parse(text)
    return caught.value


def test_needs_come_from_references_and_depends_on() -> None:
    steps = parse(
        definition(
            [
                processing("A"),
                processing("B", DependsOn=["A"]),
                processing(
                    "C",
                    DependsOn=[{"Step": "A", "Trigger": "Failed"}],
                    arguments={"Environment": {"x": get("Steps.B.Arn")}},
                ),
            ]
        )
    ).steps
    assert steps["B"].needs == (Need("A"),)
    assert steps["C"].needs == (Need("B"), Need("A", "Failed"))


def test_a_condition_needs_what_its_conditions_need_not_what_its_branches_do() -> None:
    inner = processing("Inner", arguments={"Environment": {"x": get("Steps.Other.Arn")}})
    check = condition("Check", [compare("Equals", get("Steps.First.Arn"), "x")], [inner], [])
    steps = parse(definition([processing("First"), processing("Other"), check])).steps
    assert steps["Check"].needs == (Need("First"),)
    assert steps["Inner"].branch == Branch("Check", outcome=True)
    assert steps["Inner"].needs == (Need("Other"),)


def test_a_lambda_may_take_its_function_from_a_step() -> None:
    body = {"Name": "L", "Type": "Lambda", "FunctionArn": get("Steps.A.Arn"), "Arguments": {}}
    assert parse(definition([processing("A"), body])).steps["L"].needs == (Need("A"),)


def test_cache_and_retries_are_read() -> None:
    policies = [
        {"ExceptionType": ["Step.THROTTLING"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 4},
        {"ExceptionType": ["Step.SERVICE_FAULT"], "ExpireAfterMin": 5},
    ]
    body = processing("A", CacheConfig={"Enabled": True, "ExpireAfter": "PT1H"}, RetryPolicies=policies)
    step = parse(definition([body])).steps["A"]
    assert step.cache_seconds == 3600
    assert step.retries == (
        RetryPolicy(("Step.THROTTLING",), 2, 3, 4),
        RetryPolicy(("Step.SERVICE_FAULT",), 1, 2, None, 300),
    )


@pytest.mark.parametrize(
    ("config", "expected"), [({"Enabled": False, "ExpireAfter": "PT1H"}, None), ({"Enabled": True}, float("inf"))]
)
def test_cache_may_be_off_or_without_end(config: dict[str, Any], expected: float | None) -> None:
    assert parse(definition([processing("A", CacheConfig=config)])).steps["A"].cache_seconds == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "it is not JSON"),
        ("[]", "has to be a JSON object"),
        (json.dumps({"Version": "2021-01-01", "Steps": []}), "Version has to be '2020-12-01', not '2021-01-01'"),
        (json.dumps({"Version": "2020-12-01", "Steps": "x"}), "Steps has to be a list of objects"),
        (json.dumps({"Version": "2020-12-01", "Steps": []}), "Steps is empty"),
        (definition([processing("a b")]), "'a b' is no step name"),
        (definition([{"Type": "Fail"}]), "None is no step name"),
        (definition([{"Name": "A", "Type": "Train"}]), "step 'A': unknown step type 'Train'; known are Processing"),
        (
            definition([{"Name": "A", "Type": "Fail", "Arguments": []}, {"Name": "A", "Type": "Fail"}]),
            "unique, and 'A'",
        ),
        (definition([{"Name": "A", "Type": "Fail", "Arguments": [1]}]), "Arguments has to be an object"),
        (
            definition([processing("A", DependsOn=["B"])]),
            "step 'A' depends on step 'B', which does not exist; known: A",
        ),
        (definition([processing("A", DependsOn=["A"])]), "step 'A' depends on itself"),
        (definition([processing("A", DependsOn="B")]), "DependsOn has to be a list"),
        (
            definition([processing("A", DependsOn=[{"Step": "B", "Trigger": "Never"}])]),
            "a Trigger of Completed, Failed",
        ),
        (definition([processing("A", arguments={"RoleArn": get("Parameters.R")})]), "no such parameter; known: none"),
        (
            definition([processing("A", arguments={"RoleArn": get("Execution.R")})]),
            "execution variables are StartDateTime",
        ),
        (definition([processing("A", arguments={"RoleArn": get("R")})]), "'R' is no reference"),
        (definition([processing("A", PropertyFiles=[{"OutputName": "x"}])]), "lacks PropertyFileName, FilePath"),
        (definition([processing("A", CacheConfig={"Enabled": True, "ExpireAfter": "soon"})]), "'soon' is not an ISO"),
        (definition([processing("A", RetryPolicies=[{}])]), "needs ExceptionType"),
        (
            definition([processing("A", RetryPolicies=[{"ExceptionType": ["x"], "MaxAttempts": -1}])]),
            "MaxAttempts has to be a number that is not negative",
        ),
        (definition([condition("A", [{"Type": "Like"}], [], [])]), "step 'A': unknown condition type 'Like'"),
        (definition([processing("A")], [{"Name": "P", "Type": "Text"}]), "parameter 'P': unknown Type 'Text'"),
        (definition([processing("A")], [{"Type": "String"}]), "a parameter has no Name"),
        (definition([processing("A")], [{"Name": "P", "Type": "String"}] * 2), "'P' is declared twice"),
    ],
)
def test_what_is_wrong_is_named(text: str, told: str) -> None:
    error = refused(text)
    assert error.code == "ValidationException"
    assert told in error.message


def test_a_circle_is_shown() -> None:
    steps = [processing("A", DependsOn=["C"]), processing("B", DependsOn=["A"]), processing("C", DependsOn=["B"])]
    assert "A -> C -> B -> A" in refused(definition([processing("Z"), *steps])).message


def test_a_condition_cannot_wait_for_its_own_branch() -> None:
    check = condition("Check", [compare("Equals", get("Steps.Inner.Arn"), 1)], [processing("Inner")], [])
    assert "in a circle" in refused(definition([check])).message


def test_a_property_file_has_to_be_declared() -> None:
    read = {"Std:JsonGet": {"PropertyFile": get("Steps.A.PropertyFiles.Report"), "Path": "x"}}
    check = condition("Check", [compare("Equals", read, 1)], [], [])
    assert "declares no such property file; known: none" in refused(definition([processing("A"), check])).message


@pytest.mark.parametrize("kind", ["QualityCheck", "ClarifyCheck", "AutoML", "EMR", "NotebookJob", "ForEach"])
def test_a_step_type_that_does_not_run_here_is_refused_by_name(kind: str) -> None:
    error = refused(definition([{"Name": "Special", "Type": kind, "Arguments": {}}]))
    assert error.status == 501
    assert f"step type {kind} (step 'Special')" in error.message
