"""The API of StackSets, what reads them: Describe… and List…."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headgate.localcloud.cloudformation.api.describe import page, tag_list
from headgate.localcloud.cloudformation.stacksets.model import SERVICE_MANAGED, Instance, SetOperation, StackSet, Step
from headgate.localcloud.cloudformation.stacksets.roles import EXECUTION
from headgate.localcloud.cloudformation.stacksets.store import StackSetStore
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Caller, Json, Operation


@dataclass(frozen=True, slots=True)
class StackSetDescriptions:
    """The operations, by name in `table`."""

    store: StackSetStore

    def table(self) -> Mapping[str, Operation]:
        return {
            "DescribeStackSet": self.describe,
            "ListStackSets": self.list_sets,
            "DescribeStackInstance": self.describe_instance,
            "ListStackInstances": self.list_instances,
            "DescribeStackSetOperation": self.describe_operation,
            "ListStackSetOperations": self.list_operations,
            "ListStackSetOperationResults": self.list_results,
            "ListStackSetAutoDeploymentTargets": self.list_targets,
        }

    def describe(self, caller: Caller, request: Json) -> Json:
        return {"StackSet": _described(self._find(caller, request))}

    def list_sets(self, caller: Caller, request: Json) -> Json:
        wanted = request.get("Status")
        found = [
            _summary(one) for one in self.store.sets(caller.account, caller.region) if wanted in (None, one.status)
        ]
        return page("Summaries", found, request)

    def describe_instance(self, caller: Caller, request: Json) -> Json:
        stack_set = self._find(caller, request)
        account, region = request["StackInstanceAccount"], request["StackInstanceRegion"]
        instance = self.store.instance(stack_set, account, region)
        if instance is None:
            raise AwsError(
                "StackInstanceNotFoundException",
                f"Stack instance {account}/{region} of StackSet {stack_set.name} not found",
                status=404,
            )
        return {"StackInstance": {**_instance(instance), "ParameterOverrides": instance.overrides}}

    def list_instances(self, caller: Caller, request: Json) -> Json:
        stack_set = self._find(caller, request)
        account, region = request.get("StackInstanceAccount"), request.get("StackInstanceRegion")
        filters = {item["Name"]: item["Values"] for item in request.get("Filters", ())}
        found = [
            _instance(one)
            for one in self.store.instances(stack_set)
            if account in (None, one.account) and region in (None, one.region) and _passes(one, filters)
        ]
        return page("Summaries", found, request)

    def describe_operation(self, caller: Caller, request: Json) -> Json:
        stack_set = self._find(caller, request)
        operation = self.store.operation(stack_set, request["OperationId"])
        steps = self.store.steps(stack_set, operation.id)
        body = {
            **_operation(operation, steps),
            "StackSetId": stack_set.id,
            "AdministrationRoleARN": stack_set.administration_role_arn,
            "RetainStacks": operation.retain if operation.action == "DELETE" else None,
            "OperationPreferences": operation.preferences,
            "DeploymentTargets": operation.targets or None,
        }
        return {"StackSetOperation": {name: value for name, value in body.items() if value not in (None, "")}}

    def list_operations(self, caller: Caller, request: Json) -> Json:
        stack_set = self._find(caller, request)
        found = [
            _operation(one, self.store.steps(stack_set, one.id)) for one in reversed(self.store.operations(stack_set))
        ]
        return page("Summaries", found, request)

    def list_results(self, caller: Caller, request: Json) -> Json:
        stack_set = self._find(caller, request)
        operation = self.store.operation(stack_set, request["OperationId"])
        steps = self.store.steps(stack_set, operation.id)
        filters = {item["Name"]: item["Values"] for item in request.get("Filters", ())}
        wanted = filters.get("OPERATION_RESULT_STATUS")
        found = [_result(step) for step in steps if wanted in (None, step.status)]
        return page("Summaries", found, request)

    def list_targets(self, caller: Caller, request: Json) -> Json:
        targets = self._find(caller, request).targets.items()
        found = [{"OrganizationalUnitId": unit, "Regions": target["regions"]} for unit, target in targets]
        return page("Summaries", found, request)

    def _find(self, caller: Caller, request: Json) -> StackSet:
        """The StackSet that a request names, a deleted one by its id. Raises AwsError."""
        if request.get("CallAs", "SELF") != "SELF":
            raise unsupported("delegated administrators of StackSets (CallAs DELEGATED_ADMIN)")
        found = self.store.find(caller, request["StackSetName"])
        if found is None:
            raise AwsError("StackSetNotFoundException", f"StackSet {request['StackSetName']} not found", status=404)
        return found


def _passes(instance: Instance, filters: Mapping[str, str]) -> bool:
    values = {
        "DETAILED_STATUS": instance.detailed_status,
        "LAST_OPERATION_ID": instance.last_operation,
        "DRIFT_STATUS": instance.drift_status,
    }
    return all(values.get(name) == wanted for name, wanted in filters.items())


def _described(stack_set: StackSet) -> Json:
    managed = stack_set.permission_model == SERVICE_MANAGED
    return {
        **_summary(stack_set),
        "TemplateBody": stack_set.template,
        "Parameters": stack_set.parameters,
        "Capabilities": stack_set.capabilities,
        "Tags": tag_list(stack_set.tags),
        "StackSetARN": stack_set.arn,
        "OrganizationalUnitIds": list(stack_set.targets),
        "Regions": sorted({region for target in stack_set.targets.values() for region in target["regions"]}),
        **({} if managed else {"AdministrationRoleARN": stack_set.administration_role_arn}),
        **({} if managed else {"ExecutionRoleName": stack_set.execution_role_name or EXECUTION}),
    }


def _summary(stack_set: StackSet) -> Json:
    return {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "Description": stack_set.description,
        "Status": stack_set.status,
        "PermissionModel": stack_set.permission_model,
        "AutoDeployment": stack_set.auto_deployment or {"Enabled": False},
        "ManagedExecution": {"Active": stack_set.managed_execution},
    }


def _instance(instance: Instance) -> Json:
    body = {
        "StackSetId": instance.stack_set_id,
        "Region": instance.region,
        "Account": instance.account,
        "StackId": instance.stack_id,
        "Status": instance.status,
        "StatusReason": instance.reason,
        "StackInstanceStatus": {"DetailedStatus": instance.detailed_status},
        "OrganizationalUnitId": instance.ou,
        "DriftStatus": instance.drift_status,
        "LastDriftCheckTimestamp": instance.drift_checked,
        "LastOperationId": instance.last_operation,
    }
    return {name: value for name, value in body.items() if value not in (None, "")}


def _operation(operation: SetOperation, steps: list[Step]) -> Json:
    failed = sum(step.status == "FAILED" for step in steps)
    body = {
        "OperationId": operation.id,
        "Action": operation.action,
        "Status": operation.status,
        "StatusReason": operation.reason,
        "CreationTimestamp": operation.created,
        "EndTimestamp": operation.ended,
        "StatusDetails": {"FailedStackInstancesCount": failed},
    }
    return {name: value for name, value in body.items() if value not in (None, "")}


def _result(step: Step) -> Json:
    body = {
        "Account": step.account,
        "Region": step.region,
        "Status": step.status,
        "StatusReason": step.reason,
        "AccountGateResult": {"Status": "SKIPPED", "StatusReason": "the account has no account gate function"},
        "OrganizationalUnitId": step.ou,
    }
    return {name: value for name, value in body.items() if value not in (None, "")}
