"""States that cannot go on, and what their executions end with."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.states.failures import StateError
from headgate.localcloud.states.retrying import retrial
from unit.localcloud.states.world import START, World, task

LAST = {"End": True}
FAIL = {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "States.Format('{}!', $.c)"}
CHOICE = {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Z"}]}


@pytest.mark.parametrize(
    ("state", "given", "error", "cause"),
    [
        ({"Type": "Fail", "Error": "Bad", "Cause": "so it is"}, {}, "Bad", "so it is"),
        ({"Type": "Fail"}, {}, "", ""),
        (FAIL, {"e": "E", "c": "C"}, "E", "C!"),
        ({"Type": "Fail", "ErrorPath": "$.e"}, {"e": 1}, "States.Runtime", "must name a string"),
        ({"Type": "Pass", "InputPath": "$.none", **LAST}, {}, "States.Runtime", "entered at the event id #2"),
        ({"Type": "Pass", "Parameters": {"a.$": "$.none"}, **LAST}, {}, "States.ParameterPathFailure", "'$.none'"),
        ({"Type": "Pass", "ResultPath": "$.a.b", **LAST}, {"a": 1}, "States.ResultPathMatchFailure", "$.a.b"),
        ({"Type": "Pass", "OutputPath": "$.none", **LAST}, {}, "States.Runtime", "OutputPath"),
        ({"Type": "Wait", "SecondsPath": "$.s", **LAST}, {"s": "x"}, "States.Runtime", "integer value"),
        ({"Type": "Wait", "TimestampPath": "$.s", **LAST}, {"s": "tomorrow"}, "States.Runtime", "timestamp"),
        (CHOICE, {"a": 1}, "States.NoChoiceMatched", "No choice"),
        (task(TimeoutSecondsPath="$.t"), {"t": 0}, "States.Runtime", "positive integer"),
    ],
)  # fmt: skip
def test_a_state_that_cannot_go_on(world: World, state: Any, given: Any, error: str, cause: str) -> None:
    states = {"S": state, "Z": {"Type": "Succeed"}} if state is CHOICE else {"S": state}
    assert world.failure(states, given)[0] == error
    assert cause in world.call("DescribeExecution", executionArn=_only(world)).get("cause", "")


def _only(world: World) -> str:
    machine = world.call("ListStateMachines")["stateMachines"][0]["stateMachineArn"]
    return str(world.call("ListExecutions", stateMachineArn=machine)["executions"][0]["executionArn"])


@pytest.mark.parametrize(
    ("fields", "given", "message"),
    [
        ({"ItemsPath": "$.a"}, {"a": 1}, "must point to array"),
        ({"MaxConcurrencyPath": "$.m", "ItemsPath": "$.a"}, {"m": -1, "a": [1]}, "whole number"),
        ({"ItemSelector": {"x.$": "$.none"}, "ItemsPath": "$.a"}, {"a": [1]}, "could not be found"),
    ],
)
def test_a_map_that_cannot_begin(world: World, fields: Any, given: Any, message: str) -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    _, cause = world.failure({"Each": {"Type": "Map", "ItemProcessor": inner, "End": True, **fields}}, given)
    assert message in cause


def test_a_map_of_nothing_gives_nothing(world: World) -> None:
    inner = {"StartAt": "In", "States": {"In": {"Type": "Pass", "End": True}}}
    assert world.result({"Each": {"Type": "Map", "Iterator": inner, "End": True}}, []) == []


def test_maps_within_maps_know_their_own_items(world: World) -> None:
    show = {"Type": "Pass", "Parameters": {"v.$": "$$.Map.Item.Value"}, "OutputPath": "$.v", "End": True}
    inner = {"Type": "Map", "ItemProcessor": {"StartAt": "Show", "States": {"Show": show}}, "End": True}
    outer = {"Type": "Map", "ItemProcessor": {"StartAt": "Inner", "States": {"Inner": inner}}, "End": True}
    assert world.result({"Outer": outer}, [[1, 2], [3]]) == [[1, 2], [3]]


def test_a_failed_iteration_is_tried_again_with_the_whole_map(world: World) -> None:
    failures = [StateError("Boom", "once")]

    def once(call: Any) -> Any:
        if call.arguments == 2 and failures:
            raise failures.pop()
        return call.arguments

    world.calls.behave = once
    inner = {"StartAt": "Work", "States": {"Work": task()}}
    retry = [{"ErrorEquals": ["Boom"], "IntervalSeconds": 5}]
    execution = world.start({"Each": {"Type": "Map", "ItemProcessor": inner, "Retry": retry, "End": True}}, [1, 2])
    world.until(execution, "MapStateFailed")
    world.timeline.advance(5)
    assert json.loads(world.wait(execution)["output"]) == [1, 2]


def test_what_is_too_large_does_not_pass(world: World) -> None:
    world.calls.behave = lambda call: "x" * 300_000
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "S"}]
    error, _ = world.failure({"Work": task(Catch=catch, Next="S"), "S": {"Type": "Succeed"}})
    assert error == "States.DataLimitExceeded"


def test_a_catch_that_has_no_place_for_the_error_fails(world: World) -> None:
    def boom(call: Any) -> None:
        raise StateError("Boom", "no luck")

    world.calls.behave = boom
    states = {
        "Work": task(Catch=[{"ErrorEquals": ["Boom"], "ResultPath": "$.a.b", "Next": "S"}], Next="S"),
        "S": {"Type": "Succeed"},
    }
    assert world.failure(states, {"a": 1})[0] == "States.ResultPathMatchFailure"


def test_a_wait_until_a_timestamp(world: World) -> None:
    execution = world.start({"W": {"Type": "Wait", "TimestampPath": "$.t", "End": True}}, {"t": "2023-11-14T22:14:20Z"})
    world.timeline.advance(59)
    assert world.status(execution) == "RUNNING"
    world.timeline.advance(1)
    assert world.wait(execution)["stopDate"] == START + 60


def test_a_wait_for_a_moment_that_has_passed_is_over(world: World) -> None:
    state = {"Type": "Wait", "Timestamp": "2020-01-01T00:00:00Z", "End": True}
    assert world.result({"W": state}, {"a": 1}) == {"a": 1}


RULE = {"ErrorEquals": ["Boom"], "IntervalSeconds": 2, "BackoffRate": 3.0, "MaxAttempts": 9, "MaxDelaySeconds": 10}


@pytest.mark.parametrize(
    ("rule", "made", "fraction", "delay"),
    [
        (RULE, 0, 0.5, 2.0),
        (RULE, 1, 0.5, 6.0),
        (RULE, 2, 0.5, 10.0),
        ({**RULE, "JitterStrategy": "FULL"}, 1, 0.25, 1.5),
        ({"ErrorEquals": ["States.ALL"]}, 2, 0.5, 4.0),
        ({**RULE, "MaxAttempts": 99_999, "MaxDelaySeconds": 50, "BackoffRate": 10.0}, 5000, 0.5, 50.0),
    ],
)
def test_how_long_a_retry_waits(rule: Any, made: int, fraction: float, delay: float) -> None:
    found = retrial([rule], (made,), "Boom", fraction)
    assert found is not None
    assert (found.delay, found.retries) == (delay, (made + 1,))


def test_only_the_first_rule_that_names_the_error_counts() -> None:
    rules = [{"ErrorEquals": ["Boom"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"]}]
    assert retrial(rules, (), "Boom", 0.5) is None
    other = retrial(rules, (), "Bang", 0.5)
    assert other is not None
    assert other.retries == (0, 1)
