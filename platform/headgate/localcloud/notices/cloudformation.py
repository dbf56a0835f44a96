"""CloudFormation's events: stacks, their resources, StackSets, their instances and operations.

Source: AWS CloudFormation User Guide, 'Managing events with CloudFormation and Amazon EventBridge'.
"""

from __future__ import annotations

from collections.abc import Mapping

from headgate.localcloud.documents import Key
from headgate.localcloud.notices.changes import Change, Maker, Notice, given
from headgate.localcloud.seams import Json

SOURCE = "aws.cloudformation"
EVENT = "cfn-event"
STACK_SET = "cfn-stack-set"
INSTANCE = "cfn-stack-instance"
OPERATION = "cfn-stack-set-operation"
_STACK_TYPE = "AWS::CloudFormation::Stack"


def makers() -> Mapping[str, Maker]:
    """By kind of document."""
    return {EVENT: stack_event, STACK_SET: stack_set, INSTANCE: instance, OPERATION: operation}


def stack_event(change: Change) -> Notice | None:
    """Every stack event is a status change: of the stack itself, or of a resource in it."""
    body = change.after
    if body is None:
        return None
    stack = str(body["StackId"])
    detail = given(
        {
            "stack-id": stack,
            "status-details": {
                "status": body["ResourceStatus"],
                "status-reason": body.get("ResourceStatusReason", ""),
            },
            "client-request-token": body.get("ClientRequestToken", ""),
        }
    )
    if body["ResourceType"] == _STACK_TYPE and body.get("PhysicalResourceId") == stack:
        return Notice(SOURCE, "CloudFormation Stack Status Change", detail, (stack,))
    detail |= {
        "logical-resource-id": body["LogicalResourceId"],
        "physical-resource-id": body.get("PhysicalResourceId", ""),
        "resource-type": body["ResourceType"],
    }
    return Notice(SOURCE, "CloudFormation Resource Status Change", detail, (stack,))


def stack_set(change: Change) -> Notice | None:
    """A StackSet that was made or deleted."""
    if change.after is None or not change.moved("status"):
        return None
    return _of_set(change, "Status Change", {"status-details": {"status": change.after["status"]}})


def operation(change: Change) -> Notice | None:
    """An operation on a StackSet that was queued, began or ended."""
    if change.after is None or not change.moved("status"):
        return None
    detail = {"stack-set-operation-id": change.after["id"], "status-details": {"status": change.after["status"]}}
    return _of_set(change, "Operation Status Change", detail)


def instance(change: Change) -> Notice | None:
    """A stack instance whose status or detailed status changed."""
    body = change.after
    if body is None or not change.moved("status", "detailed_status"):
        return None
    name = f"{body['stack_set_id']}/{body['last_operation']}"
    under_way = change.find(Key(change.key.account, change.key.region, OPERATION, name))
    status = {
        "status": body["status"],
        "status-reason": body["reason"],
        "detailed-status": body["detailed_status"],
    }
    action = under_way["action"] if under_way is not None else None
    detail = given({"stack-id": body["stack_id"], "action": action, "status-details": status})
    return _of_set(change, "StackInstance Status Change", detail)


def _of_set(change: Change, title: str, detail: Json) -> Notice:
    """A StackSet's events are its administrator's; the names of all these documents begin with its id."""
    name = change.key.name.partition("/")[0]
    arn = f"arn:aws:cloudformation:{change.key.region}:{change.key.account}:stackset/{name}"
    return Notice(SOURCE, f"CloudFormation StackSet {title}", {"stack-set-arn": arn, **detail}, (arn,))
