"""The custom resource Custom::AccountSet: what CloudFormation asks for becomes an execution of the state machine.

The machine answers CloudFormation at its end. What cannot even be started is answered here, so that no stack is ever
left hanging. Properties: Team, and optionally Action, AccountName, Reason, RequestedBy, Force.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from headgate.control import answers
from headgate.control.aws import Aws
from headgate.control.errors import CallFailed, ControlError, Refused
from headgate.control.vending.values import Action, parse_request

NOT_STARTED = "headgate-account-set-not-started"
"""The physical id of an account set whose creation was never begun: deleting it is nothing."""


def physical_id(team: str) -> str:
    """The physical id of a team's account set: it never changes."""
    return f"headgate-account-set-{team}"


def handle(event: Mapping[str, Any], aws: Aws, state_machine: str, put: Callable[[str, bytes], None]) -> None:
    """Start an execution for an event of CloudFormation's, or answer why there is none."""
    if event["RequestType"] == "Delete" and event["PhysicalResourceId"] == NOT_STARTED:
        put(event["ResponseURL"], _answer(event, ""))
        return
    try:
        request = execution_input(event)
        parse_request(request)
        start(aws, state_machine, request)
    except (ControlError, KeyError) as problem:
        reason = f"the event lacks {problem}" if isinstance(problem, KeyError) else str(problem)
        put(event["ResponseURL"], _answer(event, f"vending was not started: {reason}"))


def execution_input(event: Mapping[str, Any]) -> dict[str, Any]:
    """The machine's input for an event; raises Refused for a team that changes.

    An update that CloudFormation rolls back has the team that the account set is called after.
    """
    properties: Mapping[str, Any] = event["ResourceProperties"]
    kind, team = event["RequestType"], properties["Team"]
    if kind == "Update" and event["PhysicalResourceId"] != physical_id(team):
        before = event["OldResourceProperties"].get("Team")
        raise Refused(f"the account set is team {before}'s and stays it: request another product for team {team}")
    return {
        "action": Action.RETIRE.value if kind == "Delete" else properties.get("Action") or Action.PROVISION.value,
        "team": team,
        "account_name": properties.get("AccountName") or None,
        "reason": properties.get("Reason") or "",
        "requested_by": properties.get("RequestedBy") or event["StackId"],
        "force": properties.get("Force") == "true",
        "response": {
            "url": event["ResponseURL"],
            "stack_id": event["StackId"],
            "request_id": event["RequestId"],
            "logical_resource_id": event["LogicalResourceId"],
            "physical_id": event.get("PhysicalResourceId"),
            "properties": digest(properties),
            "old_properties": digest(event["OldResourceProperties"]) if kind == "Update" else "",
        },
    }


def digest(properties: Mapping[str, Any]) -> str:
    """What tells the properties of one request from those of another."""
    return hashlib.sha256(json.dumps(properties, sort_keys=True).encode()).hexdigest()[:16]


def start(aws: Aws, state_machine: str, request: Mapping[str, Any]) -> None:
    """Start the execution of a request: once, however often the event is delivered."""
    if not state_machine:
        raise Refused("the function lacks the environment variable HEADGATE_STATE_MACHINE_ARN")
    try:
        aws.call(
            "stepfunctions",
            "start_execution",
            stateMachineArn=state_machine,
            name=execution_name(request),
            input=json.dumps(request, sort_keys=True),
        )
    except CallFailed as problem:
        if problem.code != "ExecutionAlreadyExists":
            raise


def execution_name(request: Mapping[str, Any]) -> str:
    """The name of a request's execution: who, what, and the event's identity; at most 80 characters."""
    identity = hashlib.sha256(request["response"]["request_id"].encode()).hexdigest()[:16]
    return f"{request['team'][:40]}-{request['action']}-{identity}"


def _answer(event: Mapping[str, Any], reason: str) -> bytes:
    return answers.document(
        stack_id=event["StackId"],
        request_id=event["RequestId"],
        logical_resource_id=event["LogicalResourceId"],
        physical_id=event.get("PhysicalResourceId") or NOT_STARTED,
        reason=reason,
    )
