from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import HttpRequest
from unit.localcloud.states.world import CALLER, ROLE, START, World, task

DONE = {"Done": {"Type": "Succeed"}}
WAIT = {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}


def definition(states: Any) -> str:
    return json.dumps({"StartAt": next(iter(states)), "States": states})


def test_a_machine_is_described_as_it_was_created(world: World) -> None:
    arn = world.machine(DONE)
    assert arn == "arn:aws:states:eu-west-1:123456789012:stateMachine:machine"
    assert world.call("DescribeStateMachine", stateMachineArn=arn) == {
        "stateMachineArn": arn,
        "name": "machine",
        "status": "ACTIVE",
        "definition": definition(DONE),
        "roleArn": ROLE,
        "type": "STANDARD",
        "creationDate": START,
        "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
        "tracingConfiguration": {"enabled": False},
        "revisionId": "INITIAL",
    }


def test_creating_the_same_machine_again_is_no_error_another_one_is(world: World) -> None:
    arn = world.machine(DONE)
    assert world.machine(DONE) == arn
    with pytest.raises(AwsError, match="StateMachineAlreadyExists"):
        world.machine(WAIT)


@pytest.mark.parametrize("name", ["a b", "a/b", "a:b", "", "x" * 81])
def test_names_that_cannot_be(world: World, name: str) -> None:
    with pytest.raises(AwsError, match=r"InvalidName|ValidationException"):
        world.machine(DONE, name=name)


def test_a_role_that_step_functions_may_not_assume_is_refused(world: World) -> None:
    world.refused_roles.add(ROLE)
    with pytest.raises(AwsError, match=r"does not trust states\.amazonaws\.com"):
        world.machine(DONE)
    assert world.call("ListStateMachines")["stateMachines"] == []


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"type": "EXPRESS"}, "Express"),
        ({"publish": True}, "versions"),
        ({"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"}}, "KMS"),
    ],
)
def test_what_machines_cannot_be_is_refused_by_name(world: World, more: Any, what: str) -> None:
    with pytest.raises(AwsError, match=f"UnsupportedByLocalCloud.*{what}"):
        world.call("CreateStateMachine", name="m", definition=definition(DONE), roleArn=ROLE, **more)


def test_an_update_is_for_later_executions(world: World) -> None:
    arn = world.machine(WAIT)
    before = world.run(arn, {"x": 1})
    updated = world.call("UpdateStateMachine", stateMachineArn=arn, definition=definition(DONE))
    assert world.call("DescribeStateMachine", stateMachineArn=arn)["revisionId"] == updated["revisionId"]
    assert world.wait(world.run(arn))["status"] == "SUCCEEDED"
    used = world.call("DescribeStateMachineForExecution", executionArn=before)
    assert (used["definition"], used["revisionId"]) == (definition(WAIT), "INITIAL")
    world.timeline.advance(60)
    assert world.wait(before)["status"] == "SUCCEEDED"


def test_an_update_has_to_change_something_right(world: World) -> None:
    arn = world.machine(DONE)
    with pytest.raises(AwsError, match="MissingRequiredParameter"):
        world.call("UpdateStateMachine", stateMachineArn=arn)
    with pytest.raises(AwsError, match="InvalidDefinition"):
        world.call("UpdateStateMachine", stateMachineArn=arn, definition="{}")
    world.refused_roles.add("arn:aws:iam::123456789012:role/other")
    with pytest.raises(AwsError, match="AccessDenied"):
        world.call("UpdateStateMachine", stateMachineArn=arn, roleArn="arn:aws:iam::123456789012:role/other")
    with pytest.raises(AwsError, match="StateMachineDoesNotExist"):
        world.call("UpdateStateMachine", stateMachineArn=f"{arn}x", roleArn=ROLE)


def test_a_deleted_machine_goes_with_its_executions(world: World) -> None:
    arn = world.machine(DONE)
    execution = world.run(arn)
    world.wait(execution)
    world.call("DeleteStateMachine", stateMachineArn=arn)
    world.call("DeleteStateMachine", stateMachineArn=arn)
    for operation, parameters in (
        ("DescribeStateMachine", {"stateMachineArn": arn}),
        ("DescribeExecution", {"executionArn": execution}),
        ("StartExecution", {"stateMachineArn": arn}),
    ):
        with pytest.raises(AwsError, match="DoesNotExist"):
            world.call(operation, **parameters)
    assert [kind for kind in ("state-event", "state-frame", "state-execution-plan") if world.documents.list(kind)] == []


