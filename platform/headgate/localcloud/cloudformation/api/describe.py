"""DescribeStacks and everything else that only reads stacks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.cloudformation.stacks.records import Resource, Stack
from headgate.localcloud.cloudformation.stacks.resolution import exported, importers
from headgate.localcloud.cloudformation.stacks.store import StackStore
from headgate.localcloud.errors import AwsError
from headgate.localcloud.paging import cut_page
from headgate.localcloud.seams import Caller, Json, Operation

_PAGE = 100


@dataclass(frozen=True, slots=True)
class Descriptions:
    """The operations, by name in `table`."""

    store: StackStore

    def table(self) -> Mapping[str, Operation]:
        return {
            "DescribeStacks": self.describe_stacks,
            "ListStacks": self.list_stacks,
            "DescribeStackEvents": self.events,
            "DescribeStackResource": self.describe_resource,
            "DescribeStackResources": self.describe_resources,
            "ListStackResources": self.list_resources,
            "ListExports": self.list_exports,
            "ListImports": self.list_imports,
        }

    def describe_stacks(self, caller: Caller, request: Json) -> Json:
        if "StackName" in request:
            return {"Stacks": [described(self.store.get(caller.account, caller.region, request["StackName"]))]}
        living = [stack for stack in self.store.stacks(caller.account, caller.region) if not stack.gone]
        return page("Stacks", [described(stack) for stack in reversed(living)], request)

    def list_stacks(self, caller: Caller, request: Json) -> Json:
        wanted = request.get("StackStatusFilter")
        stacks = reversed(self.store.stacks(caller.account, caller.region))
        found = [summary(stack) for stack in stacks if not wanted or stack.status in wanted]
        return page("StackSummaries", found, request)

    def events(self, caller: Caller, request: Json) -> Json:
        stack = self.store.get(caller.account, caller.region, _required(request, "StackName"))
        return page("StackEvents", self.store.events(stack), request)

    def describe_resource(self, caller: Caller, request: Json) -> Json:
        stack = self.store.get(caller.account, caller.region, request["StackName"])
        logical_id = request["LogicalResourceId"]
        resource = self.store.resource(stack, logical_id)
        if resource is None:
            raise AwsError("ValidationError", f"Resource {logical_id} does not exist for stack {stack.name}")
        detail = _resource(stack, resource, "LastUpdatedTimestamp")
        known = resource.live or resource.wanted
        if known is not None and known.metadata is not None:
            detail["Metadata"] = json.dumps(known.metadata)
        return {"StackResourceDetail": detail}

    def describe_resources(self, caller: Caller, request: Json) -> Json:
        stack = self._stack_of(caller, request)
        resources = self.store.resources(stack).values()
        wanted = request.get("LogicalResourceId")
        if wanted and wanted not in {resource.logical_id for resource in resources}:
            raise AwsError("ValidationError", f"Resource {wanted} does not exist for stack {stack.name}")
        found = [item for item in resources if not wanted or item.logical_id == wanted]
        return {"StackResources": [_resource(stack, item, "Timestamp") for item in found[:_PAGE]]}

    def _stack_of(self, caller: Caller, request: Json) -> Stack:
        """The stack by name, or the one that a physical resource belongs to."""
        if "StackName" in request:
            return self.store.get(caller.account, caller.region, request["StackName"])
        physical = _required(request, "PhysicalResourceId")
        for stack in self.store.stacks(caller.account, caller.region):
            if any(item.physical_id == physical for item in self.store.resources(stack).values()):
                return stack
        raise AwsError("ValidationError", f"Stack for {physical} does not exist")

    def list_resources(self, caller: Caller, request: Json) -> Json:
        stack = self.store.get(caller.account, caller.region, request["StackName"])
        found = [_listed(item) for item in self.store.resources(stack).values()]
        return page("StackResourceSummaries", found, request)

    def list_exports(self, caller: Caller, request: Json) -> Json:
        found = [
            {"ExportingStackId": shared.stack_id, "Name": name, "Value": value}
            for name, (shared, value) in sorted(exported(self.store, caller.account, caller.region).items())
        ]
        return page("Exports", found, request)

    def list_imports(self, caller: Caller, request: Json) -> Json:
        name = request["ExportName"]
        if name not in exported(self.store, caller.account, caller.region):
            raise AwsError("ValidationError", f"Export '{name}' does not exist")
        names = importers(self.store, caller.account, caller.region, name)
        if not names:
            raise AwsError("ValidationError", f"Export '{name}' is not imported by any stack.")
        return page("Imports", names, request)


def page(member: str, items: Sequence[Any], request: Json, size: int = _PAGE) -> Json:
    """One page of a list, with `NextToken` where there is more. Raises AwsError (ValidationError)."""
    try:
        found, token = cut_page(items, request.get("NextToken"), int(request.get("MaxResults", size)))
    except (ValueError, TypeError) as error:
        raise AwsError("ValidationError", "NextToken is not one that was given out for this list") from error
    return {member: list(found), **({"NextToken": token} if token else {})}


def described(stack: Stack) -> Json:
    """One member of DescribeStacks."""
    body: Json = {
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": stack.deployment.description,
        "Parameters": [value.described(name) for name, value in stack.deployment.parameters.items()],
        "CreationTime": stack.created,
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": [],
        "Capabilities": list(stack.deployment.capabilities),
        "Outputs": list(stack.outputs) or None,
        "RoleARN": stack.acting.role_arn,
        "Tags": tag_list(stack.deployment.tags),
        "EnableTerminationProtection": stack.termination_protection,
        "DriftInformation": stack.drift,
        "ChangeSetId": stack.change_set_id,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
    }
    return {name: value for name, value in body.items() if value not in (None, "")}


def summary(stack: Stack) -> Json:
    """One member of ListStacks."""
    body = {
        "StackId": stack.id,
        "StackName": stack.name,
        "TemplateDescription": stack.deployment.description,
        "CreationTime": stack.created,
        "LastUpdatedTime": stack.updated,
        "DeletionTime": stack.deleted,
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DriftInformation": stack.drift,
    }
    return {name: value for name, value in body.items() if value not in (None, "")}


def tag_list(tags: Mapping[str, str]) -> list[Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _resource(stack: Stack, resource: Resource, time_member: str) -> Json:
    body = {**_listed(resource), "StackName": stack.name, "StackId": stack.id}
    body[time_member] = body.pop("LastUpdatedTimestamp")
    return body


def _listed(resource: Resource) -> Json:
    body: Json = {
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.type,
        "LastUpdatedTimestamp": resource.time,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": resource.drift,
    }
    return {name: value for name, value in body.items() if value not in (None, "")}


def _required(request: Json, name: str) -> Any:
    if not request.get(name):
        raise AwsError("ValidationError", f"{name} is required")
    return request[name]
