from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.states.calls import Done, Started
from headgate.localcloud.states.failures import StateError
from unit.localcloud.states.world import INVOKE, ROLE, SEND, START, World, task

DONE = {"Type": "Succeed"}


def test_data_flows_through_paths_parameters_and_results(world: World) -> None:
    world.calls.behave = lambda call: {"answer": call.arguments["number"] + 1, "noise": True}
    states = {
        "Shape": {
            "Type": "Pass",
            "Parameters": {"number.$": "$.a.b", "who.$": "$$.Execution.Name", "all.$": "States.Array($.a.b, 'x')"},
            "ResultPath": "$.shaped",
            "Next": "Work",
        },
        "Work": task(
            InputPath="$.shaped",
            ResultSelector={"answer.$": "$.answer"},
            ResultPath="$.result",
            OutputPath="$.result",
            Next="Done",
        ),
        "Done": DONE,
    }
    assert world.result(states, {"a": {"b": 41}}) == {"answer": 42}
    assert world.calls.made[0].arguments["all"] == [41, "x"]
    assert world.calls.made[0].role == ROLE


def test_a_choice_leads_where_its_rule_says(world: World) -> None:
    states: dict[str, Any] = {
        "Ask": {
            "Type": "Choice",
            "Choices": [
                {"Not": {"Variable": "$.n", "IsPresent": True}, "Next": "None"},
                {
                    "And": [{"Variable": "$.n", "NumericGreaterThan": 1}, {"Variable": "$.n", "NumericLessThan": 5}],
                    "Next": "Few",
                },
            ],
            "Default": "Many",
        },
        "Few": {"Type": "Pass", "Result": "few", "End": True},
        "None": {"Type": "Pass", "Result": "none", "End": True},
        "Many": {"Type": "Pass", "Result": "many", "End": True},
    }
    machine = world.machine(states)
    found = [json.loads(world.wait(world.run(machine, given))["output"]) for given in ({"n": 3}, {}, {"n": 9})]
    assert found == ["few", "none", "many"]


def test_a_wait_ends_on_the_virtual_clock(world: World) -> None:
    execution = world.start({"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Done"}, "Done": DONE})
    world.timeline.advance(3599)
    assert world.status(execution) == "RUNNING"
    world.timeline.advance(1)
    assert world.wait(execution)["stopDate"] == START + 3600


def test_retries_wait_longer_each_time_and_then_give_up(world: World) -> None:
    def boom(call: object) -> None:
        raise StateError("Boom", "no luck")

    world.calls.behave = boom
    retry = [{"ErrorEquals": ["Boom"], "IntervalSeconds": 10, "BackoffRate": 2.0, "MaxAttempts": 2}]
    execution = world.start({"Work": task(Retry=retry)})
    for number, seconds in ((1, 10), (2, 20)):
        world.until(execution, "TaskFailed", number)
        world.timeline.advance(seconds - 1)
        assert len(world.calls.made) == number
        world.timeline.advance(1)
        world.calls.wait_for(number + 1)
    ended = world.wait(execution)
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "Boom", "no luck")


def test_a_caught_error_goes_on_with_error_and_cause(world: World) -> None:
    def boom(call: object) -> None:
        raise StateError("Boom", "no luck")

    world.calls.behave = boom
    catch = [{"ErrorEquals": ["States.TaskFailed"], "ResultPath": "$.failure", "Next": "Mend"}]
    states = {"Work": task(Catch=catch, Next="Mend"), "Mend": {"Type": "Pass", "End": True}}
    assert world.result(states, {"x": 1}) == {"x": 1, "failure": {"Error": "Boom", "Cause": "no luck"}}


def test_a_map_runs_its_items_and_keeps_their_order(world: World) -> None:
    world.calls.behave = lambda call: call.arguments["item"] * 10
    states = {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 2,
            "ItemSelector": {"item.$": "$$.Map.Item.Value", "index.$": "$$.Map.Item.Index", "unit.$": "$.unit"},
            "ItemProcessor": {"StartAt": "Work", "States": {"Work": task()}},
            "End": True,
        }
    }
    assert world.result(states, {"items": [3, 1, 2], "unit": "m"}) == [30, 10, 20]
    assert sorted(call.arguments["index"] for call in world.calls.made) == [0, 1, 2]


