"""CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet, ListChangeSets."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from headgate.localcloud.cloudformation.api.describe import page, tag_list
from headgate.localcloud.cloudformation.api.prepare import Preparation, place_of, refuse_unsupported
from headgate.localcloud.cloudformation.api.stacks import StackOperations, check_updatable, refuse_import
from headgate.localcloud.cloudformation.changes.compute import stack_changes
from headgate.localcloud.cloudformation.changes.store import ChangeSetStore
from headgate.localcloud.cloudformation.stacks.acting import acting_for
from headgate.localcloud.cloudformation.stacks.records import Deployment, Operation, Stack
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.seams import Operation as ApiOperation

NO_CHANGES = "The submitted information didn't contain changes. Submit different information to create a change set."


@dataclass(frozen=True, slots=True)
class ChangeSetOperations:
    """The operations, by name in `table`."""

    stacks: StackOperations
    change_sets: ChangeSetStore

    def table(self) -> Mapping[str, ApiOperation]:
        return {
            "CreateChangeSet": self.create,
            "DescribeChangeSet": self.describe,
            "ExecuteChangeSet": self.execute,
            "DeleteChangeSet": self.delete,
            "ListChangeSets": self.list,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        refuse_unsupported(request)
        refuse_import(request)
        if request.get("DeploymentMode"):
            raise unsupported("DeploymentMode of change sets")
        stack = self._stack(caller, request)
        repeated = self.change_sets.look(caller, request["ChangeSetName"], stack.id)
        if repeated and request.get("ClientToken") and repeated["token"] == request["ClientToken"]:
            return {"Id": repeated["id"], "StackId": stack.id}
        acting = acting_for(caller, request.get("RoleARN", "") or stack.acting.role_arn)
        stack = replace(stack, acting=acting)
        previous = stack.deployment if stack.deployment.template else None
        prepared = Preparation(self.stacks.engine.tools, acting).deployment(request, place_of(stack), previous)
        changes = stack_changes(self.stacks.engine.tools, stack, prepared)
        store = self.stacks.engine.tools.store
        body: Json = {
            "id": caller.arn("cloudformation", f"changeSet/{request['ChangeSetName']}/{uuid.uuid4()}"),
            "name": request["ChangeSetName"],
            "account": caller.account,
            "region": caller.region,
            "stack_id": stack.id,
            "stack_name": stack.name,
            "created": store.clock.now(),
            "description": request.get("Description", ""),
            "token": request.get("ClientToken", ""),
            "status": "CREATE_COMPLETE" if changes.any or previous is None else "FAILED",
            "reason": "" if changes.any or previous is None else NO_CHANGES,
            "execution": "AVAILABLE" if changes.any or previous is None else "UNAVAILABLE",
            "changes": list(changes.resources),
            "deployment": asdict(prepared.deployment),
            "acting": acting.as_json(),
            "on_failure": request.get("OnStackFailure", ""),
            "kind": "UPDATE" if previous else "CREATE",
            "nested": bool(request.get("IncludeNestedStacks")),
        }
        with store.transaction():
            if stack.status == "REVIEW_IN_PROGRESS" and store.find(stack.account, stack.region, stack.name) is None:
                store.insert(stack)
                store.set_status(stack, "REVIEW_IN_PROGRESS", "User Initiated")
            self.change_sets.insert(body)
        return {"Id": body["id"], "StackId": stack.id}

    def _stack(self, caller: Caller, request: Json) -> Stack:
        """The stack that the change set is for; a new one in review when its type is CREATE."""
        store = self.stacks.engine.tools.store
        found = store.find(caller.account, caller.region, request["StackName"])
        if request.get("ChangeSetType", "UPDATE") == "CREATE":
            if found is not None and found.status != "REVIEW_IN_PROGRESS":
                raise AwsError(
                    "ValidationError",
                    f"Stack [{found.name}] already exists and cannot be created again with the changeSet "
                    f"[{request['ChangeSetName']}].",
                )
            role = request.get("RoleARN", "")
            return found or self.stacks.new_stack(caller, request["StackName"], role, "REVIEW_IN_PROGRESS")
        stack = store.get(caller.account, caller.region, request["StackName"])
        check_updatable(stack)
        return stack

    def describe(self, caller: Caller, request: Json) -> Json:
        body = self.change_sets.find(caller, request["ChangeSetName"], request.get("StackName", ""))
        deployment = Deployment.from_json(body["deployment"])
        status, execution = self._state(body)
        answer: Json = {
            "ChangeSetName": body["name"],
            "ChangeSetId": body["id"],
            "StackId": body["stack_id"],
            "StackName": body["stack_name"],
            "Description": body["description"],
            "Parameters": [value.described(name) for name, value in deployment.parameters.items()],
            "CreationTime": body["created"],
            "ExecutionStatus": execution,
            "Status": status,
            "StatusReason": body["reason"],
            "NotificationARNs": [],
            "RollbackConfiguration": {},
            "Capabilities": list(deployment.capabilities),
            "Tags": tag_list(deployment.tags),
            "IncludeNestedStacks": body["nested"],
            "OnStackFailure": body["on_failure"],
        }
        changes = body["changes"]
        if not request.get("IncludePropertyValues"):
            changes = [_without_values(change) for change in changes]
        answer |= page("Changes", changes, {key: item for key, item in request.items() if key == "NextToken"})
        return {name: value for name, value in answer.items() if value not in (None, "")}

    def execute(self, caller: Caller, request: Json) -> Json:
        body = self.change_sets.find(caller, request["ChangeSetName"], request.get("StackName", ""))
        token = request.get("ClientRequestToken", "")
        store = self.stacks.engine.tools.store
        stack = store.get(caller.account, caller.region, body["stack_id"])
        if token and stack.tokens.get(token) == "ExecuteChangeSet":
            return {}
        if body["status"] != "CREATE_COMPLETE" or body["execution"] != "AVAILABLE":
            raise AwsError(
                "InvalidChangeSetStatus",
                f"ChangeSet [{body['id']}] cannot be executed in its current status of [{body['status']}] and "
                f"execution status of [{body['execution']}]",
            )
        deployment = Deployment.from_json(body["deployment"])
        on_failure = _on_failure(request, body)
        acting = acting_for(caller, body["acting"]["role_arn"])
        with store.transaction():
            self._supersede(body)
            store.change(stack, lambda now: replace(now, change_set_id=body["id"]))
            if body["kind"] == "UPDATE":
                self.stacks.begin_update(
                    stack,
                    acting,
                    deployment,
                    token=token,
                    action="ExecuteChangeSet",
                    on_failure="DO_NOTHING" if on_failure == "DO_NOTHING" else "ROLLBACK",
                    retain_except_on_create=bool(request.get("RetainExceptOnCreate")),
                )
                return {}
            operation = Operation(
                id=str(uuid.uuid4()),
                kind="CREATE",
                phase="deploy",
                token=token,
                on_failure=on_failure,
                retain_except_on_create=bool(request.get("RetainExceptOnCreate")),
            )
            stack = store.set_status(
                replace(stack, operation=operation),
                "CREATE_IN_PROGRESS",
                "User Initiated",
                operation=operation,
                deployment=deployment,
                acting=acting,
                tokens={token: "ExecuteChangeSet"} if token else {},
                disable_rollback=on_failure == "DO_NOTHING",
            )
        self.stacks.engine.start(stack)
        return {}

    def delete(self, caller: Caller, request: Json) -> Json:
        body = self.change_sets.look(caller, request["ChangeSetName"], request.get("StackName", ""))
        if body is not None:
            if body["execution"] == "EXECUTE_IN_PROGRESS" and self._state(body)[1] == "EXECUTE_IN_PROGRESS":
                raise AwsError("InvalidChangeSetStatus", f"ChangeSet [{body['id']}] is being executed")
            self.change_sets.delete(body)
        return {}

    def list(self, caller: Caller, request: Json) -> Json:
        store = self.stacks.engine.tools.store
        stack = store.get(caller.account, caller.region, request["StackName"])
        found = self.change_sets.of_stack(caller.account, caller.region, stack.id)
        return page("Summaries", [self._summary(body) for body in found], request)

    def _supersede(self, executed: Json) -> None:
        """What is executed is marked so; the stack's other change sets are of a state that is past."""
        for body in self.change_sets.of_stack(executed["account"], executed["region"], executed["stack_id"]):
            if body["id"] == executed["id"]:
                self.change_sets.put({**body, "execution": "EXECUTE_IN_PROGRESS"})
            else:
                self.change_sets.delete(body)

    def _state(self, body: Json) -> tuple[str, str]:
        """Status and execution status; what is being executed is as far as its stack."""
        if body["execution"] != "EXECUTE_IN_PROGRESS":
            return body["status"], body["execution"]
        store = self.stacks.engine.tools.store
        stack = store.find(body["account"], body["region"], body["stack_id"])
        status = stack.status if stack else "DELETE_COMPLETE"
        if stack and stack.change_set_id == body["id"] and status.endswith("_IN_PROGRESS"):
            return body["status"], "EXECUTE_IN_PROGRESS"
        done = status in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        return body["status"], "EXECUTE_COMPLETE" if done else "EXECUTE_FAILED"

    def _summary(self, body: Json) -> Json:
        status, execution = self._state(body)
        answer = {
            "StackId": body["stack_id"],
            "StackName": body["stack_name"],
            "ChangeSetId": body["id"],
            "ChangeSetName": body["name"],
            "ExecutionStatus": execution,
            "Status": status,
            "StatusReason": body["reason"],
            "CreationTime": body["created"],
            "Description": body["description"],
        }
        return {name: value for name, value in answer.items() if value not in (None, "")}


def _on_failure(request: Json, body: Json) -> str:
    if request.get("DisableRollback"):
        return "DO_NOTHING"
    return str(body["on_failure"] or "ROLLBACK")


def _without_values(change: Json) -> Json:
    hidden = ("BeforeContext", "AfterContext")
    inner = {name: value for name, value in change["ResourceChange"].items() if name not in hidden}
    for detail in inner.get("Details", ()):
        detail["Target"].pop("AttributeChangeType", None)
    return {**change, "ResourceChange": inner}
