"""What all List operations share: filters by name and time, sorting, pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.errors import validation
from headgate.localcloud.paging import cut_page, seconds
from headgate.localcloud.seams import Json

DEFAULT_PAGE = 100
"""The size of a page unless MaxResults says less."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted: what SortBy may name, by which member, and what holds when nothing is said."""

    members: dict[str, str]
    by: str = "CreationTime"
    order: str = "Descending"


def select(
    items: Iterable[Json],
    request: Json,
    *,
    name: str,
    created: str = "CreationTime",
    also: Callable[[Json], bool] = lambda _: True,
) -> list[Json]:
    """Apply NameContains and the time filters in either spelling (CreationTimeAfter, CreatedAfter)."""
    contains = str(request.get("NameContains", "")).lower()
    after = request.get("CreationTimeAfter", request.get("CreatedAfter"))
    before = request.get("CreationTimeBefore", request.get("CreatedBefore"))
    return [
        item
        for item in items
        if contains in str(item.get(name, "")).lower()
        and (after is None or item[created] > seconds(after))
        and (before is None or item[created] < seconds(before))
        and also(item)
    ]


def page(items: list[Json], request: Json, order: Order, member: str) -> Json:
    """Sort, cut the page that NextToken asks for, and say how to get the next. Raises AwsError for a foreign token."""
    by, direction = request.get("SortBy", order.by), request.get("SortOrder", order.order)
    if by not in order.members:
        raise validation(f"SortBy '{by}' is not one of {', '.join(order.members)}")
    ordered = sorted(items, key=lambda item: _sortable(item.get(order.members[by])))
    return cut(list(reversed(ordered)) if direction == "Descending" else ordered, request, member)


def cut(items: Sequence[object], request: Json, member: str) -> Json:
    """One page of a list that is in order already."""
    try:
        found, token = cut_page(items, request.get("NextToken"), int(request.get("MaxResults", DEFAULT_PAGE)))
    except ValueError as error:
        raise validation("NextToken is not one that this operation has given") from error
    answer: Json = {member: list(found)}
    return answer if token is None else {**answer, "NextToken": token}


def pick(item: Json, *members: str) -> Json:
    """Those of the members that there are."""
    return {member: item[member] for member in members if member in item}


def _sortable(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