def test_never_more_iterations_than_allowed_run_at_once(world: World) -> None:
    world.calls.release.clear()
    inner = {"StartAt": "Work", "States": {"Work": task()}}
    execution = world.start(
        {"Each": {"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": inner, "End": True}}, [1, 2, 3]
    )
    world.calls.wait_for(2)
    assert world.kinds(execution).count("MapIterationStarted") == 2
    world.calls.release.set()
    assert world.wait(execution)["status"] == "SUCCEEDED"


def test_the_branches_of_a_parallel_give_a_list(world: World) -> None:
    branch = lambda name: {"StartAt": name, "States": {name: {"Type": "Pass", "Result": name, "End": True}}}  # noqa: E731
    assert world.result({"Both": {"Type": "Parallel", "Branches": [branch("a"), branch("b")], "End": True}}) == [
        "a",
        "b",
    ]


def test_a_failing_branch_aborts_the_others_and_can_be_caught(world: World) -> None:
    states = {
        "Both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 99, "End": True}}},
                {"StartAt": "Bad", "States": {"Bad": {"Type": "Fail", "Error": "Bad", "Cause": "it is"}}},
            ],
            "Catch": [{"ErrorEquals": ["Bad"], "ResultPath": "$.why", "Next": "Done"}],
            "Next": "Done",
        },
        "Done": DONE,
    }
    execution = world.start(states, {"x": 1})
    assert json.loads(world.wait(execution)["output"]) == {"x": 1, "why": {"Error": "Bad", "Cause": "it is"}}
    assert "WaitStateAborted" in world.kinds(execution)


def test_a_token_is_awaited_and_its_answer_is_the_result(world: World) -> None:
    execution = world.start(
        {"Ask": task(SEND, Parameters={"MessageBody": {"token.$": "$$.Task.Token"}, "QueueUrl": "q"})}
    )
    world.until(execution, "TaskSubmitted")
    token = world.calls.made[0].arguments["MessageBody"]["token"]
    world.call("SendTaskSuccess", taskToken=token, output='{"approved": true}')
    assert json.loads(world.wait(execution)["output"]) == {"approved": True}
    with pytest.raises(AwsError, match="TaskTimedOut"):
        world.call("SendTaskSuccess", taskToken=token, output="{}")


def test_a_job_is_awaited_until_it_has_ended(world: World) -> None:
    world.calls.behave = lambda call: Started({"ExecutionArn": "x"}, {"ExecutionArn": "x"})
    ended = [Started({}, {}), Done({"Status": "SUCCEEDED"})]
    world.calls.job = lambda handle: ended.pop(0)
    execution = world.start(
        {"Run": task("arn:aws:states:::states:startExecution.sync:2", Parameters={"StateMachineArn": "x"})}
    )
    world.until(execution, "TaskSubmitted")
    while world.status(execution) == "RUNNING":
        world.timeline.advance(1)
    assert json.loads(world.wait(execution)["output"]) == {"Status": "SUCCEEDED"}


def test_the_history_tells_every_transition(world: World) -> None:
    execution = world.start({"Work": task(INVOKE, TimeoutSeconds=5)}, {"a": 1})
    world.wait(execution)
    events = world.history(execution)
    assert [event["type"] for event in events] == [
        "ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded", "TaskStateExited",
        "ExecutionSucceeded",
    ]  # fmt: skip
    assert [event["previousEventId"] for event in events] == [0, 1, 2, 3, 4, 5, 6]
    assert events[2]["taskScheduledEventDetails"] == {
        "resourceType": "lambda",
        "resource": "invoke",
        "region": "eu-west-1",
        "parameters": '{"a":1}',
        "timeoutInSeconds": 5,
    }
