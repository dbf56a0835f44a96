"""Stack instances of the StackSets: what there is in an account, and operations that make, change or remove it.

StackSets are service-managed, so that an operation names an OU and, with account filter INTERSECTION, the accounts in
it. The OU is always Headgate's own, in which every account stands wherever it is moved: quarantined accounts can
be reached as well. An operation's id is made by us, which makes starting it idempotent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.control.aws import Aws
from headgate.control.errors import CallFailed, Refused
from headgate.control.vending.settings import Settings


@dataclass(frozen=True, slots=True)
class Target:
    """A StackSet in one account and Region. `parameters` None: whatever the StackSet says."""

    stack_set: str
    account_id: str
    region: str
    parameters: Mapping[str, str] | None = None

    def __str__(self) -> str:
        return f"the stack of {self.stack_set} in account {self.account_id}"


@dataclass(frozen=True, slots=True)
class Instance:
    """A stack instance. `status` is AWS's CURRENT, OUTDATED or INOPERABLE; `detail` its detailed status."""

    status: str
    detail: str = ""
    reason: str = ""
    parameters: Mapping[str, str] | None = None

    @property
    def is_moving(self) -> bool:
        """Whether an operation is under way, or about to be."""
        return self.detail in ("PENDING", "RUNNING")


def instance(aws: Aws, target: Target, *, with_parameters: bool = False) -> Instance | None:
    """The instance of a target, with the parameters that it overrides if they are asked for; None for none."""
    try:
        answer = aws.call(
            "cloudformation",
            "list_stack_instances",
            StackSetName=target.stack_set,
            StackInstanceAccount=target.account_id,
            StackInstanceRegion=target.region,
        )
    except CallFailed as problem:
        if problem.code == "StackSetNotFoundException":
            raise Refused(f"StackSet {target.stack_set} is missing: `headgate accounts apply` creates it") from problem
        raise
    summaries: list[dict[str, Any]] = answer["Summaries"]
    if not summaries:
        return None
    summary = summaries[0]
    detail = summary.get("StackInstanceStatus", {}).get("DetailedStatus", "")
    parameters = _overrides(aws, target) if with_parameters else None
    return Instance(summary["Status"], detail, summary.get("StatusReason", ""), parameters)


def _overrides(aws: Aws, target: Target) -> Mapping[str, str]:
    answer = aws.call(
        "cloudformation",
        "describe_stack_instance",
        StackSetName=target.stack_set,
        StackInstanceAccount=target.account_id,
        StackInstanceRegion=target.region,
    )
    overrides = answer["StackInstance"].get("ParameterOverrides", ())
    return {each["ParameterKey"]: each.get("ParameterValue", "") for each in overrides}


def operation_id(execution: str, target: Target, verb: str, number: int) -> str:
    """The id of an execution's operation: the same however often the execution tries to start it."""
    identity = f"{execution}\n{target.stack_set}\n{target.account_id}\n{target.region}\n{verb}"
    return f"headgate-{hashlib.sha256(identity.encode()).hexdigest()[:24]}-{number}"


def operation_status(aws: Aws, stack_set: str, operation: str) -> str | None:
    """AWS's status of an operation: QUEUED, RUNNING, SUCCEEDED, FAILED, STOPPING, STOPPED; None if it never began."""
    try:
        answer = aws.call(
            "cloudformation", "describe_stack_set_operation", StackSetName=stack_set, OperationId=operation
        )
    except CallFailed as problem:
        if problem.code == "OperationNotFoundException":
            return None
        raise
    status: str = answer["StackSetOperation"]["Status"]
    return status


def start(aws: Aws, settings: Settings, target: Target, verb: str, operation: str) -> bool:
    """Begin to `create`, `update` or `delete` an instance; False when the StackSet is busy with another operation."""
    request: dict[str, Any] = {
        "StackSetName": target.stack_set,
        "DeploymentTargets": {
            "OrganizationalUnitIds": [settings.everything],
            "Accounts": [target.account_id],
            "AccountFilterType": "INTERSECTION",
        },
        "Regions": [target.region],
        "OperationId": operation,
    }
    if verb == "delete":
        request["RetainStacks"] = False
    elif target.parameters is not None:
        request["ParameterOverrides"] = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(target.parameters.items())
        ]
    try:
        aws.call("cloudformation", f"{verb}_stack_instances", **request)
    except CallFailed as problem:
        if problem.code == "OperationIdAlreadyExistsException":
            return True
        if problem.code in ("OperationInProgressException", "StaleRequestException"):
            return False
        if problem.code == "LimitExceededException":
            raise Refused(f"{target} was not made: a quota of StackSets is reached: {problem.message}") from problem
        raise
    return True
