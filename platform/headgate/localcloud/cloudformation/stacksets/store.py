"""StackSets, instances, operations and their steps, as documents in the account and region of the StackSet."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict

from headgate.localcloud.cloudformation.stacksets.model import Instance, SetOperation, StackSet, Step
from headgate.localcloud.documents import Documents, Key, MissingError
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Clock

_SET = "cfn-stack-set"
_INSTANCE = "cfn-stack-instance"
_OPERATION = "cfn-stack-set-operation"
_STEP = "cfn-stack-set-step"


class StackSetStore:
    """Each method is one transaction."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self.documents = documents
        self.clock = clock

    def transaction(self) -> AbstractContextManager[None]:
        return self.documents.transaction()

    def put(self, stack_set: StackSet) -> None:
        self.documents.put(_key(stack_set, _SET, stack_set.id), stack_set.as_json())

    def change(self, stack_set: StackSet, change: Callable[[StackSet], StackSet]) -> StackSet:
        """Read, change and write in one step."""
        with self.transaction():
            changed = change(StackSet.from_json(self.documents.get(_key(stack_set, _SET, stack_set.id))))
            self.put(changed)
            return changed

    def sets(self, account: str | None = None, region: str | None = None) -> list[StackSet]:
        """StackSets, deleted ones too, in the order of their creation."""
        return [StackSet.from_json(body) for _, body in self.documents.list(_SET, account=account, region=region)]

    def find(self, caller: Caller, name_or_id: str) -> StackSet | None:
        """An active StackSet by name, id or ARN; a deleted one by id only."""
        wanted = name_or_id.rpartition("stackset/")[2]
        for stack_set in self.sets(caller.account, caller.region):
            if stack_set.id == wanted or (stack_set.name == wanted and stack_set.status == "ACTIVE"):
                return stack_set
        return None

    def get(self, caller: Caller, name_or_id: str) -> StackSet:
        """As `find`. Raises AwsError (StackSetNotFoundException)."""
        found = self.find(caller, name_or_id)
        if found is None or found.status != "ACTIVE":
            raise AwsError("StackSetNotFoundException", f"StackSet {name_or_id} not found", status=404)
        return found

    def put_instance(self, stack_set: StackSet, instance: Instance) -> None:
        name = f"{stack_set.id}/{instance.account}/{instance.region}"
        self.documents.put(_key(stack_set, _INSTANCE, name), instance.as_json())

    def drop_instance(self, stack_set: StackSet, account: str, region: str) -> None:
        try:
            self.documents.delete(_key(stack_set, _INSTANCE, f"{stack_set.id}/{account}/{region}"))
        except MissingError:
            return

    def instance(self, stack_set: StackSet, account: str, region: str) -> Instance | None:
        body = self.documents.find(_key(stack_set, _INSTANCE, f"{stack_set.id}/{account}/{region}"))
        return Instance.from_json(body) if body else None

    def instances(self, stack_set: StackSet, account: str = "") -> list[Instance]:
        """The instances of a StackSet, of one account if given."""
        prefix = f"{stack_set.id}/{account}/" if account else f"{stack_set.id}/"
        found = self.documents.list(_INSTANCE, account=stack_set.account, region=stack_set.region, prefix=prefix)
        return [Instance.from_json(body) for _, body in found]

    def begin(self, stack_set: StackSet, operation: SetOperation, steps: Iterable[Step]) -> None:
        """Keep a new operation with all its steps."""
        with self.transaction():
            self.put_operation(stack_set, operation)
            for step in steps:
                self.put_step(stack_set, operation.id, step)

    def put_operation(self, stack_set: StackSet, operation: SetOperation) -> None:
        self.documents.put(_key(stack_set, _OPERATION, f"{stack_set.id}/{operation.id}"), operation.as_json())

    def change_operation(
        self, stack_set: StackSet, operation_id: str, change: Callable[[SetOperation], SetOperation]
    ) -> SetOperation:
        with self.transaction():
            changed = change(self.operation(stack_set, operation_id))
            self.put_operation(stack_set, changed)
            return changed

    def look_for_operation(self, stack_set: StackSet, operation_id: str) -> SetOperation | None:
        body = self.documents.find(_key(stack_set, _OPERATION, f"{stack_set.id}/{operation_id}"))
        return SetOperation.from_json(body) if body else None

    def operation(self, stack_set: StackSet, operation_id: str) -> SetOperation:
        """Raises AwsError (OperationNotFoundException)."""
        found = self.look_for_operation(stack_set, operation_id)
        if found is None:
            raise AwsError("OperationNotFoundException", f"Operation {operation_id} not found", status=404)
        return found

    def operations(self, stack_set: StackSet) -> list[SetOperation]:
        """In the order that they were asked for."""
        prefix = f"{stack_set.id}/"
        found = self.documents.list(_OPERATION, account=stack_set.account, region=stack_set.region, prefix=prefix)
        return [SetOperation.from_json(body) for _, body in found]

    def put_step(self, stack_set: StackSet, operation_id: str, step: Step) -> None:
        name = f"{stack_set.id}/{operation_id}/{step.account}/{step.region}"
        self.documents.put(_key(stack_set, _STEP, name), asdict(step))

    def steps(self, stack_set: StackSet, operation_id: str) -> list[Step]:
        prefix = f"{stack_set.id}/{operation_id}/"
        found = self.documents.list(_STEP, account=stack_set.account, region=stack_set.region, prefix=prefix)
        return [Step.from_json(body) for _, body in found]


def _key(stack_set: StackSet, kind: str, name: str) -> Key:
    return Key(stack_set.account, stack_set.region, kind, name)
