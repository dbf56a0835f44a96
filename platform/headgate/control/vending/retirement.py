"""The end of an account: into OU Retired, closed when that is wanted, and an item in the catalog for ever.

What vending has not created it does not close: an adopted account is only moved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from headgate.control.errors import CallFailed
from headgate.control.vending import catalog, organization
from headgate.control.vending.edges import Edges
from headgate.control.vending.organization import ACCOUNT_TAG, TEAM_TAG, Creation, Member
from headgate.control.vending.settings import Settings
from headgate.control.vending.steps import SETTLED, Progress
from headgate.control.vending.values import Item, Row, State

MOST_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Facts:
    """The account, if it ever came to be; `kept_open` says why closing it was refused."""

    row: Row
    member: Member | None = None
    creation: Creation | None = None
    kept_open: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """Into OU Retired, from where it stands."""

    source: str


@dataclass(frozen=True, slots=True)
class Close:
    """Close the account: AWS keeps what is in it for 90 days."""


@dataclass(frozen=True, slots=True)
class Record:
    """Write the item."""

    row: Row


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again later."""


Decision = Move | Close | Record | Wait


def retire(edges: Edges, item: Item, row: Row) -> Progress:
    """Retire an account whose stacks and grants are gone."""
    kept_open = ""
    for _ in range(MOST_ROUNDS):
        if row.state is State.RETIRED:
            return SETTLED
        facts = replace(gather(edges, row), kept_open=kept_open)
        decision = decide(facts, edges.settings)
        match decision:
            case Wait():
                break
            case Move(source):
                organization.move(edges.aws, _id(facts), source, edges.settings.retired)
            case Close():
                kept_open = _close(edges, _id(facts))
            case Record(after):
                row = catalog.write(edges.aws, edges.settings, item.work, row, after, edges.now)
    return Progress(f"{row} to be retired")


def gather(edges: Edges, row: Row) -> Facts:
    """The account by its id, or the one that a request has made without the catalog knowing."""
    if row.account_id:
        return Facts(row, organization.member(edges.aws, row.account_id))
    account_id, creation = organization.find(edges.aws, edges.settings, row)
    found = organization.member(edges.aws, account_id) if account_id else None
    owner = (found.tags.get(TEAM_TAG), found.tags.get(ACCOUNT_TAG)) if found else None
    return Facts(row, found if owner == (row.team, row.account_name) else None, creation)


def decide(facts: Facts, settings: Settings) -> Decision:
    """What comes next on the way to an item that is retired."""
    row, member = facts.row, facts.member
    if member is None:
        return _without_account(facts)
    if row.account_id is None:
        return Record(replace(row, account_id=member.account_id))
    if member.parent != settings.retired:
        return Move(member.parent)
    closes = settings.closes_accounts and not row.adopted
    if closes and member.status == "ACTIVE" and not facts.kept_open:
        return Close()
    return Record(replace(row, state=State.RETIRED, closed=member.status != "ACTIVE", reason=facts.kept_open))


def _without_account(facts: Facts) -> Decision:
    if facts.creation and facts.creation.state == "IN_PROGRESS":
        return Wait()
    gone = "it is not in the organization any more" if facts.row.account_id else "it was never created"
    return Record(replace(facts.row, state=State.RETIRED, reason=gone))


def _close(edges: Edges, account_id: str) -> str:
    """Close an account; the reason when Organizations does not. A quota does not stop the rest."""
    try:
        edges.aws.call("organizations", "close_account", AccountId=account_id)
    except CallFailed as problem:
        if problem.code == "AccountAlreadyClosedException":
            return ""
        if problem.code in ("ConstraintViolationException", "ConflictException"):
            return f"retired, but not closed: {problem.message}"
        raise
    return ""


def _id(facts: Facts) -> str:
    return facts.member.account_id if facts.member else ""
