"""One step of one account: hold the lease, read its item, let the step do what it decides, say when to look again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from headgate.control.errors import CallFailed, Refused, Transient
from headgate.control.vending import catalog
from headgate.control.vending.edges import Edges
from headgate.control.vending.values import Item, Row

LONGEST_WAIT = 15
"""Seconds between two looks at something slow."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step came to: settled when it waits for nothing. `operations` counts its StackSet operations."""

    waiting_for: str = ""
    operations: Mapping[str, int] = field(default_factory=dict)


SETTLED = Progress()

Step = Callable[[Edges, Item, Row], Progress]


def advance(event: Mapping[str, Any], edges: Edges, step: Step) -> dict[str, Any]:
    """The item after a step, with `settled` and `wait_seconds`; raises Refused when waiting would take too long."""
    item = Item.from_json(event["item"])
    name = str(event["step"])
    since = item.since if item.step == name else edges.now.isoformat()
    item = replace(item, step=name, since=since, operations=item.operations if item.step == name else {})
    try:
        catalog.renew_lease(edges.aws, edges.settings, item.work, edges.now)
        progress = step(edges, item, _row_of(edges, item))
    except Transient:
        raise
    except CallFailed as problem:
        raise Refused(f"{problem.service} refused {problem.operation}: {problem.message} ({problem.code})") from problem
    if progress.waiting_for and item.work.is_over(edges.now):
        raise Refused(f"gave up waiting for {progress.waiting_for}: request again to go on from here")
    return {
        **replace(item, operations={**item.operations, **progress.operations}).as_json(),
        "settled": not progress.waiting_for,
        "waiting_for": progress.waiting_for,
        "wait_seconds": wait_seconds(datetime.fromisoformat(since), edges.now),
    }


def wait_seconds(since: datetime, now: datetime) -> int:
    """How long to wait before the next look: a second at first, longer the longer it takes."""
    return max(1, min(LONGEST_WAIT, int((now - since).total_seconds()) // 5))


def _row_of(edges: Edges, item: Item) -> Row:
    row = catalog.read(edges.aws, edges.settings, item.work.team, item.account.name)
    if row is None:
        raise Refused(f"the catalog has lost account {item.account.name} of team {item.work.team}: request again")
    return row
