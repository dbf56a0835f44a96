"""One instance of a StackSet brought to where it should be: its stack created, updated or deleted, as the role."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import Any

from headgate.localcloud.cloudformation.stacks.acting import Access
from headgate.localcloud.cloudformation.stacks.engine import StackEngine
from headgate.localcloud.cloudformation.stacks.records import Stack
from headgate.localcloud.cloudformation.stacks.shared_templates import SharedTemplates
from headgate.localcloud.cloudformation.stacksets.model import Instance, SetOperation, StackSet, Step
from headgate.localcloud.cloudformation.stacksets.roles import Roles
from headgate.localcloud.cloudformation.stacksets.store import StackSetStore
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_STILLBORN = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")


class InstanceError(Exception):
    """An instance could not be brought to where it should be; the message is its status reason."""


@dataclass(frozen=True, slots=True)
class InstanceWork:
    """Does the steps of operations. Each may be done again after an interruption."""

    store: StackSetStore
    engine: StackEngine
    access: Access
    roles: Roles
    templates: SharedTemplates

    def do(self, stack_set: StackSet, operation: SetOperation, step: Step) -> None:
        """One step to its end. Raises InstanceError; the instance's record says what came of it."""
        instance = self._instance(stack_set, operation, step)
        if instance is None:
            return
        running = replace(instance, detailed_status="RUNNING", last_operation=operation.id)
        self.store.put_instance(stack_set, running)
        try:
            if operation.action == "DELETE":
                self._remove(stack_set, operation, running)
                return
            client = self._client(stack_set, running)
            if operation.action == "DETECT_DRIFT":
                self._detect(stack_set, running, client)
                return
            stack = self._bring(stack_set, running, client)
        except Exception as error:
            reason = _reason(error)
            status = "INOPERABLE" if operation.action == "DELETE" else "OUTDATED"
            found = self._stack(running)
            stack_id = found.id if found else ""
            self.store.put_instance(
                stack_set,
                replace(running, status=status, detailed_status="FAILED", reason=reason, stack_id=stack_id),
            )
            raise InstanceError(reason) from error
        good = replace(running, status="CURRENT", detailed_status="SUCCEEDED", reason="", stack_id=stack.id)
        self.store.put_instance(stack_set, good)

    def _instance(self, stack_set: StackSet, operation: SetOperation, step: Step) -> Instance | None:
        """The instance's record with what the operation changes of it; None when there is nothing to delete."""
        found = self.store.instance(stack_set, step.account, step.region)
        if found is None:
            if operation.action != "CREATE":
                return None
            name = f"StackSet-{stack_set.name}-{uuid.uuid4()}"
            found = Instance(stack_set.id, step.account, step.region, step.ou, name[:128])
        if operation.overrides is not None:
            found = replace(found, overrides=_overridden(found.overrides, operation.overrides))
        return replace(found, ou=step.ou or found.ou)

    def _client(self, stack_set: StackSet, instance: Instance) -> Any:
        keys = self.roles.session(stack_set, instance.account)
        return self.access.session_client("cloudformation", keys, instance.region)

    def _stack(self, instance: Instance) -> Stack | None:
        store = self.engine.tools.store
        return store.find(instance.account, instance.region, instance.stack_name)

    def _settled(self, instance: Instance) -> Stack | None:
        """The instance's stack when no operation is under way on it."""
        stack = self._stack(instance)
        if stack is None:
            return None
        self.engine.join(stack.id)
        return self.engine.tools.store.again(stack)

    def _bring(self, stack_set: StackSet, instance: Instance, client: Any) -> Stack:
        stack = self._settled(instance)
        if stack is not None and stack.status in _STILLBORN:
            client.delete_stack(StackName=stack.id)
            self._check_gone(instance)
            stack = None
        request = self._request(stack_set, instance)
        if stack is None:
            client.create_stack(**request)
        elif not self._update(client, request):
            return stack
        stack = self._settled(instance)
        if stack is None or stack.status not in _DONE:
            reason = f"{stack.status}: {stack.reason}" if stack else "the stack is gone"
            raise InstanceError(f"ResourceLogicalId:{_culprit(self.engine, stack)} {reason}".strip())
        return stack

    def _check_gone(self, instance: Instance) -> None:
        left = self._settled(instance)
        if left is not None and not left.gone:
            raise InstanceError(f"the stack of the failed attempt cannot be deleted: {left.status}: {left.reason}")

    def _update(self, client: Any, request: Json) -> bool:
        """Begin an update; false when the stack is as it should be."""
        try:
            client.update_stack(**request)
        except client.exceptions.ClientError as error:
            if "No updates are to be performed" in str(error):
                return False
            raise
        return True

    def _request(self, stack_set: StackSet, instance: Instance) -> Json:
        return {
            "StackName": instance.stack_name,
            "TemplateURL": self.templates.url(stack_set.template),
            "Parameters": _merged(stack_set.parameters, instance.overrides),
            "Capabilities": stack_set.capabilities,
            "Tags": [{"Key": key, "Value": value} for key, value in stack_set.tags.items()],
        }

    def _remove(self, stack_set: StackSet, operation: SetOperation, instance: Instance) -> None:
        stack = self._settled(instance)
        if not operation.retain and stack is not None and not stack.gone:
            self._client(stack_set, instance).delete_stack(StackName=stack.id)
            self._check_gone(instance)
        self.store.drop_instance(stack_set, instance.account, instance.region)

    def _detect(self, stack_set: StackSet, instance: Instance, client: Any) -> None:
        client.detect_stack_drift(StackName=instance.stack_name)
        stack = self._settled(instance)
        status = stack.drift["StackDriftStatus"] if stack else "UNKNOWN"
        checked = self.store.clock.now()
        self.store.put_instance(
            stack_set, replace(instance, detailed_status="SUCCEEDED", drift_status=status, drift_checked=checked)
        )


def _overridden(before: list[Json], given: list[Json]) -> list[Json]:
    """An instance's overrides once it is given a list of them: `UsePreviousValue` keeps one, and one that is not in
    the list ends, so that the StackSet's own value holds again.
    """
    kept = {item["ParameterKey"]: item for item in before}
    return [
        kept[item["ParameterKey"]]
        if item.get("UsePreviousValue")
        else {name: item[name] for name in ("ParameterKey", "ParameterValue") if name in item}
        for item in given
        if not item.get("UsePreviousValue") or item["ParameterKey"] in kept
    ]


def _merged(base: list[Json], over: list[Json]) -> list[Json]:
    """Parameters by key, the later ones winning."""
    return list({item["ParameterKey"]: item for item in (*base, *over)}.values())


def _culprit(engine: StackEngine, stack: Stack | None) -> str:
    """The first resource that failed, and what it said."""
    if stack is None:
        return ""
    for event in reversed(engine.tools.store.events(stack)):
        if event["ResourceStatus"] in ("CREATE_FAILED", "UPDATE_FAILED") and event["LogicalResourceId"] != stack.name:
            return f"{event['LogicalResourceId']}, ResourceStatusReason:{event.get('ResourceStatusReason', '')}."
    return ""


def _reason(error: Exception) -> str:
    if isinstance(error, InstanceError):
        return str(error)
    if isinstance(error, AwsError):
        return f"{error.code}: {error.message}"
    return str(error) or repr(error)
