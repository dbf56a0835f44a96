"""What vending speaks of: requests, accounts as they are wanted, items of the catalog, the work of one execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from headgate.control.errors import Refused


class Action(StrEnum):
    """What an execution is to do with a team's accounts."""

    PROVISION = "provision"
    ADOPT = "adopt"
    QUARANTINE = "quarantine"
    RELEASE = "release"
    RETIRE = "retire"


DECLARED = (Action.PROVISION, Action.ADOPT, Action.RELEASE)
"""The actions that make an account what the declaration says; the others go by the catalog alone."""


class State(StrEnum):
    """Where an account is in its life. Retired is for ever."""

    REQUESTED = "requested"
    PROVISIONING = "provisioning"
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True)
class Response:
    """Where CloudFormation waits for the answer to a custom resource. Without a `physical_id` it is being created.

    `properties` and `old_properties` are digests of what is asked for and of what was asked for before.
    """

    url: str
    stack_id: str
    request_id: str
    logical_resource_id: str
    physical_id: str | None = None
    properties: str = ""
    old_properties: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """The input of an execution. `account_name` narrows it to one account; `force` retires over running endpoints."""

    action: Action
    team: str
    account_name: str | None = None
    reason: str = ""
    requested_by: str = ""
    force: bool = False
    response: Response | None = None


def parse_request(value: Mapping[str, Any]) -> Request:
    """The request in an execution's input; raises Refused with what is wrong."""
    known = {"action", "team", "account_name", "reason", "requested_by", "force", "response"}
    unknown = sorted(set(value) - known)
    if unknown:
        raise Refused(f"a request has no {', '.join(unknown)}: it has {', '.join(sorted(known))}")
    action, team = value.get("action"), value.get("team")
    if action not in list(Action):
        raise Refused(f"the action is {action!r}: it is one of {', '.join(Action)}")
    if not isinstance(team, str) or not team:
        raise Refused(f"the team is {team!r}: it is a name of the declaration")
    response = value.get("response")
    return Request(
        action=Action(action),
        team=team,
        account_name=value.get("account_name") or None,
        reason=str(value.get("reason") or ""),
        requested_by=str(value.get("requested_by") or ""),
        force=value.get("force") is True,
        response=Response(**response) if response else None,
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """An account as it is to be. `parameters` are those of its stacks: of the account, and of each environment."""

    name: str
    email: str
    ou: str
    environments: tuple[str, ...]
    region: str
    account_id: str | None = None
    cost_centre: str = ""
    data_sets: tuple[str, ...] = ()
    account_parameters: Mapping[str, str] = field(default_factory=dict)
    environment_parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Wanted:
        return cls(
            **{**value, "environments": tuple(value["environments"]), "data_sets": tuple(value.get("data_sets", ()))}
        )


@dataclass(frozen=True, slots=True)
class Row:
    """An item of the catalog. `version` counts its changes: a write names the version that it was decided on."""

    team: str
    account_name: str
    state: State
    email: str
    ou: str
    environments: tuple[str, ...]
    region: str
    account_id: str | None = None
    adopted: bool = False
    closed: bool = False
    reason: str = ""
    declaration: str = ""
    execution: str = ""
    request_id: str | None = None
    handshake_id: str | None = None
    data_sets: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    updated_at: str = ""
    version: int = 0

    def __str__(self) -> str:
        return f"account {self.account_name} of team {self.team}"


@dataclass(frozen=True, slots=True)
class Work:
    """What all accounts of an execution have in common."""

    action: Action
    team: str
    execution: str
    deadline: str
    declaration: str = ""
    reason: str = ""
    requested_by: str = ""
    force: bool = False

    def is_over(self, now: datetime) -> bool:
        """Whether waiting any longer would leave CloudFormation without an answer."""
        return now >= datetime.fromisoformat(self.deadline)


@dataclass(frozen=True, slots=True)
class Item:
    """One account on its way through the machine: `step` since `since`, and the StackSet operations so far."""

    work: Work
    account: Wanted
    step: str = ""
    since: str = ""
    operations: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Item:
        work: Mapping[str, Any] = value["work"]
        return cls(
            Work(**{**work, "action": Action(work["action"])}),
            Wanted.from_json(value["account"]),
            value.get("step", ""),
            value.get("since", ""),
            value.get("operations", {}),
        )

    def as_json(self) -> dict[str, Any]:
        return {**members(self), "work": members(self.work), "account": members(self.account)}


def members(value: Work | Wanted | Row | Item) -> dict[str, Any]:
    """A value's members by name, as they are."""
    return {each.name: getattr(value, each.name) for each in fields(value)}
