"""The API of StackSets, what changes them: Create/Update/DeleteStackSet, Create/Update/DeleteStackInstances, ..."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headgate.localcloud.cloudformation.api.prepare import Preparation, read
from headgate.localcloud.cloudformation.stacks.acting import Access, Acting
from headgate.localcloud.cloudformation.stacks.engine import Tools
from headgate.localcloud.cloudformation.stacksets.model import (
    SELF_MANAGED,
    SERVICE_MANAGED,
    Instance,
    StackSet,
    Step,
)
from headgate.localcloud.cloudformation.stacksets.operations import Desk
from headgate.localcloud.cloudformation.stacksets.roles import TRUSTED
from headgate.localcloud.cloudformation.stacksets.targets import Wish, accounts_of, read_wish, steps_of
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Caller, Json, Operation

_NAME = re.compile(r"^[a-zA-Z][a-zA-Z0-9-]{0,127}$")


@dataclass(frozen=True, slots=True)
class StackSetOperations:
    """The operations, by name in `table`."""

    tools: Tools
    access: Access
    desk: Desk

    def table(self) -> Mapping[str, Operation]:
        operations: dict[str, Operation] = {
            "CreateStackSet": self.create,
            "UpdateStackSet": self.update,
            "DeleteStackSet": self.delete,
            "CreateStackInstances": self.create_instances,
            "UpdateStackInstances": self.update_instances,
            "DeleteStackInstances": self.delete_instances,
            "DetectStackSetDrift": self.detect_drift,
            "StopStackSetOperation": self.stop,
        }
        access: dict[str, Operation] = {
            "ActivateOrganizationsAccess": self.activate,
            "DeactivateOrganizationsAccess": self.deactivate,
            "DescribeOrganizationsAccess": self.describe_access,
        }
        return {**{name: _as_self(operation) for name, operation in operations.items()}, **access}

    def create(self, caller: Caller, request: Json) -> Json:
        name = request["StackSetName"]
        if not _NAME.match(name):
            raise AwsError("ValidationError", f"'{name}' is no name of a StackSet")
        store = self.desk.store
        found = store.find(caller, name)
        if found is not None:
            if request.get("ClientRequestToken") and found.token == request["ClientRequestToken"]:
                return {"StackSetId": found.id}
            raise AwsError("NameAlreadyExistsException", f"StackSet {name} already exists", status=409)
        if request.get("StackId"):
            raise unsupported("importing a stack into a StackSet (StackId)")
        text = self._template(caller, request, "")
        stack_set = StackSet(
            id=f"{name}:{uuid.uuid4()}",
            name=name,
            account=caller.account,
            region=caller.region,
            template=text,
            permission_model=request.get("PermissionModel", SELF_MANAGED),
            created=store.clock.now(),
            description=request.get("Description", ""),
            parameters=list(request.get("Parameters", ())),
            capabilities=list(request.get("Capabilities", ())),
            tags=_tags(request),
            auto_deployment=request.get("AutoDeployment") or {},
            managed_execution=bool((request.get("ManagedExecution") or {}).get("Active")),
            administration_role_arn=request.get("AdministrationRoleARN", ""),
            execution_role_name=request.get("ExecutionRoleName", ""),
            token=request.get("ClientRequestToken", ""),
        )
        self._check(stack_set)
        store.put(stack_set)
        return {"StackSetId": stack_set.id}

    def update(self, caller: Caller, request: Json) -> Json:
        stack_set = self.desk.store.get(caller, request["StackSetName"])
        repeated = self.desk.repeated(stack_set, request, "UpdateStackSet")
        if repeated:
            return {"OperationId": repeated}
        self.desk.check_free(stack_set)
        changed = self._changed(caller, stack_set, request)
        self._check(changed)
        instances = self.desk.store.instances(stack_set)
        steps = self._chosen(changed, request, instances)
        with self.desk.store.transaction():
            self.desk.store.put(changed)
            chosen = {(step.account, step.region) for step in steps}
            for instance in instances:
                later = (instance.account, instance.region) not in chosen
                pending = replace(instance, status="OUTDATED", detailed_status="PENDING" if not later else "SUCCEEDED")
                self.desk.store.put_instance(changed, pending)
            operation = self.desk.ask(changed, "UPDATE", request, steps, asked="UpdateStackSet", whole_set=True)
        self.desk.runner.advance(changed)
        return {"OperationId": operation}

    def delete(self, caller: Caller, request: Json) -> Json:
        stack_set = self.desk.store.find(caller, request["StackSetName"])
        if stack_set is None or stack_set.status != "ACTIVE":
            raise AwsError("StackSetNotFoundException", f"StackSet {request['StackSetName']} not found", status=404)
        if any(not operation.over for operation in self.desk.store.operations(stack_set)):
            raise AwsError("OperationInProgressException", "an operation of the StackSet is in progress", status=409)
        if self.desk.store.instances(stack_set):
            raise AwsError(
                "StackSetNotEmptyException", "StackSet is not empty: delete its stack instances first", status=409
            )
        self.desk.store.put(replace(stack_set, status="DELETED"))
        return {}

    def create_instances(self, caller: Caller, request: Json) -> Json:
        def plan(stack_set: StackSet, wish: Wish) -> Sequence[Step]:
            steps = steps_of(accounts_of(wish, self.desk.organization), request["Regions"])
            for step in steps:
                if self.desk.store.instance(stack_set, step.account, step.region) is None:
                    instance = Instance(stack_set.id, step.account, step.region, step.ou, _stack_name(stack_set))
                    self.desk.store.put_instance(stack_set, instance)
            self._remember(stack_set, wish, request["Regions"])
            return steps

        return self._instances(caller, request, "CREATE", plan)

    def update_instances(self, caller: Caller, request: Json) -> Json:
        def plan(stack_set: StackSet, wish: Wish) -> Sequence[Step]:
            steps = steps_of(accounts_of(wish, self.desk.organization), request["Regions"])
            missing = [step for step in steps if self.desk.store.instance(stack_set, step.account, step.region) is None]
            if missing:
                first = f"{missing[0].account}/{missing[0].region}"
                raise AwsError("StackInstanceNotFoundException", f"Stack instance {first} not found", status=404)
            return steps

        return self._instances(caller, request, "UPDATE", plan)

    def delete_instances(self, caller: Caller, request: Json) -> Json:
        def plan(stack_set: StackSet, wish: Wish) -> Sequence[Step]:
            self._forget(stack_set, wish, request["Regions"])
            chosen = {account for account, _ in accounts_of(wish, self.desk.organization)}
            return [
                Step(one.account, one.region, one.ou)
                for one in self.desk.store.instances(stack_set)
                if one.region in request["Regions"] and (one.account in chosen or _by_unit(one, wish))
            ]

        return self._instances(caller, request, "DELETE", plan)

    def _instances(
        self, caller: Caller, request: Json, action: str, plan: Callable[[StackSet, Wish], Sequence[Step]]
    ) -> Json:
        stack_set = self.desk.store.get(caller, request["StackSetName"])
        asked = f"{action} instances"
        repeated = self.desk.repeated(stack_set, request, asked)
        if repeated:
            return {"OperationId": repeated}
        self.desk.check_free(stack_set)
        wish = read_wish(stack_set, request, self.desk.organization)
        overrides = request.get("ParameterOverrides")
        self._check_parameters(stack_set, overrides or ())
        with self.desk.store.transaction():
            operation = self.desk.ask(
                stack_set,
                action,
                request,
                plan(stack_set, wish),
                asked=asked,
                overrides=overrides,
                retain=bool(request.get("RetainStacks")),
            )
        self.desk.runner.advance(stack_set)
        return {"OperationId": operation}

    def detect_drift(self, caller: Caller, request: Json) -> Json:
        stack_set = self.desk.store.get(caller, request["StackSetName"])
        repeated = self.desk.repeated(stack_set, request, "DetectStackSetDrift")
        if repeated:
            return {"OperationId": repeated}
        self.desk.check_free(stack_set)
        steps = [Step(one.account, one.region, one.ou) for one in self.desk.store.instances(stack_set)]
        with self.desk.store.transaction():
            operation = self.desk.ask(stack_set, "DETECT_DRIFT", request, steps, asked="DetectStackSetDrift")
        self.desk.runner.advance(stack_set)
        return {"OperationId": operation}

    def stop(self, caller: Caller, request: Json) -> Json:
        stack_set = self.desk.store.get(caller, request["StackSetName"])
        operation = self.desk.store.operation(stack_set, request["OperationId"])
        if operation.over:
            raise AwsError("InvalidOperationException", f"Operation {operation.id} is {operation.status}")
        self.desk.store.change_operation(stack_set, operation.id, lambda now: replace(now, status="STOPPING"))
        self.desk.runner.advance(stack_set)
        return {}

    def activate(self, caller: Caller, _: Json) -> Json:
        self._organizations(caller).enable_aws_service_access(ServicePrincipal=TRUSTED)
        return {}

    def deactivate(self, caller: Caller, _: Json) -> Json:
        self._organizations(caller).disable_aws_service_access(ServicePrincipal=TRUSTED)
        return {}

    def describe_access(self, caller: Caller, _: Json) -> Json:
        return {"Status": "ENABLED" if self.desk.organization.manages(caller.account) else "DISABLED"}

    def _organizations(self, caller: Caller) -> Any:
        acting = Acting(caller.account, caller.region, caller.access_key, caller.principal)
        return self.tools.provisioner.sessions.client(acting, "organizations")

    def _template(self, caller: Caller, request: Json, previous: str) -> str:
        acting = Acting(caller.account, caller.region, caller.access_key, caller.principal)
        preparation = Preparation(self.tools, acting)
        text, limit = preparation.template_text(request, previous)
        preparation.check_registered(read(text, limit))
        return text

    def _changed(self, caller: Caller, stack_set: StackSet, request: Json) -> StackSet:
        """The StackSet as UpdateStackSet wants it; what a request leaves out stays, but for parameters."""
        text = self._template(caller, request, stack_set.template)
        before = {item["ParameterKey"]: item for item in stack_set.parameters}
        parameters = [
            before.get(item["ParameterKey"], item) if item.get("UsePreviousValue") else item
            for item in request.get("Parameters", ())
        ]
        managed = request.get("ManagedExecution")
        return replace(
            stack_set,
            template=text,
            parameters=parameters,
            description=request.get("Description", stack_set.description),
            capabilities=list(request.get("Capabilities", ())),
            tags=_tags(request) if "Tags" in request else stack_set.tags,
            permission_model=request.get("PermissionModel", stack_set.permission_model),
            auto_deployment=request.get("AutoDeployment", stack_set.auto_deployment),
            managed_execution=bool(managed.get("Active")) if managed is not None else stack_set.managed_execution,
            administration_role_arn=request.get("AdministrationRoleARN", stack_set.administration_role_arn),
            execution_role_name=request.get("ExecutionRoleName", stack_set.execution_role_name),
        )

    def _chosen(self, stack_set: StackSet, request: Json, instances: Sequence[Instance]) -> list[Step]:
        """The instances that an update is for: all, or those in the accounts and regions that it names."""
        chosen = list(instances)
        if request.get("Accounts") or request.get("DeploymentTargets"):
            wish = read_wish(stack_set, request, self.desk.organization)
            among = {account for account, _ in accounts_of(wish, self.desk.organization)}
            chosen = [one for one in chosen if one.account in among]
        if request.get("Regions"):
            chosen = [one for one in chosen if one.region in request["Regions"]]
        return [Step(one.account, one.region, one.ou) for one in chosen]

    def _check(self, stack_set: StackSet) -> None:
        """Raises AwsError (ValidationError) for settings that do not go together."""
        if stack_set.permission_model == SERVICE_MANAGED:
            if not self.desk.organization.manages(stack_set.account):
                raise AwsError(
                    "ValidationError",
                    "You must enable organizations access to operate a service managed stack set: call "
                    "ActivateOrganizationsAccess in the organization's management account",
                )
            if stack_set.administration_role_arn or stack_set.execution_role_name:
                raise AwsError("ValidationError", "roles are not given with SERVICE_MANAGED permissions")
        elif stack_set.auto_deployment.get("Enabled"):
            raise AwsError("ValidationError", "automatic deployment needs SERVICE_MANAGED permissions")
        self._check_parameters(stack_set, stack_set.parameters)

    def _check_parameters(self, stack_set: StackSet, given: Sequence[Json]) -> None:
        declared = _declared(stack_set.template)
        unknown = [item["ParameterKey"] for item in given if item["ParameterKey"] not in declared]
        if unknown:
            raise AwsError("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")

    def _remember(self, stack_set: StackSet, wish: Wish, regions: Sequence[str]) -> None:
        """OUs that are deployed to as such are followed by automatic deployment."""
        if wish.filter == "INTERSECTION":
            return

        def change(now: StackSet) -> StackSet:
            targets = dict(now.targets)
            for unit in wish.units:
                known = targets.get(unit, {"regions": [], "except": []})
                excluded = list(wish.accounts) if wish.filter == "DIFFERENCE" else []
                targets[unit] = {"regions": list(dict.fromkeys([*known["regions"], *regions])), "except": excluded}
            return replace(now, targets=targets)

        self.desk.store.change(stack_set, change)

    def _forget(self, stack_set: StackSet, wish: Wish, regions: Sequence[str]) -> None:
        if wish.filter != "NONE":
            return

        def change(now: StackSet) -> StackSet:
            targets = dict(now.targets)
            for unit in set(wish.units) & set(targets):
                left = [region for region in targets[unit]["regions"] if region not in regions]
                targets[unit] = {**targets[unit], "regions": left}
                if not left:
                    del targets[unit]
            return replace(now, targets=targets)

        self.desk.store.change(stack_set, change)


def _as_self(operation: Operation) -> Operation:
    """The operation for administrators themselves; delegated ones are refused."""

    def call(caller: Caller, request: Json) -> Json:
        if request.get("CallAs", "SELF") != "SELF":
            raise unsupported("delegated administrators of StackSets (CallAs DELEGATED_ADMIN)")
        return operation(caller, request)

    return call


def _by_unit(instance: Instance, wish: Wish) -> bool:
    """Instances of an OU go with it, also those of accounts that have left it."""
    return wish.filter == "NONE" and instance.ou != "" and instance.ou in wish.units


def _stack_name(stack_set: StackSet) -> str:
    return f"StackSet-{stack_set.name}-{uuid.uuid4()}"[:128]


def _tags(request: Json) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


@functools.lru_cache(maxsize=32)
def _declared(template: str) -> frozenset[str]:
    """The names of a template's parameters, read once for all the accounts that it is deployed to."""
    return frozenset(read(template).parameters)
