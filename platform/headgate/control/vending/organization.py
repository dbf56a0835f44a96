"""What Organizations knows of an account: whether it is a member, where it stands, what guards it, whose it is."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.control.aws import Aws, pages
from headgate.control.errors import CallFailed
from headgate.control.vending.settings import Settings
from headgate.control.vending.values import Row

TEAM_TAG = "headgate:team"
ACCOUNT_TAG = "headgate:account"
COST_TAG = "headgate:cost-centre"


@dataclass(frozen=True, slots=True)
class Member:
    """An account of the organization. `status` is AWS's: ACTIVE, SUSPENDED or PENDING_CLOSURE."""

    account_id: str
    email: str
    status: str
    parent: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Creation:
    """A request to create an account. `state` is AWS's: IN_PROGRESS, SUCCEEDED or FAILED."""

    request_id: str
    state: str
    account_id: str | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Invitation:
    """A handshake. `state` is AWS's: REQUESTED, OPEN, CANCELED, ACCEPTED, DECLINED or EXPIRED."""

    handshake_id: str
    state: str


def member(aws: Aws, account_id: str) -> Member | None:
    """An account with its parent and tags; None when it is not in the organization."""
    try:
        account = aws.call("organizations", "describe_account", AccountId=account_id)["Account"]
    except CallFailed as problem:
        if problem.code == "AccountNotFoundException":
            return None
        raise
    tags = pages(aws, "organizations", "list_tags_for_resource", "Tags", ResourceId=account_id)
    return Member(
        account_id,
        account.get("Email", ""),
        account.get("State") or account["Status"],
        parent(aws, account_id),
        {tag["Key"]: tag["Value"] for tag in tags},
    )


def parent(aws: Aws, child: str) -> str:
    """The id of the OU or root that an account or OU stands in; empty for a root."""
    if child.startswith("r-"):
        return ""
    parents: list[dict[str, str]] = aws.call("organizations", "list_parents", ChildId=child)["Parents"]
    return parents[0]["Id"]


def move(aws: Aws, account_id: str, source: str, destination: str) -> None:
    """Move an account between OUs. When it no longer stands in `source` nothing happens: somebody moved it first."""
    try:
        aws.call(
            "organizations",
            "move_account",
            AccountId=account_id,
            SourceParentId=source,
            DestinationParentId=destination,
        )
    except CallFailed as problem:
        if problem.code not in ("DuplicateAccountException", "SourceParentNotFoundException"):
            raise


def account_by_email(aws: Aws, email: str) -> str | None:
    """The id of the member whose root user has this address."""
    members = pages(aws, "organizations", "list_accounts", "Accounts")
    return next((each["Id"] for each in members if each.get("Email", "").lower() == email.lower()), None)


def creation(aws: Aws, request_id: str) -> Creation:
    """How far a request to create an account is."""
    answer = aws.call("organizations", "describe_create_account_status", CreateAccountRequestId=request_id)
    return _creation(answer["CreateAccountStatus"])


def creation_by_name(aws: Aws, name: str) -> Creation | None:
    """A request to create an account of this name that has not failed: one whose answer was lost."""
    requests = pages(
        aws, "organizations", "list_create_account_status", "CreateAccountStatuses", States=["IN_PROGRESS", "SUCCEEDED"]
    )
    return next((_creation(each) for each in requests if each.get("AccountName") == name), None)


def find(aws: Aws, settings: Settings, row: Row) -> tuple[str | None, Creation | None]:
    """The account of an item that has no id yet, by its address, by its request, or by its name; and how far it is."""
    account_id = account_by_email(aws, row.email)
    if account_id:
        return account_id, None
    found = creation(aws, row.request_id) if row.request_id else creation_by_name(aws, account_name(settings, row))
    return (found.account_id if found and found.state == "SUCCEEDED" else None), found


def account_name(settings: Settings, row: Row) -> str:
    """The name that Organizations shows: at most 50 characters, and never the same for two accounts."""
    name = f"{settings.organization} {row.team}/{row.account_name}"
    return name if len(name) <= 50 else f"{name[:41]} {hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _creation(status: Mapping[str, Any]) -> Creation:
    return Creation(status["Id"], status["State"], status.get("AccountId"), status.get("FailureReason", ""))


def invitation(aws: Aws, account_id: str) -> Invitation | None:
    """The newest invitation of an account."""
    handshakes = pages(
        aws, "organizations", "list_handshakes_for_organization", "Handshakes", Filter={"ActionType": "INVITE"}
    )
    its = [each for each in handshakes if {"Id": account_id, "Type": "ACCOUNT"} in each["Parties"]]
    newest = max(its, key=lambda each: each["RequestedTimestamp"], default=None)
    return Invitation(newest["Id"], newest["State"]) if newest else None


def missing_guardrails(aws: Aws, settings: Settings, unit: str) -> tuple[str, ...]:
    """The service control policies that should be in force in an OU and are attached neither to it nor above it.

    `unit` is the OU's name.
    """
    missing = set(settings.guardrails[unit])
    place = settings.units[unit]
    while place and missing:
        attached = pages(
            aws,
            "organizations",
            "list_policies_for_target",
            "Policies",
            TargetId=place,
            Filter="SERVICE_CONTROL_POLICY",
        )
        missing -= {policy["Id"] for policy in attached}
        place = parent(aws, place) if missing else ""
    return tuple(sorted(missing))