def test_a_machine_whose_execution_runs_is_deleting_until_it_ends(world: World) -> None:
    arn = world.machine(WAIT)
    execution = world.run(arn)
    world.call("DeleteStateMachine", stateMachineArn=arn)
    assert world.call("DescribeStateMachine", stateMachineArn=arn)["status"] == "DELETING"
    for again in (lambda: world.run(arn), lambda: world.machine(WAIT)):
        with pytest.raises(AwsError, match="StateMachineDeleting"):
            again()
    world.call("StopExecution", executionArn=execution)
    assert world.call("ListStateMachines")["stateMachines"] == []


def test_lists_come_in_pages(world: World) -> None:
    for name in ("b", "a", "c"):
        world.machine(DONE, name=name)
    first = world.call("ListStateMachines", maxResults=2)
    assert [one["name"] for one in first["stateMachines"]] == ["a", "b"]
    rest = world.call("ListStateMachines", maxResults=2, nextToken=first["nextToken"])
    assert [one["name"] for one in rest["stateMachines"]] == ["c"]
    with pytest.raises(AwsError, match="InvalidToken"):
        world.call("ListStateMachines", nextToken="foreign")


def test_tags(world: World) -> None:
    arn = world.machine(DONE)
    world.call("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    world.call("UntagResource", resourceArn=arn, tagKeys=["a"])
    assert world.call("ListTagsForResource", resourceArn=arn) == {"tags": [{"key": "b", "value": "2"}]}
    with pytest.raises(AwsError, match="ResourceNotFound"):
        world.call("ListTagsForResource", resourceArn="arn:aws:states:eu-west-1:210987654321:stateMachine:m")


def test_a_name_is_one_execution(world: World) -> None:
    arn = world.machine(WAIT)
    first = world.run(arn, {"x": 1}, name="once")
    assert world.run(arn, {"x": 1}, name="once") == first
    with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
        world.run(arn, {"x": 2}, name="once")
    world.timeline.advance(60)
    world.wait(first)
    with pytest.raises(AwsError, match="ExecutionAlreadyExists"):
        world.run(arn, {"x": 1}, name="once")


@pytest.mark.parametrize("text", ["{", f'"{"x" * 262_144}"'])
def test_an_input_that_cannot_be(world: World, text: str) -> None:
    with pytest.raises(AwsError, match=r"InvalidExecutionInput|ValidationException"):
        world.call("StartExecution", stateMachineArn=world.machine(DONE), input=text)


def test_executions_are_listed_by_status_the_latest_first(world: World) -> None:
    arn = world.machine(WAIT)
    old = world.run(arn, name="old")
    world.timeline.advance(60)
    world.wait(old)
    world.run(arn, name="new")
    assert [one["name"] for one in world.call("ListExecutions", stateMachineArn=arn)["executions"]] == ["new", "old"]
    for wanted, names in (("SUCCEEDED", ["old"]), ("RUNNING", ["new"]), ("FAILED", [])):
        listed = world.call("ListExecutions", stateMachineArn=arn, statusFilter=wanted)["executions"]
        assert [one["name"] for one in listed] == names
    assert world.call("ListExecutions", stateMachineArn=arn, redriveFilter="REDRIVEN")["executions"] == []
    with pytest.raises(AwsError, match="distributed Map"):
        world.call("ListExecutions", mapRunArn="arn:x")
    with pytest.raises(AwsError, match="stateMachineArn is needed"):
        world.call("ListExecutions")


def test_history_backwards_in_pages_and_without_data(world: World) -> None:
    execution = world.run(world.machine(DONE), {"secret": 1})
    world.wait(execution)
    last = world.call("GetExecutionHistory", executionArn=execution, reverseOrder=True, maxResults=1)
    assert last["events"][0]["executionSucceededEventDetails"]["output"] == '{"secret":1}'
    following = world.call(
        "GetExecutionHistory", executionArn=execution, reverseOrder=True, maxResults=1, nextToken=last["nextToken"]
    )
    assert following["events"][0]["type"] == "SucceedStateExited"
    bare = world.call("GetExecutionHistory", executionArn=execution, includeExecutionData=False)
    assert "secret" not in json.dumps(bare)
    assert bare["events"][0]["executionStartedEventDetails"]["roleArn"] == ROLE


def test_describe_can_leave_the_data_out(world: World) -> None:
    execution = world.run(world.machine(DONE), {"secret": 1})
    world.wait(execution)
    told = world.call("DescribeExecution", executionArn=execution, includedData="METADATA_ONLY")
    assert "secret" not in json.dumps(told)
    assert told["outputDetails"] == {"included": False}


@pytest.mark.parametrize("arn", ["nonsense", "arn:aws:states:eu-west-1:210987654321:execution:machine:x"])
def test_arns_that_are_not_ours(world: World, arn: str) -> None:
    with pytest.raises(AwsError, match="InvalidArn"):
        world.call("DescribeExecution", executionArn=arn)


def test_executions_and_tokens_that_are_not_there(world: World) -> None:
    with pytest.raises(AwsError, match="ExecutionDoesNotExist"):
        world.call("StopExecution", executionArn="arn:aws:states:eu-west-1:123456789012:execution:machine:x")
    with pytest.raises(AwsError, match="InvalidToken"):
        world.call("SendTaskSuccess", taskToken="foreign", output="{}")
    with pytest.raises(AwsError, match="InvalidOutput"):
        world.call("SendTaskSuccess", taskToken="foreign", output="{")


def test_a_token_is_of_its_account(world: World) -> None:
    world.start(
        {"Ask": task("arn:aws:states:::sns:publish.waitForTaskToken", Parameters={"Message.$": "$$.Task.Token"})}
    )
    token = world.calls.wait_for(1)[0].arguments["Message"]
    other = replace(CALLER, account="210987654321")
    with pytest.raises(AwsError, match="InvalidToken"):
        world.states.operations.call(other, "SendTaskSuccess", {"taskToken": token, "output": "{}"})


def logging(level: str, *, data: bool = True) -> Any:
    group = {"logGroupArn": "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/vendedlogs/m:*"}
    return {"level": level, "includeExecutionData": data, "destinations": [{"cloudWatchLogsLogGroup": group}]}


@pytest.mark.parametrize(
    ("level", "kinds"),
    [
        ("ALL", ["ExecutionStarted", "FailStateEntered", "ExecutionFailed"]),
        ("ERROR", ["ExecutionFailed"]),
        ("FATAL", ["ExecutionFailed"]),
        ("OFF", []),
    ],
)
def test_events_are_logged_by_level(world: World, level: str, kinds: list[str]) -> None:
    states = {"No": {"Type": "Fail", "Error": "E", "Cause": "why"}}
    configuration = logging(level) if level != "OFF" else {"level": "OFF"}
    made = world.call(
        "CreateStateMachine", name="m", definition=definition(states), roleArn=ROLE, loggingConfiguration=configuration
    )
    execution = world.run(made["stateMachineArn"], name="run")
    world.wait(execution)
    if not kinds:
        assert world.logged == []
        return
    assert world.logged[:2] == ["/aws/vendedlogs/m", "states/m/2023-11-14-22-13/run"]
    entries = [json.loads(line) for line in world.logged if line.startswith("{")]
    assert [entry["type"] for entry in entries] == kinds
    assert entries[-1]["details"] == {"error": "E", "cause": "why"}
    assert (entries[-1]["execution_arn"], entries[-1]["event_timestamp"]) == (execution, str(round(START * 1000)))


def test_a_log_can_leave_the_data_out(world: World) -> None:
    made = world.call(
        "CreateStateMachine",
        name="m",
        definition=definition(DONE),
        roleArn=ROLE,
        loggingConfiguration=logging("ALL", data=False),
    )
    world.wait(world.run(made["stateMachineArn"], {"secret": 1}))
    assert world.logged
    assert "secret" not in "".join(world.logged)


def test_logging_needs_one_destination(world: World) -> None:
    with pytest.raises(AwsError, match="InvalidLoggingConfiguration"):
        world.call(
            "CreateStateMachine",
            name="m",
            definition=definition(DONE),
            roleArn=ROLE,
            loggingConfiguration={"level": "ALL"},
        )


def test_requests_of_the_json_protocol(world: World) -> None:
    def ask(target: str, body: bytes = b"{}") -> Any:
        headers = {"x-amz-target": f"AWSStepFunctions.{target}"}
        return world.states.handle(HttpRequest("POST", "/", (), headers, io.BytesIO(body), "states", CALLER))

    answer = ask("ListStateMachines")
    assert (answer.headers["content-type"], json.loads(answer.body)) == (
        "application/x-amz-json-1.0",
        {"stateMachines": []},
    )
    for target in ("TestState", "StartSyncExecution", "CreateActivity", "PublishStateMachineVersion"):
        with pytest.raises(AwsError, match=f"UnsupportedByLocalCloud.*{target}"):
            ask(target)
