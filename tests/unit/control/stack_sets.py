# ruff: noqa: N803 - parameters are called what AWS calls them
"""StackSets in memory: operations that take time, one at a time where it is said, automatic deployment of the guard."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from headgate.control.errors import CallFailed
from unit.control.organizations import Organizations

OPERATION = timedelta(seconds=3)
Key = tuple[str, str, str]


@dataclass
class Operation:
    keys: tuple[Key, ...]
    verb: str
    ready: datetime
    parameters: dict[str, str] = field(default_factory=dict)
    status: str = "RUNNING"


@dataclass
class Instance:
    status: str = "OUTDATED"
    detail: str = "PENDING"
    reason: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


class StackSets:
    """`failures` are reasons by StackSet and account, each for one operation; `made` hears of new instances."""

    def __init__(self, now: Callable[[], datetime], organization: Organizations) -> None:
        self.now = now
        self.organization = organization
        self.made: Callable[[str, str], None] = lambda *_: None
        self.names = {"headgate-guard", "headgate-account"} | {
            f"headgate-environment-{name}" for name in ("experimentation", "dev", "preprod", "prod")
        }
        self.instances: dict[Key, Instance] = {}
        self.operations: dict[tuple[str, str], Operation] = {}
        self.failures: dict[tuple[str, str], str] = {}
        self.is_automatic = True
        self.one_at_a_time = False

    def entered(self, account_id: str, source: str, destination: str) -> None:
        """An account has moved: the guard comes to whoever enters one of Headgate's units from outside."""
        key = ("headgate-guard", account_id, "eu-west-1")
        if self.is_automatic and key not in self.instances:
            self._begin("headgate-guard", f"auto-{len(self.operations)}", (key,), "create", {})

    def of(self, account_id: str) -> dict[str, str]:
        """The status of an account's instances by StackSet."""
        self._settle()
        return {key[0]: each.status for key, each in self.instances.items() if key[1] == account_id}

    def _begin(
        self, stack_set: str, operation: str, keys: tuple[Key, ...], verb: str, parameters: Mapping[str, str]
    ) -> None:
        for key in keys:
            if verb == "create":
                self.made(key[0], key[1])
                self.instances.setdefault(key, Instance())
            self.instances[key].detail = "RUNNING"
        self.operations[stack_set, operation] = Operation(keys, verb, self.now() + OPERATION, dict(parameters))

    def _settle(self) -> None:
        for operation in self.operations.values():
            if operation.status == "RUNNING" and operation.ready <= self.now():
                operation.status = "SUCCEEDED"
                for key in operation.keys:
                    self._finish(operation, key)

    def _finish(self, operation: Operation, key: Key) -> None:
        instance = self.instances[key]
        reason = self.failures.pop((key[0], key[1]), "")
        if reason:
            instance.status, instance.detail, instance.reason = "OUTDATED", "FAILED", reason
            operation.status = "FAILED"
        elif operation.verb == "delete":
            del self.instances[key]
        else:
            # A list of overrides replaces the ones before it: what is not in it is as the StackSet says again.
            self.instances[key] = Instance("CURRENT", "SUCCEEDED", "", dict(operation.parameters))

    def _start(self, verb: str, request: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
        self._settle()
        name, operation = request["StackSetName"], request["OperationId"]
        self._known(name)
        if (name, operation) in self.operations:
            raise CallFailed("cloudformation", verb, "OperationIdAlreadyExistsException", "it exists")
        running = [each for each, _ in self.operations if each == name and self.operations[each, _].status == "RUNNING"]
        if running and self.one_at_a_time:
            raise CallFailed("cloudformation", verb, "OperationInProgressException", "another one is running")
        targets = request["DeploymentTargets"]
        assert targets["AccountFilterType"] == "INTERSECTION"
        accounts = [
            each for each in targets["Accounts"] if self.organization.inside(each, targets["OrganizationalUnitIds"][0])
        ]
        keys = tuple((name, account, region) for account in accounts for region in request["Regions"])
        if verb != "create":
            keys = tuple(key for key in keys if key in self.instances)
        self._begin(name, operation, keys, verb, parameters)
        return {"OperationId": operation}

    def create_stack_instances(self, **request: Any) -> dict[str, Any]:
        return self._start("create", request, _parameters(request))

    def update_stack_instances(self, **request: Any) -> dict[str, Any]:
        return self._start("update", request, _parameters(request))

    def delete_stack_instances(self, **request: Any) -> dict[str, Any]:
        assert request["RetainStacks"] is False
        return self._start("delete", request, {})

    def describe_stack_set_operation(self, *, StackSetName: str, OperationId: str) -> dict[str, Any]:
        self._settle()
        self._known(StackSetName)
        if (StackSetName, OperationId) not in self.operations:
            raise CallFailed("cloudformation", "describe", "OperationNotFoundException", "no such operation")
        return {"StackSetOperation": {"Status": self.operations[StackSetName, OperationId].status}}

    def list_stack_instances(
        self, *, StackSetName: str, StackInstanceAccount: str, StackInstanceRegion: str
    ) -> dict[str, Any]:
        self._settle()
        self._known(StackSetName)
        found = self.instances.get((StackSetName, StackInstanceAccount, StackInstanceRegion))
        if found is None:
            return {"Summaries": []}
        summary = {"Status": found.status, "StackInstanceStatus": {"DetailedStatus": found.detail}}
        return {"Summaries": [{**summary, **({"StatusReason": found.reason} if found.reason else {})}]}

    def describe_stack_instance(
        self, *, StackSetName: str, StackInstanceAccount: str, StackInstanceRegion: str
    ) -> dict[str, Any]:
        found = self.instances[StackSetName, StackInstanceAccount, StackInstanceRegion]
        overrides = [{"ParameterKey": key, "ParameterValue": value} for key, value in found.parameters.items()]
        return {"StackInstance": {"Status": found.status, "ParameterOverrides": overrides}}

    def _known(self, name: str) -> None:
        if name not in self.names:
            raise CallFailed("cloudformation", "list", "StackSetNotFoundException", "no such StackSet")


def _parameters(request: Mapping[str, Any]) -> dict[str, str]:
    return {each["ParameterKey"]: each["ParameterValue"] for each in request.get("ParameterOverrides", ())}
