"""Quarantine: into the OU whose service control policy denies all but auditing, and only then into the catalog.

So an account that the catalog calls quarantined is; one that was moved and not yet written down is safe meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from headgate.control.vending import catalog, organization
from headgate.control.vending.edges import Edges
from headgate.control.vending.settings import Settings
from headgate.control.vending.steps import SETTLED, Progress
from headgate.control.vending.values import Item, Row, State


@dataclass(frozen=True, slots=True)
class Move:
    """Into OU Quarantine, from where it stands."""

    source: str


@dataclass(frozen=True, slots=True)
class Record:
    """Write that it is quarantined."""

    row: Row


Decision = Move | Record | None


def quarantine(edges: Edges, item: Item, row: Row) -> Progress:
    """Isolate an account. One that does not exist yet needs none: who was making it has lost the lease."""
    if not row.account_id:
        return SETTLED
    decision = decide(row, organization.parent(edges.aws, row.account_id), item.work.reason, edges.settings)
    match decision:
        case Move(source):
            organization.move(edges.aws, row.account_id, source, edges.settings.quarantine)
            return (
                quarantine(edges, item, row) if _is_there(edges, row) else Progress(f"{row} to stand in OU Quarantine")
            )
        case Record(after):
            catalog.write(edges.aws, edges.settings, item.work, row, after, edges.now)
    return SETTLED


def decide(row: Row, parent: str, reason: str, settings: Settings) -> Decision:
    """What comes next; None when the account is isolated and the catalog says so."""
    if row.state is State.RETIRED:
        return None
    if parent != settings.quarantine:
        return Move(parent)
    if row.state is not State.QUARANTINED:
        return Record(replace(row, state=State.QUARANTINED, reason=reason))
    return None


def _is_there(edges: Edges, row: Row) -> bool:
    return organization.parent(edges.aws, row.account_id or "") == edges.settings.quarantine
