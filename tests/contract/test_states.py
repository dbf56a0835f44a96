"""Step Functions in a real daemon: its role's permissions, its account, and what a killed daemon leaves."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from contract.local_daemon import ACCOUNT, REGION, LocalDaemon
from headgate.localcloud import lifecycle

pytestmark = pytest.mark.slow  # a daemon, and handlers of functions

FUNCTION = """
def handler(event, context):
    if event["n"] > 99:
        raise ValueError("too many")
    return {"n": event["n"] + 1}
"""


def role(daemon: LocalDaemon, name: str, actions: list[str], service: str = "states.amazonaws.com") -> str:
    """A role that a service may take, and that may do just that."""
    iam = daemon.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    return arn


def machine(daemon: LocalDaemon, name: str, role_arn: str, states: Any) -> str:
    definition = json.dumps({"StartAt": next(iter(states)), "States": states})
    made = daemon.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=role_arn)
    return str(made["stateMachineArn"])


def run(daemon: LocalDaemon, arn: str, given: Any) -> str:
    client = daemon.client("stepfunctions")
    return str(client.start_execution(stateMachineArn=arn, input=json.dumps(given))["executionArn"])


def ended(daemon: LocalDaemon, execution: str, *, reached: str = "") -> Any:
    """The execution, once it has ended or its history holds an event of the type `reached`."""
    client = daemon.client("stepfunctions")
    for _ in range(600):
        told = client.describe_execution(executionArn=execution)
        events = client.get_execution_history(executionArn=execution)["events"]
        if told["status"] != "RUNNING" or any(event["type"] == reached for event in events):
            return told
        threading.Event().wait(0.05)
    raise AssertionError(events[-1])


def test_functions_tables_and_errors(daemon: LocalDaemon) -> None:
    function = daemon.function("add", FUNCTION)
    daemon.client("dynamodb").create_table(
        TableName="numbers",
        KeySchema=[{"AttributeName": "n", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "n", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    arn = machine(
        daemon,
        "adding",
        role(daemon, "adding", ["lambda:InvokeFunction", "dynamodb:PutItem"]),
        {
            "Add": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": function, "Payload.$": "$"},
                "OutputPath": "$.Payload",
                "Catch": [{"ErrorEquals": ["ValueError"], "Next": "Many"}],
                "Next": "Keep",
            },
            "Keep": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:dynamodb:putItem",
                "Parameters": {
                    "TableName": "numbers",
                    "Item": {"n": {"S.$": "States.Format('{}', $.n)"}},
                    "ConditionExpression": "attribute_not_exists(n)",
                },
                "ResultPath": None,
                "End": True,
            },
            "Many": {"Type": "Pass", "Result": "many", "End": True},
        },
    )
    assert json.loads(ended(daemon, run(daemon, arn, {"n": 1}))["output"]) == {"n": 2}
    again = ended(daemon, run(daemon, arn, {"n": 1}))
    assert again["error"] == "DynamoDb.ConditionalCheckFailedException"
    assert json.loads(ended(daemon, run(daemon, arn, {"n": 100}))["output"]) == "many"


def test_what_the_role_may_not_do_the_machine_may_not(daemon: LocalDaemon) -> None:
    listing = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:ssm:describeParameters",
        "Parameters": {},
        "End": True,
    }
    arn = machine(daemon, "listing", role(daemon, "nothing", ["s3:ListBucket"]), {"List": listing})
    told = ended(daemon, run(daemon, arn, {}))
    assert (told["status"], told["error"]) == ("FAILED", "Ssm.AccessDeniedException")
    assert "assumed-role/nothing/states is not authorized to perform: ssm:DescribeParameters" in told["cause"]


def test_a_role_that_does_not_trust_step_functions_makes_no_machine(daemon: LocalDaemon) -> None:
    foreign = role(daemon, "foreign", ["s3:*"], service="lambda.amazonaws.com")
    with pytest.raises(daemon.client("stepfunctions").exceptions.ClientError, match=r"states\.amazonaws\.com"):
        machine(daemon, "foreign", foreign, {"End": {"Type": "Succeed"}})


def test_waits_and_tokens_survive_a_killed_daemon(daemon: LocalDaemon) -> None:
    queue = daemon.client("sqs").create_queue(QueueName="asked")["QueueUrl"]
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
        "Next": "Sleep",
    }
    arn = machine(
        daemon, "asking", role(daemon, "asking", ["sqs:SendMessage"]),
        {"Ask": ask, "Sleep": {"Type": "Wait", "Seconds": 86_400, "End": True}},
    )  # fmt: skip
    execution = run(daemon, arn, {})
    ended(daemon, execution, reached="TaskSubmitted")
    daemon.kill_and_restart()
    message = daemon.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"][0]
    token = json.loads(message["Body"])["token"]
    daemon.client("stepfunctions").send_task_success(taskToken=token, output='{"yes": true}')
    ended(daemon, execution, reached="WaitStateEntered")
    daemon.kill_and_restart()
    lifecycle.control(daemon.endpoint, "POST", "clock", {"advance": 86_400})
    told = ended(daemon, execution)
    assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"yes": True})
    assert (told["stopDate"] - told["startDate"]).days == 1


def heard(daemon: LocalDaemon, machine_arn: str) -> str:
    """A queue that EventBridge sends a machine's status changes to."""
    sqs, events = daemon.client("sqs"), daemon.client("events")
    queue: str = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:heard"
    let = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [let]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine_arn]}}
    events.put_rule(Name="heard", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="heard", Targets=[{"Id": "queue", "Arn": arn}])
    return queue


def received(daemon: LocalDaemon, queue: str) -> Any:
    sqs = daemon.client("sqs")
    message = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"][0]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return json.loads(message["Body"])


def test_machines_announce_and_log_what_they_do(daemon: LocalDaemon) -> None:
    client = daemon.client("stepfunctions")
    daemon.client("logs").create_log_group(logGroupName="/aws/vendedlogs/states/told")
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/vendedlogs/states/told:*"
    logging = {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}],
    }
    definition = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
    arn = client.create_state_machine(
        name="told", definition=definition, roleArn=role(daemon, "told", ["s3:*"]), loggingConfiguration=logging
    )["stateMachineArn"]
    queue = heard(daemon, arn)
    execution = run(daemon, arn, {})
    ended(daemon, execution)
    told = [received(daemon, queue) for _ in range(2)]
    assert {event["detail"]["status"] for event in told} == {"RUNNING", "SUCCEEDED"}
    assert {event["detail"]["executionArn"] for event in told} == {execution}
    events = daemon.client("logs").filter_log_events(logGroupName="/aws/vendedlogs/states/told")["events"]
    assert [json.loads(event["message"])["type"] for event in events][-1] == "ExecutionSucceeded"
    missing = {**logging, "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group.replace("told", "none")}}]}
    with pytest.raises(client.exceptions.InvalidLoggingConfiguration):
        client.update_state_machine(stateMachineArn=arn, loggingConfiguration=missing)
