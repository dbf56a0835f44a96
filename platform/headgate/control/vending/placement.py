"""The account exists, is claimed in the catalog and tagged, and stands in its OU under its guardrails.

Nothing is ever created twice: an account that a lost answer has created is found by its address, by the request that
is under way, or by the id in the catalog, and is ours only when its tags or the declaration say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from headgate.control.errors import CallFailed, Refused
from headgate.control.vending import catalog, organization
from headgate.control.vending.edges import Edges
from headgate.control.vending.organization import ACCOUNT_TAG, COST_TAG, TEAM_TAG, Creation, Invitation, Member
from headgate.control.vending.refusals import creation_failed, not_created
from headgate.control.vending.settings import Settings
from headgate.control.vending.steps import SETTLED, Progress
from headgate.control.vending.values import Action, Item, Row, State, Wanted

MOST_ROUNDS = 8
"""Of facts and actions in one invocation; every action brings the account nearer, so that more are a contradiction."""

_REFUSED = ("CANCELED", "DECLINED", "EXPIRED")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an account that is to be placed."""

    row: Row
    member: Member | None = None
    creation: Creation | None = None
    invitation: Invitation | None = None
    missing_guardrails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    """Ask Organizations for a new account."""


@dataclass(frozen=True, slots=True)
class Invite:
    """Ask an existing account to join the organization."""


@dataclass(frozen=True, slots=True)
class Remember:
    """Write what the catalog does not know yet."""

    row: Row


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Write that nothing will come of it, for the item's reason; the next request begins anew."""

    row: Row


