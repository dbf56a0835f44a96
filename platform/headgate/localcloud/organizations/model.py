"""What an organization is made of, as values that are stored one document each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from headgate.localcloud.seams import Json

SCP = "SERVICE_CONTROL_POLICY"
FULL_ACCESS = "p-FullAWSAccess"


@dataclass(frozen=True, slots=True)
class Row:
    """A stored value; `id` is unique among its kind."""

    id: str

    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        values: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Organization(Row):
    """`id` is `o-…`. `trusted` are services by principal, `delegated` accounts by service; each with its time."""

    management_account: str
    root: str
    created: float
    policy_types: tuple[str, ...] = ()
    trusted: Mapping[str, float] = field(default_factory=dict)
    delegated: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Account id → service principal → when."""

    def arn(self, resource: str) -> str:
        return f"arn:aws:organizations::{self.management_account}:{resource}"

    @property
    def own_arn(self) -> str:
        return self.arn(f"organization/{self.id}")


@dataclass(frozen=True, slots=True)
class Unit(Row):
    """The root (`r-…`, without a parent) or an organizational unit (`ou-…`)."""

    organization: str
    parent: str
    name: str


@dataclass(frozen=True, slots=True)
class Account(Row):
    """A member, the management account among them. `status` is ACTIVE or SUSPENDED (closed)."""

    organization: str
    parent: str
    name: str
    email: str
    joined: float
    joined_by: str = "CREATED"
    status: str = "ACTIVE"
    closed: float = 0.0


@dataclass(frozen=True, slots=True)
class Policy(Row):
    """A policy and the roots, units and accounts that it is attached to, in that order."""

    organization: str
    name: str
    description: str
    type: str
    content: str
    targets: tuple[str, ...] = ()
    aws_managed: bool = False


@dataclass(frozen=True, slots=True)
class Creation(Row):
    """A request to create an account (`car-…`). `state` is IN_PROGRESS, SUCCEEDED or FAILED."""

    organization: str
    account_name: str
    email: str
    role: str
    account: str
    requested: float
    state: str = "IN_PROGRESS"
    completed: float = 0.0
    failure: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Handshake(Row):
    """An invitation of an account (`h-…`). `state` is OPEN, ACCEPTED, DECLINED, CANCELED or EXPIRED."""

    organization: str
    account: str
    email: str
    requested: float
    expires: float
    state: str = "OPEN"
    notes: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tags(Row):
    """Tags of an account, unit, root or policy, whose id is this row's."""

    organization: str
    tags: Mapping[str, str] = field(default_factory=dict)
