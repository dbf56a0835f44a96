"""Instances of service-managed StackSets: one stack of a kind in one account."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.deploy.polling import Polling
from headgate.errors import FailedError

_PATIENCE = 7200.0
"""Seconds that an operation may take, those before it in the queue included."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One stack of a StackSet. `status` is AWS's: CURRENT, OUTDATED or INOPERABLE."""

    stack_set: str
    account: str
    region: str
    status: str
    unit: str = ""
    reason: str = ""


class StackSets:
    """The StackSets of the governance account. `client` is a boto3 CloudFormation client there."""

    def __init__(self, client: Any, polling: Polling, tell: Callable[[str], None] = lambda _: None) -> None:
        self._client = client
        self._polling = polling
        self._tell = tell

    def instances(self, stack_set: str) -> Iterator[Instance]:
        """Every instance of a StackSet; none when the StackSet is not there."""
        from botocore.exceptions import ClientError

        try:
            pages = list(self._client.get_paginator("list_stack_instances").paginate(StackSetName=stack_set))
        except ClientError as error:
            if "NotFound" in error.response["Error"]["Code"]:
                return
            raise
        for page in pages:
            for each in page["Summaries"]:
                yield Instance(
                    stack_set,
                    each["Account"],
                    each["Region"],
                    each["Status"],
                    each.get("OrganizationalUnitId", ""),
                    each.get("StatusReason", ""),
                )

    def ensure(self, stack_set: str, account: str, unit: str, region: str, parameters: Mapping[str, str]) -> bool:
        """Make one instance be there with these parameters; False when it was. Raises FailedError with the reason."""
        found = next(
            (each for each in self.instances(stack_set) if (each.account, each.region) == (account, region)), None
        )
        if found is not None and found.status == "CURRENT" and self._overrides(found) == dict(parameters):
            return False
        change = self._client.create_stack_instances if found is None else self._client.update_stack_instances
        self._tell(f"{stack_set} in account {account}")
        operation = self._begin(
            change,
            StackSetName=stack_set,
            DeploymentTargets={
                "OrganizationalUnitIds": [unit],
                "Accounts": [account],
                "AccountFilterType": "INTERSECTION",
            },
            Regions=[region],
            ParameterOverrides=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )
        self._wait(stack_set, operation)
        return True

    def settle(self, stack_set: str) -> None:
        """Wait until no operation of a StackSet is going on, such as a deployment to an account that has just come."""
        for _ in self._turns(stack_set):
            summaries = self._client.list_stack_set_operations(StackSetName=stack_set)["Summaries"]
            if all(each["Status"] not in {"RUNNING", "QUEUED", "STOPPING"} for each in summaries):
                return

    def _overrides(self, instance: Instance) -> dict[str, str]:
        described = self._client.describe_stack_instance(
            StackSetName=instance.stack_set, StackInstanceAccount=instance.account, StackInstanceRegion=instance.region
        )["StackInstance"]
        return {each["ParameterKey"]: each["ParameterValue"] for each in described.get("ParameterOverrides", [])}

    def _begin(self, change: Callable[..., Any], **arguments: Any) -> str:
        """Start an operation; while another one is going on, wait for it."""
        from botocore.exceptions import ClientError

        for _ in self._turns(arguments["StackSetName"]):
            try:
                return str(change(**arguments)["OperationId"])
            except ClientError as error:
                if error.response["Error"]["Code"] not in {"OperationInProgressException", "OperationInProgress"}:
                    raise
        raise AssertionError

    def _wait(self, stack_set: str, operation: str) -> None:
        for _ in self._turns(stack_set):
            found = self._client.describe_stack_set_operation(StackSetName=stack_set, OperationId=operation)
            status = found["StackSetOperation"]["Status"]
            if status == "SUCCEEDED":
                return
            if status in {"FAILED", "STOPPED"}:
                raise FailedError(
                    f"StackSet '{stack_set}': the operation {status.lower()}",
                    details=self._reasons(stack_set, operation),
                )

    def _reasons(self, stack_set: str, operation: str) -> tuple[str, ...]:
        results = self._client.list_stack_set_operation_results(StackSetName=stack_set, OperationId=operation)
        return tuple(
            f"account {each['Account']}: {each.get('StatusReason', each['Status'])}"
            for each in results["Summaries"]
            if each["Status"] not in {"SUCCEEDED", "PENDING"}
        )[:5]

    def _turns(self, stack_set: str) -> Iterator[None]:
        return self._polling.turns(f"StackSet '{stack_set}'", _PATIENCE)
