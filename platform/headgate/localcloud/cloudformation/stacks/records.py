"""What is known of a stack and of each of its resources, as values that go into documents and come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from headgate.localcloud.cloudformation.stacks.acting import Acting
from headgate.localcloud.cloudformation.template.parameters import Value
from headgate.localcloud.seams import Json


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a stack is made from."""

    template: str
    parameters: Mapping[str, Value]
    tags: Mapping[str, str]
    capabilities: tuple[str, ...] = ()
    description: str = ""

    @classmethod
    def from_json(cls, body: Json) -> Deployment:
        parameters = {name: Value(**value) for name, value in body["parameters"].items()}
        return cls(**{**body, "parameters": parameters, "capabilities": tuple(body["capabilities"])})


@dataclass(frozen=True, slots=True)
class Operation:
    """What is being done to a stack; it is in the stack's record from the first moment to the last.

    `kind` is CREATE, UPDATE or DELETE; `phase` is deploy, rollback, cleanup, rollback-cleanup or delete.
    """

    id: str
    kind: str
    phase: str
    token: str = ""
    on_failure: str = "ROLLBACK"
    retain_except_on_create: bool = False
    previous: Deployment | None = None
    previous_outputs: tuple[Json, ...] = ()
    skip: tuple[str, ...] = ()
    force: bool = False
    reason: str = ""

    @classmethod
    def from_json(cls, body: Json) -> Operation:
        previous = Deployment.from_json(body["previous"]) if body["previous"] else None
        lists = {"skip": tuple(body["skip"]), "previous_outputs": tuple(body["previous_outputs"])}
        return cls(**{**body, **lists, "previous": previous})


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack. `outputs` are members of DescribeStacks; `tokens` are the requests that were accepted, by token."""

    id: str
    name: str
    account: str
    region: str
    status: str
    created: float
    acting: Acting
    deployment: Deployment
    reason: str = ""
    updated: float | None = None
    deleted: float | None = None
    outputs: tuple[Json, ...] = ()
    imports: tuple[str, ...] = ()
    disable_rollback: bool = False
    termination_protection: bool = False
    change_set_id: str = ""
    operation: Operation | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)
    drift: Json = field(default_factory=lambda: {"StackDriftStatus": "NOT_CHECKED"})

    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Json) -> Stack:
        operation = Operation.from_json(body["operation"]) if body["operation"] else None
        return cls(
            **{
                **body,
                "acting": Acting(**body["acting"]),
                "deployment": Deployment.from_json(body["deployment"]),
                "operation": operation,
                "outputs": tuple(body["outputs"]),
                "imports": tuple(body["imports"]),
            }
        )

    @property
    def exports(self) -> dict[str, str]:
        """Exported values by name."""
        return {item["ExportName"]: item["OutputValue"] for item in self.outputs if "ExportName" in item}

    @property
    def gone(self) -> bool:
        return self.status == "DELETE_COMPLETE"


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One physical resource of a logical one: what made it, what it answers. Properties keep dynamic references."""

    type: str
    token: str
    properties: Json
    physical_id: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None
    no_echo: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: Json | None) -> Incarnation | None:
        return cls(**{**body, "needs": tuple(body["needs"])}) if body else None


@dataclass(frozen=True, slots=True)
class Resource:
    """A logical resource. `live` exists; `wanted` is being made or applied; `previous` is what a rollback restores.

    `operation` is the last operation that touched it, `created_by` the one that made the logical resource. What a
    deleted one was stays in `last_type` and `last_physical_id`.
    """

    logical_id: str
    status: str
    time: float
    reason: str = ""
    operation: str = ""
    created_by: str = ""
    live: Incarnation | None = None
    wanted: Incarnation | None = None
    previous: Incarnation | None = None
    last_type: str = ""
    last_physical_id: str = ""
    drift: Json = field(default_factory=lambda: {"StackResourceDriftStatus": "NOT_CHECKED"})

    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Json) -> Resource:
        parts = {name: Incarnation.from_json(body[name]) for name in ("live", "wanted", "previous")}
        return cls(**{**body, **parts})

    @property
    def type(self) -> str:
        known = self.live or self.wanted or self.previous
        return known.type if known else self.last_type

    @property
    def physical_id(self) -> str:
        return self.live.physical_id if self.live else self.last_physical_id

    @property
    def replaced(self) -> bool:
        """Whether the operation under way has put another physical resource in the place of the previous."""
        return bool(self.previous and self.live and self.previous.physical_id != self.live.physical_id)


def without_operation(resource: Resource) -> Resource:
    """The resource once nothing needs to be rolled back any more."""
    return replace(resource, wanted=None, previous=None)
