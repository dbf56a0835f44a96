"""CreateStack, UpdateStack, DeleteStack and what else changes a stack."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from headgate.localcloud.cloudformation.api.prepare import Preparation, place_of, refuse_unsupported
from headgate.localcloud.cloudformation.changes.compute import stack_changes
from headgate.localcloud.cloudformation.stacks.acting import Acting, acting_for
from headgate.localcloud.cloudformation.stacks.engine import StackEngine
from headgate.localcloud.cloudformation.stacks.records import Deployment, Operation, Stack
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.seams import Operation as ApiOperation

_NAME = re.compile(r"^[a-zA-Z][-a-zA-Z0-9]{0,127}$")
UPDATABLE = frozenset(
    {
        "CREATE_COMPLETE",
        "CREATE_FAILED",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)
NO_UPDATES = "No updates are to be performed."


@dataclass(frozen=True, slots=True)
class StackOperations:
    """The operations, by name in `table`."""

    engine: StackEngine

    def table(self) -> Mapping[str, ApiOperation]:
        return {
            "CreateStack": self.create,
            "UpdateStack": self.update,
            "DeleteStack": self.delete,
            "ContinueUpdateRollback": self.continue_update_rollback,
            "UpdateTerminationProtection": self.update_termination_protection,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        refuse_unsupported(request)
        token = request.get("ClientRequestToken", "")
        repeated = self._repeated(caller, request["StackName"], token, "CreateStack")
        if repeated:
            return {"StackId": repeated.id}
        if "DisableRollback" in request and "OnFailure" in request:
            raise AwsError("ValidationError", "You can specify either DisableRollback or OnFailure, but not both.")
        stack = self.new_stack(caller, request["StackName"], request.get("RoleARN", ""))
        prepared = Preparation(self.engine.tools, stack.acting).deployment(request, place_of(stack))
        on_failure = "DO_NOTHING" if request.get("DisableRollback") else request.get("OnFailure", "ROLLBACK")
        operation = Operation(
            id=str(uuid.uuid4()),
            kind="CREATE",
            phase="deploy",
            token=token,
            on_failure=on_failure,
            retain_except_on_create=bool(request.get("RetainExceptOnCreate")),
        )
        stack = replace(
            stack,
            deployment=prepared.deployment,
            operation=operation,
            disable_rollback=on_failure == "DO_NOTHING",
            termination_protection=bool(request.get("EnableTerminationProtection")),
            tokens={token: "CreateStack"} if token else {},
        )
        self.begin_new(stack)
        return {"StackId": stack.id}

    def begin_new(self, stack: Stack) -> None:
        """Store a stack whose record holds its creation, and run it."""
        store = self.engine.tools.store
        with store.transaction():
            store.insert(stack)
            stack = store.set_status(stack, "CREATE_IN_PROGRESS", "User Initiated")
        self.engine.start(stack)

    def new_stack(self, caller: Caller, name: str, role_arn: str, status: str = "CREATE_IN_PROGRESS") -> Stack:
        """A stack that is not stored yet. Raises AwsError (ValidationError, AlreadyExistsException)."""
        if not _NAME.match(name):
            raise AwsError(
                "ValidationError",
                f"1 validation error detected: Value '{name}' at 'stackName' failed to satisfy constraint: Member must "
                f"satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*",
            )
        if self.engine.tools.store.find(caller.account, caller.region, name):
            raise AwsError("AlreadyExistsException", f"Stack [{name}] already exists")
        stack_id = caller.arn("cloudformation", f"stack/{name}/{uuid.uuid4()}")
        now = self.engine.tools.store.clock.now()
        empty = Deployment("", {}, {})
        acting = acting_for(caller, role_arn)
        return Stack(stack_id, name, caller.account, caller.region, status, now, acting, empty)

    def update(self, caller: Caller, request: Json) -> Json:
        refuse_unsupported(request)
        store = self.engine.tools.store
        token = request.get("ClientRequestToken", "")
        repeated = self._repeated(caller, request["StackName"], token, "UpdateStack")
        if repeated:
            return {"StackId": repeated.id}
        stack = store.get(caller.account, caller.region, request["StackName"])
        check_updatable(stack)
        acting = acting_for(caller, request.get("RoleARN", "") or stack.acting.role_arn)
        prepared = Preparation(self.engine.tools, acting).deployment(request, place_of(stack), stack.deployment)
        changed = stack_changes(self.engine.tools, replace(stack, acting=acting), prepared)
        if not changed.any and stack.status not in ("CREATE_FAILED", "UPDATE_FAILED"):
            raise AwsError("ValidationError", NO_UPDATES)
        self.begin_update(
            stack,
            acting,
            prepared.deployment,
            token=token,
            action="UpdateStack",
            on_failure="DO_NOTHING" if request.get("DisableRollback") else "ROLLBACK",
            retain_except_on_create=bool(request.get("RetainExceptOnCreate")),
        )
        return {"StackId": stack.id}

    def begin_update(
        self,
        stack: Stack,
        acting: Acting,
        deployment: Deployment,
        *,
        token: str,
        action: str,
        on_failure: str,
        retain_except_on_create: bool = False,
    ) -> Stack:
        """Put an update into the stack's record and run it. Raises AwsError when another operation was faster."""
        store = self.engine.tools.store
        with store.transaction():
            now = store.again(stack)
            check_updatable(now)
            operation = _update_operation(now, token, on_failure, retain=retain_except_on_create)
            tokens = {**now.tokens, **({token: action} if token else {})}
            now = store.set_status(
                replace(now, operation=operation),
                "UPDATE_IN_PROGRESS",
                "User Initiated",
                operation=operation,
                deployment=deployment,
                acting=acting,
                tokens=tokens,
                updated=store.clock.now(),
            )
        self.engine.start(now)
        return now

    def delete(self, caller: Caller, request: Json) -> Json:
        store = self.engine.tools.store
        stack = store.find(caller.account, caller.region, request["StackName"])
        if stack is None or stack.gone:
            return {}
        with store.transaction():
            stack = store.again(stack)
            if stack.status == "DELETE_IN_PROGRESS":
                return {}
            operation = _delete_operation(stack, request)
            acting = acting_for(caller, request.get("RoleARN", "") or stack.acting.role_arn)
            if stack.status == "REVIEW_IN_PROGRESS":
                store.set_status(stack, "DELETE_COMPLETE", deleted=store.clock.now())
                return {}
            stack = store.set_status(
                replace(stack, operation=operation),
                "DELETE_IN_PROGRESS",
                "User Initiated",
                operation=operation,
                acting=acting,
            )
        self.engine.start(stack)
        return {}

    def continue_update_rollback(self, caller: Caller, request: Json) -> Json:
        store = self.engine.tools.store
        with store.transaction():
            stack = store.get(caller.account, caller.region, request["StackName"])
            if stack.status != "UPDATE_ROLLBACK_FAILED" or stack.operation is None:
                raise _not_now(stack, "rollback cannot be continued")
            skip = tuple(request.get("ResourcesToSkip", ()))
            unknown = sorted(set(skip) - set(store.resources(stack)))
            if unknown:
                raise AwsError("ValidationError", f"the stack has no resource {unknown[0]} to skip")
            token = request.get("ClientRequestToken", "")
            operation = replace(stack.operation, skip=skip, token=token)
            acting = acting_for(caller, request.get("RoleARN", "") or stack.acting.role_arn)
            stack = store.set_status(
                stack, "UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated", operation=operation, acting=acting
            )
        self.engine.start(stack)
        return {}

    def update_termination_protection(self, caller: Caller, request: Json) -> Json:
        store = self.engine.tools.store
        stack = store.get(caller.account, caller.region, request["StackName"])
        store.change(stack, lambda now: replace(now, termination_protection=request["EnableTerminationProtection"]))
        return {"StackId": stack.id}

    def _repeated(self, caller: Caller, name: str, token: str, action: str) -> Stack | None:
        """The stack on which a request with this token was accepted already. Raises AwsError for another action."""
        stack = self.engine.tools.store.find(caller.account, caller.region, name) if token else None
        if stack is None or token not in stack.tokens:
            return None
        if stack.tokens[token] != action:
            raise AwsError(
                "TokenAlreadyExistsException", f"ClientRequestToken {token} was used for {stack.tokens[token]}"
            )
        return stack


