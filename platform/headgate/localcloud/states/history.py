"""Events of an execution's history, with the members that GetExecutionHistory gives them."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.states.intrinsics import compact

LONGEST = 25_000
"""The most events that an execution may have."""

_UNTRUNCATED = {"truncated": False}


def event(number: int, previous: int, kind: str, now: float, details: Json | None) -> Json:
    """One event; `details` are the members of the type's own structure, values that are data as JSON text."""
    made: Json = {"timestamp": now, "type": kind, "id": number, "previousEventId": previous}
    if details is not None:
        made[_member(kind)] = details
    return made


def data(member: str, value: Any) -> Json:
    """`input` or `output` of an event: the value as JSON text, and that it is whole."""
    return {member: compact(value), f"{member}Details": _UNTRUNCATED}


def _member(kind: str) -> str:
    for suffix in ("StateEntered", "StateExited"):
        if kind.endswith(suffix):
            return f"s{suffix[1:]}EventDetails"
    return f"{kind[0].lower()}{kind[1:]}EventDetails"
