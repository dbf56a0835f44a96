"""Stacks, resources, events and what is left to clean up, as documents. Each method is one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace

from headgate.localcloud.cloudformation.stacks.records import Incarnation, Resource, Stack
from headgate.localcloud.documents import Documents, Key, MissingError
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Clock, Json

STACK = "cfn-stack"
STACK_NAME = "cfn-stack-name"
_RESOURCE = "cfn-resource"
_EVENT = "cfn-event"
_GARBAGE = "cfn-garbage"
_RUNNING = "cfn-running"
_SHARED = "cfn-shared-values"


@dataclass(frozen=True, slots=True)
class SharedValues:
    """What one stack exports (by name) and the names that it imports."""

    stack_id: str
    stack_name: str
    exports: dict[str, str]
    imports: list[str]


class StackStore:
    """Everything that is kept of stacks. Names of documents begin with the stack's id."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self.documents = documents
        self.clock = clock

    def transaction(self) -> AbstractContextManager[None]:
        return self.documents.transaction()

    def insert(self, stack: Stack) -> None:
        """Add a new stack under its name, which no other living stack has. Raises AwsError (AlreadyExistsException)."""
        with self.transaction():
            if self.find(stack.account, stack.region, stack.name):
                raise AwsError("AlreadyExistsException", f"Stack [{stack.name}] already exists")
            self.documents.put(Key(stack.account, stack.region, STACK_NAME, stack.name), {"id": stack.id})
            self.documents.insert(_key(stack, STACK, stack.id), stack.as_json())
            self._index(stack)

    def find(self, account: str, region: str, name_or_id: str) -> Stack | None:
        """A stack by id, or a living one by name."""
        stack_id = name_or_id
        if not name_or_id.startswith("arn:"):
            named = self.documents.find(Key(account, region, STACK_NAME, name_or_id))
            if named is None:
                return None
            stack_id = named["id"]
        body = self.documents.find(Key(account, region, STACK, stack_id))
        return Stack.from_json(body) if body else None

    def get(self, account: str, region: str, name_or_id: str) -> Stack:
        """As `find`; raises AwsError (ValidationError) when there is none."""
        found = self.find(account, region, name_or_id)
        if found is None:
            raise AwsError("ValidationError", f"Stack with id {name_or_id} does not exist")
        return found

    def again(self, stack: Stack) -> Stack:
        """The stack as it is now."""
        return self.get(stack.account, stack.region, stack.id)

    def change(self, stack: Stack, change: Callable[[Stack], Stack]) -> Stack:
        """Read, change and write a stack in one step; the name of a deleted one becomes free."""
        with self.transaction():
            changed = change(self.again(stack))
            self.documents.put(_key(stack, STACK, stack.id), changed.as_json())
            name = Key(stack.account, stack.region, STACK_NAME, stack.name)
            self._index(changed)
            if changed.gone and (self.documents.find(name) or {}).get("id") == stack.id:
                self.documents.delete(name)
            return changed

    def stacks(self, account: str | None = None, region: str | None = None) -> list[Stack]:
        """Stacks in the order of their creation, deleted ones too."""
        found = self.documents.list(STACK, account=account, region=region)
        return [Stack.from_json(body) for _, body in found]

    def running(self) -> list[Stack]:
        """Stacks with an operation under way, in any account."""
        keys = [key for key, _ in self.documents.list(_RUNNING)]
        return [self.get(key.account, key.region, key.name) for key in keys]

    def shared(self, account: str, region: str) -> list[SharedValues]:
        """What the stacks of a region export and import; stacks that do neither are left out."""
        found = self.documents.list(_SHARED, account=account, region=region)
        return [SharedValues(key.name, body["name"], body["exports"], body["imports"]) for key, body in found]

    def _index(self, stack: Stack) -> None:
        """Keep what is asked for across stacks where it can be read without reading them all."""
        under_way = stack.operation is not None and stack.status.endswith("_IN_PROGRESS")
        shares = not stack.gone and bool(stack.exports or stack.imports)
        shared: Json = {"name": stack.name, "exports": stack.exports, "imports": list(stack.imports)}
        for kind, wanted, body in ((_RUNNING, under_way, {}), (_SHARED, shares, shared)):
            key = _key(stack, kind, stack.id)
            known = self.documents.find(key)
            if wanted and known != body:
                self.documents.put(key, body)
            elif known is not None and not wanted:
                self.documents.delete(key)

    def put_resource(self, stack: Stack, resource: Resource) -> None:
        self.documents.put(_key(stack, _RESOURCE, f"{stack.id}/{resource.logical_id}"), resource.as_json())

    def resource(self, stack: Stack, logical_id: str) -> Resource | None:
        body = self.documents.find(_key(stack, _RESOURCE, f"{stack.id}/{logical_id}"))
        return Resource.from_json(body) if body else None

    def resources(self, stack: Stack) -> dict[str, Resource]:
        """All that have a record, deleted ones of an earlier operation not."""
        found = self.documents.list(_RESOURCE, account=stack.account, region=stack.region, prefix=f"{stack.id}/")
        return {body["logical_id"]: Resource.from_json(body) for _, body in found}

    def drop_resource(self, stack: Stack, logical_id: str) -> None:
        try:
            self.documents.delete(_key(stack, _RESOURCE, f"{stack.id}/{logical_id}"))
        except MissingError:
            return

    def discard(self, stack: Stack, logical_id: str, incarnation: Incarnation) -> None:
        """Note a physical resource that has to go in the cleanup phase."""
        name = f"{stack.id}/{logical_id}/{incarnation.token}"
        self.documents.put(_key(stack, _GARBAGE, name), {"logical_id": logical_id, "incarnation": asdict(incarnation)})

    def discarded(self, stack: Stack) -> list[tuple[str, Incarnation]]:
        """Logical ids and physical resources that are waiting for the cleanup."""
        found = self.documents.list(_GARBAGE, account=stack.account, region=stack.region, prefix=f"{stack.id}/")
        pairs = [(body["logical_id"], Incarnation.from_json(body["incarnation"])) for _, body in found]
        return [(name, incarnation) for name, incarnation in pairs if incarnation is not None]

    def keep(self, stack: Stack, logical_id: str, token: str) -> None:
        """Take a physical resource off the list of what has to go."""
        try:
            self.documents.delete(_key(stack, _GARBAGE, f"{stack.id}/{logical_id}/{token}"))
        except MissingError:
            return

    def event(self, stack: Stack, resource: Json) -> None:
        """Add an event; `resource` has its own members (LogicalResourceId, ResourceStatus, ...)."""
        number = self.documents.next_number(f"{_EVENT}/{stack.id}")
        body = {
            "StackId": stack.id,
            "EventId": str(uuid.uuid4()),
            "StackName": stack.name,
            "Timestamp": self.clock.now(),
            **{name: value for name, value in resource.items() if value not in (None, "")},
        }
        token = stack.operation.token if stack.operation else ""
        if token:
            body["ClientRequestToken"] = token
        self.documents.insert(_key(stack, _EVENT, f"{stack.id}/{number:09d}"), body)

    def events(self, stack: Stack) -> list[Json]:
        """Events, the latest first."""
        found = self.documents.list(_EVENT, account=stack.account, region=stack.region, prefix=f"{stack.id}/")
        return [body for _, body in reversed(found)]

    def set_status(self, stack: Stack, status: str, reason: str = "", **changes: object) -> Stack:
        """Move a stack to a status, with its event; `changes` are further fields of the record."""
        with self.transaction():
            changed = self.change(
                stack,
                lambda now: replace(now, status=status, reason=reason, **changes),  # type: ignore[arg-type]
            )
            self.event(
                replace(changed, operation=changed.operation or stack.operation),
                {
                    "LogicalResourceId": stack.name,
                    "PhysicalResourceId": stack.id,
                    "ResourceType": "AWS::CloudFormation::Stack",
                    "ResourceStatus": status,
                    "ResourceStatusReason": reason,
                },
            )
        return changed


def _key(stack: Stack, kind: str, name: str) -> Key:
    return Key(stack.account, stack.region, kind, name)