@dataclass(frozen=True, slots=True)
class Tag:
    """Say on the account whose it is."""

    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Move:
    """From one OU into another. Organizations refuses when the account no longer stands in `source`."""

    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again later."""

    waiting_for: str


Decision = Create | Invite | Remember | GiveUp | Tag | Move | Wait | None


def place(edges: Edges, item: Item, row: Row) -> Progress:
    """Bring an account into its OU. Raises Refused with the reason why that cannot be."""
    for _ in range(MOST_ROUNDS):
        facts = gather(edges, item.account, row)
        decision = decide(facts, item, edges.settings)
        if decision is None:
            return SETTLED
        if isinstance(decision, Wait):
            return Progress(decision.waiting_for)
        row = _do(edges, item, row, decision)
    return Progress(f"{row} to settle in OU {item.account.ou}")


def gather(edges: Edges, wanted: Wanted, row: Row) -> Facts:
    """The facts, no more of them than the next decision needs."""
    aws = edges.aws
    missing = organization.missing_guardrails(aws, edges.settings, wanted.ou)
    account_id, creation = wanted.account_id or row.account_id, None
    if not account_id:
        account_id, creation = organization.find(aws, edges.settings, row)
    member = organization.member(aws, account_id) if account_id else None
    asks = wanted.account_id and not member
    return Facts(
        row, member, creation, organization.invitation(aws, wanted.account_id or "") if asks else None, missing
    )


def decide(facts: Facts, item: Item, settings: Settings) -> Decision:
    """What to do next; None when the account stands where it should. Raises Refused when nothing will help."""
    row, wanted = facts.row, item.account
    _refuse_by_state(row, item.work.action)
    if facts.missing_guardrails:
        raise Refused(
            f"OU {wanted.ou} lacks the guardrails {', '.join(facts.missing_guardrails)}: nothing may run in it; "
            "`headgate accounts apply` attaches them"
        )
    if facts.member:
        return _settle_member(facts, facts.member, item, settings)
    return _adopt(facts, wanted) if wanted.account_id else _create(facts)


def _refuse_by_state(row: Row, action: Action) -> None:
    if row.state is State.RETIRED and row.account_id:
        raise Refused(f"{row} is retired for ever: declare an account of another name")
    if row.state is State.QUARANTINED and action is not Action.RELEASE:
        raise Refused(f"{row} is quarantined ({row.reason or 'no reason given'}): release it first")


def _create(facts: Facts) -> Decision:
    row, creation = facts.row, facts.creation
    if row.account_id:
        raise Refused(f"{row} was {row.account_id}, which is not in the organization any more: retire it")
    if creation is None:
        return Create()
    if creation.state == "FAILED":
        if row.request_id:
            return GiveUp(replace(row, request_id=None, reason=creation_failed(row, creation.failure)))
        return Create()
    if row.request_id != creation.request_id:
        return Remember(replace(row, request_id=creation.request_id))
    return Wait(f"Organizations to create {row}")


def _adopt(facts: Facts, wanted: Wanted) -> Decision:
    row, invitation = facts.row, facts.invitation
    if row.account_id and row.account_id != wanted.account_id:
        raise Refused(f"{row} is {row.account_id} in the catalog, but {wanted.account_id} in the declaration")
    known = invitation is not None and row.handshake_id == invitation.handshake_id
    if invitation is None or (invitation.state in _REFUSED and not known):
        return Invite()
    if invitation.state in _REFUSED:
        reason = f"account {wanted.account_id} ({row}) has not joined: its invitation was {invitation.state.lower()}"
        return GiveUp(replace(row, handshake_id=None, reason=f"{reason}; request again to send another"))
    if not known:
        return Remember(_invited(row, wanted, invitation.handshake_id))
    return Wait(f"account {wanted.account_id} to accept invitation {invitation.handshake_id}")


def _invited(row: Row, wanted: Wanted, handshake_id: str) -> Row:
    """The item of an account that has been invited: whoever looks is told what it waits for."""
    accept = f"aws organizations accept-handshake --handshake-id {handshake_id}"
    return replace(row, handshake_id=handshake_id, reason=f"account {wanted.account_id} has to accept: {accept}")


def _settle_member(facts: Facts, member: Member, item: Item, settings: Settings) -> Decision:
    row, wanted, destination = facts.row, item.account, settings.units[item.account.ou]
    _refuse_foreign(facts, member, wanted, settings)
    if member.parent == settings.retired:
        raise Refused(f"account {member.account_id} ({row}) stands in OU Retired: it does not come back")
    if member.parent == settings.quarantine and item.work.action is not Action.RELEASE:
        raise Refused(f"account {member.account_id} ({row}) stands in OU Quarantine: release it first")
    described = described_by(row, item, member)
    if described != row:
        return Remember(described)
    tags = tags_of(row, wanted)
    if any(member.tags.get(name) != value for name, value in tags):
        return Tag(tags)
    return Move(member.parent, destination) if member.parent != destination else None


def _refuse_foreign(facts: Facts, member: Member, wanted: Wanted, settings: Settings) -> None:
    row = facts.row
    if member.account_id in settings.durable:
        raise Refused(f"account {member.account_id} is the {settings.durable[member.account_id]} account: no team's")
    if member.status != "ACTIVE":
        raise Refused(f"account {member.account_id} ({row}) is {member.status.lower().replace('_', ' ')}")
    if row.account_id and row.account_id != member.account_id:
        raise Refused(f"{row} is {row.account_id} in the catalog, but {member.account_id} in the declaration")
    owner = (member.tags.get(TEAM_TAG), member.tags.get(ACCOUNT_TAG))
    if owner not in ((None, None), (row.team, row.account_name)):
        raise Refused(f"account {member.account_id} is tagged as account {owner[1]} of team {owner[0]}, not as {row}")
    created = facts.creation is not None and facts.creation.account_id == member.account_id
    if owner == (None, None) and not (wanted.account_id or row.account_id or created):
        raise Refused(
            f"the e-mail address {wanted.email} of {row} is that of account {member.account_id}, which vending has not "
            f"created: declare its id to adopt it, or another address"
        )


def described_by(row: Row, item: Item, member: Member) -> Row:
    """The item as it must read before anything is done to the account: whose it is, where, what it is given."""
    wanted = item.account
    return replace(
        row,
        state=State.PROVISIONING,
        account_id=member.account_id,
        adopted=row.adopted if row.account_id else wanted.account_id is not None,
        email=member.email or wanted.email,
        ou=wanted.ou,
        environments=wanted.environments,
        region=wanted.region,
        data_sets=wanted.data_sets,
        parameters={"account": dict(wanted.account_parameters)}
        | {name: dict(values) for name, values in wanted.environment_parameters.items()},
        reason="",
    )


def tags_of(row: Row, wanted: Wanted) -> tuple[tuple[str, str], ...]:
    """The tags that an account carries from its first moment."""
    tags = ((TEAM_TAG, row.team), (ACCOUNT_TAG, row.account_name))
    return (*tags, (COST_TAG, wanted.cost_centre)) if wanted.cost_centre else tags


def _do(edges: Edges, item: Item, row: Row, decision: Create | Invite | Remember | GiveUp | Tag | Move) -> Row:
    aws, wanted = edges.aws, item.account
    match decision:
        case Create():
            row = _write(edges, item, row, replace(row, request_id=_created(edges, row, wanted)))
        case Invite():
            handshake = aws.call(
                "organizations",
                "invite_account_to_organization",
                Target={"Id": wanted.account_id, "Type": "ACCOUNT"},
                Notes=f"{edges.settings.organization}: {row}",
                Tags=_pairs(tags_of(row, wanted)),
            )["Handshake"]
            row = _write(edges, item, row, _invited(row, wanted, handshake["Id"]))
        case Remember(after):
            row = _write(edges, item, row, after)
        case GiveUp(after):
            _write(edges, item, row, after)
            raise Refused(after.reason)
        case Tag(tags):
            aws.call("organizations", "tag_resource", ResourceId=row.account_id, Tags=_pairs(tags))
        case Move(source, destination):
            organization.move(aws, row.account_id or "", source, destination)
    return row


def _created(edges: Edges, row: Row, wanted: Wanted) -> str:
    try:
        answer = edges.aws.call(
            "organizations",
            "create_account",
            Email=wanted.email,
            AccountName=organization.account_name(edges.settings, row),
            RoleName="OrganizationAccountAccessRole",
            IamUserAccessToBilling="DENY",
            Tags=_pairs(tags_of(row, wanted)),
        )
    except CallFailed as problem:
        raise not_created(row, problem) from problem
    request_id: str = answer["CreateAccountStatus"]["Id"]
    return request_id


def _write(edges: Edges, item: Item, before: Row, after: Row) -> Row:
    return catalog.write(edges.aws, edges.settings, item.work, before, after, edges.now)


def _pairs(tags: tuple[tuple[str, str], ...]) -> list[dict[str, Any]]:
    return [{"Key": key, "Value": value} for key, value in tags]
