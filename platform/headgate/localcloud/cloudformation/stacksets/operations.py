"""Asking for operations of StackSets: idempotent by their id, one at a time unless execution is managed."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from headgate.localcloud.cloudformation.stacksets.model import SERVICE_MANAGED, SetOperation, StackSet, Step
from headgate.localcloud.cloudformation.stacksets.runner import StackSetRunner
from headgate.localcloud.cloudformation.stacksets.store import StackSetStore
from headgate.localcloud.cloudformation.stacksets.targets import OrganizationView, check_preferences, on_move
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

_AUTOMATIC: Json = {
    "FailureTolerancePercentage": 100,
    "MaxConcurrentPercentage": 100,
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    "RegionConcurrencyType": "PARALLEL",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """Where operations are asked for; it keeps them and lets the runner know."""

    store: StackSetStore
    runner: StackSetRunner
    organization: OrganizationView

    def repeated(self, stack_set: StackSet, request: Json, action: str) -> str | None:
        """The id of an operation that was accepted already. Raises AwsError when its id was used for something else."""
        operation_id = request.get("OperationId", "")
        found = self.store.look_for_operation(stack_set, operation_id) if operation_id else None
        if found is None:
            return None
        if found.digest != digest(action, request):
            raise AwsError(
                "OperationIdAlreadyExistsException", f"Operation {operation_id} was something else", status=409
            )
        return found.id

    def check_free(self, stack_set: StackSet) -> None:
        """Raises AwsError (OperationInProgressException) unless operations are queued."""
        if stack_set.managed_execution:
            return
        busy = next((one for one in self.store.operations(stack_set) if not one.over), None)
        if busy is not None:
            raise AwsError(
                "OperationInProgressException",
                f"Another Operation on StackSet {stack_set.arn} is in progress: {busy.id}",
                status=409,
            )

    def ask(
        self,
        stack_set: StackSet,
        action: str,
        request: Json,
        steps: Sequence[Step],
        **details: Any,
    ) -> str:
        """Keep an operation and start it as soon as it may run; its id. Call inside a transaction of the store."""
        preferences = request.get("OperationPreferences") or {}
        check_preferences(preferences)
        operation = SetOperation(
            id=request.get("OperationId") or str(uuid.uuid4()),
            stack_set_id=stack_set.id,
            account=stack_set.account,
            region=stack_set.region,
            action=action,
            created=self.store.clock.now(),
            preferences=preferences,
            targets=request.get("DeploymentTargets") or {},
            digest=digest(details.pop("asked", action), request),
            **details,
        )
        self.store.begin(stack_set, operation, steps)
        return operation.id

    def on_account_moved(self, account: str, from_ou: str, to_ou: str) -> None:
        """Automatic deployment: an account has come to stand under another OU, or (`to_ou` empty) has left.

        Instances are made for every OU above it that a StackSet deploys to, and removed where none is any more.
        """
        if from_ou == to_ou:
            return
        way = self.organization.way(account) if to_ou else ()
        for stack_set in self.store.sets():
            if not stack_set.automatic or stack_set.permission_model != SERVICE_MANAGED:
                continue
            if way and self.organization.manager(account) != stack_set.account:
                continue
            self._follow(stack_set, account, way)

    def _follow(self, stack_set: StackSet, account: str, way: Sequence[str]) -> None:
        instances = self.store.instances(stack_set, account)
        move = on_move(stack_set, account, way, instances)
        with self.store.transaction():
            for region, unit in move.keep:
                instance = self.store.instance(stack_set, account, region)
                if instance is not None:
                    self.store.put_instance(stack_set, replace(instance, ou=unit))
            for action, steps in (("DELETE", move.delete), ("CREATE", move.create)):
                if steps:
                    retain = bool(stack_set.auto_deployment.get("RetainStacksOnAccountRemoval"))
                    self.ask(stack_set, action, {"OperationPreferences": _AUTOMATIC}, steps, retain=retain)
        if move.delete or move.create:
            self.runner.advance(stack_set)


def digest(action: str, request: Json) -> str:
    """What tells one request from another, whatever its id."""
    asked = {name: value for name, value in request.items() if name not in ("OperationId", "CallAs")}
    return hashlib.sha256(json.dumps([action, asked], sort_keys=True, default=str).encode()).hexdigest()