def check_updatable(stack: Stack) -> None:
    """Raises AwsError (ValidationError) unless an update may begin."""
    if stack.status not in UPDATABLE:
        raise _not_now(stack, "can not be updated")


def _update_operation(stack: Stack, token: str, on_failure: str, *, retain: bool) -> Operation:
    """A new update; one that follows a failed update that was not rolled back rolls back to before that."""
    failed = stack.operation if stack.status == "UPDATE_FAILED" else None
    return Operation(
        id=failed.id if failed else str(uuid.uuid4()),
        kind="UPDATE",
        phase="deploy",
        token=token,
        on_failure=on_failure,
        retain_except_on_create=retain,
        previous=failed.previous if failed else stack.deployment,
        previous_outputs=failed.previous_outputs if failed else stack.outputs,
    )


def _delete_operation(stack: Stack, request: Json) -> Operation:
    if stack.termination_protection:
        raise AwsError(
            "ValidationError", f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
        )
    if stack.status.endswith("_IN_PROGRESS") and stack.status != "REVIEW_IN_PROGRESS":
        raise _not_now(stack, "can not be deleted")
    retain = tuple(request.get("RetainResources", ()))
    force = request.get("DeletionMode") == "FORCE_DELETE_STACK"
    if (retain or force) and stack.status != "DELETE_FAILED":
        raise AwsError(
            "ValidationError",
            f"Invalid operation on stack [{stack.id}]. RetainResources and FORCE_DELETE_STACK are for stacks in "
            f"DELETE_FAILED",
        )
    return Operation(
        id=str(uuid.uuid4()),
        kind="DELETE",
        phase="delete",
        token=request.get("ClientRequestToken", ""),
        skip=retain,
        force=force,
    )


def _not_now(stack: Stack, what: str) -> AwsError:
    return AwsError("ValidationError", f"Stack:{stack.id} is in {stack.status} state and {what}.")


def refuse_import(request: Json) -> None:
    """Raises AwsError (501) for change sets that import."""
    if (
        request.get("ChangeSetType") == "IMPORT"
        or request.get("ResourcesToImport")
        or request.get("ImportExistingResources")
    ):
        raise unsupported("importing resources into stacks")
