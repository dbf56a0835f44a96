"""What is known of StackSets, their instances and their operations, as values that go into documents and come back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from headgate.localcloud.seams import Json

SERVICE_MANAGED, SELF_MANAGED = "SERVICE_MANAGED", "SELF_MANAGED"
ENDED = frozenset({"SUCCEEDED", "FAILED", "STOPPED"})


@dataclass(frozen=True, slots=True)
class _Stored:
    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        return cls(**body)


@dataclass(frozen=True, slots=True)
class StackSet(_Stored):
    """One StackSet. `targets` are the OUs that it deploys to: regions and account filter by OU.

    `parameters` are members of the API (`ParameterKey`, `ParameterValue`); `sets` counts its updates.
    """

    id: str
    name: str
    account: str
    region: str
    template: str
    permission_model: str
    created: float
    status: str = "ACTIVE"
    description: str = ""
    parameters: list[Json] = field(default_factory=list)
    capabilities: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    auto_deployment: Json = field(default_factory=dict)
    managed_execution: bool = False
    administration_role_arn: str = ""
    execution_role_name: str = ""
    token: str = ""
    targets: dict[str, Json] = field(default_factory=dict)
    drift: Json = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudformation:{self.region}:{self.account}:stackset/{self.id}"

    @property
    def automatic(self) -> bool:
        return bool(self.auto_deployment.get("Enabled")) and self.status == "ACTIVE"


@dataclass(frozen=True, slots=True)
class Instance(_Stored):
    """A stack of a StackSet in an account and region; `stack_name` is known before the stack is there."""

    stack_set_id: str
    account: str
    region: str
    ou: str = ""
    stack_name: str = ""
    stack_id: str = ""
    status: str = "OUTDATED"
    detailed_status: str = "PENDING"
    reason: str = ""
    overrides: list[Json] = field(default_factory=list)
    last_operation: str = ""
    drift_status: str = "NOT_CHECKED"
    drift_checked: float | None = None


@dataclass(frozen=True, slots=True)
class Step(_Stored):
    """What an operation does in one account and region, and what came of it."""

    account: str
    region: str
    ou: str = ""
    status: str = "PENDING"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SetOperation(_Stored):
    """An operation: `action` is CREATE, UPDATE, DELETE or DETECT_DRIFT.

    `overrides` None leaves those of the instances. `digest` tells a repeated request from another one.
    """

    id: str
    stack_set_id: str
    account: str
    region: str
    action: str
    created: float
    status: str = "QUEUED"
    ended: float | None = None
    retain: bool = False
    whole_set: bool = False
    preferences: Json = field(default_factory=dict)
    targets: Json = field(default_factory=dict)
    overrides: list[Json] | None = None
    digest: str = ""
    reason: str = ""

    @property
    def over(self) -> bool:
        return self.status in ENDED
