"""Buses, rules, targets and roles in accounts of an organization, in a line each."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from contract.local_daemon import REGION

Json = dict[str, Any]


EVENTS = "events.amazonaws.com"


WRITER = """
    import boto3, json, uuid

    def handler(event, context):
        name = f"/{context.function_name}/{uuid.uuid4().hex}"
        boto3.client("ssm").put_parameter(Name=name, Value=json.dumps(event), Type="String")
"""


def document(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def member(organizations: Any, name: str) -> str:
    begun = organizations.create_account(Email=f"{name}@example.com", AccountName=name)["CreateAccountStatus"]
    status = organizations.describe_create_account_status(CreateAccountRequestId=begun["Id"])
    account: str = status["CreateAccountStatus"]["AccountId"]
    return account


def client(world: SimpleNamespace, service: str, account: str) -> Any:
    return world.daemon.client(service, account)


def until(look: Callable[[], Any], what: str = "") -> Any:
    """What `look` finds, once it finds something."""
    for _ in range(600):
        found = look()
        if found:
            return found
        threading.Event().wait(0.05)
    raise AssertionError(f"never: {what}")


def queue(world: SimpleNamespace, account: str, name: str, *statements: Json) -> tuple[str, str]:
    """URL and ARN of a queue whose policy has these statements."""
    sqs = client(world, "sqs", account)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{account}:{name}"
    if statements:
        policy = document(*({"Resource": arn, "Action": "sqs:SendMessage", "Effect": "Allow", **s} for s in statements))
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


def from_rule(arn: str) -> Json:
    return {"Principal": {"Service": EVENTS}, "Condition": {"ArnEquals": {"aws:SourceArn": arn}}}


def received(world: SimpleNamespace, account: str, url: str) -> list[Json]:
    """The messages on a queue, once there are some."""
    sqs = client(world, "sqs", account)
    ask = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
    found: list[Json] = until(lambda: sqs.receive_message(**ask).get("Messages"), f"a message on {url}")
    for message in found:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def rule_arn(account: str, name: str) -> str:
    return f"arn:aws:events:{REGION}:{account}:rule/{name}"


def rule(world: SimpleNamespace, account: str, name: str, *targets: Json, pattern: Json | None = None) -> None:
    """A rule that wants events whose source is its name, or what the pattern says."""
    events = client(world, "events", account)
    events.put_rule(Name=name, EventPattern=json.dumps(pattern or {"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": str(number), **target} for number, target in enumerate(targets)])


def put(world: SimpleNamespace, account: str, source: str, bus: str = "default", **detail: Any) -> None:
    entry = {"Source": source, "DetailType": "Test", "Detail": json.dumps(detail), "EventBusName": bus}
    answer = client(world, "events", account).put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer


def role(world: SimpleNamespace, account: str, name: str, service: str, *statements: Json, condition: Json) -> str:
    iam = client(world, "iam", account)
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole", "Condition": condition}
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
    return arn


def function(world: SimpleNamespace, account: str, name: str) -> str:
    """A function that keeps what it is given as parameters."""
    from textwrap import dedent

    from contract.local_daemon import zipped

    writes = role(world, account, f"{name}-function", "lambda.amazonaws.com", allow("ssm:PutParameter"), condition={})
    made = client(world, "lambda", account).create_function(
        FunctionName=name,
        Code={"ZipFile": zipped({"app.py": dedent(WRITER)})},
        Runtime="python3.12",
        Role=writes,
        Handler="app.handler",
        Timeout=20,
    )
    arn: str = made["FunctionArn"]
    return arn


def calls(world: SimpleNamespace, account: str, name: str) -> list[Json]:
    """What a function was given, once it was called."""
    ssm = client(world, "ssm", account)
    found = until(lambda: ssm.get_parameters_by_path(Path=f"/{name}")["Parameters"], f"a call of {name}")
    return [json.loads(one["Value"]) for one in found]
