"""A change of a document, and the event that tells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from headgate.localcloud.documents import Key
from headgate.localcloud.seams import Json

Find = Callable[[Key], Json | None]
"""Looks another document up, within the change's transaction."""


@dataclass(frozen=True, slots=True)
class Change:
    """A document before (None: it is new) and after (None: it is deleted)."""

    key: Key
    before: Json | None
    after: Json | None
    find: Find = field(repr=False)

    def moved(self, *members: str) -> bool:
        """Whether the document is there now and one of these members is another than before."""
        if self.after is None:
            return False
        return any((self.before or {}).get(member) != self.after.get(member) for member in members)


@dataclass(frozen=True, slots=True)
class Notice:
    """An event of an AWS service for the default bus of an account."""

    source: str
    detail_type: str
    detail: Json
    resources: tuple[str, ...]


Maker = Callable[[Change], Notice | None]
"""The event that a change is, or None when nobody is told of it."""


def iso(seconds: float) -> str:
    """A time as most of AWS's events have it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(seconds: float) -> int:
    """A time as events of SageMaker's jobs have it."""
    return round(seconds * 1000)


def given(members: Json) -> Json:
    """The members that have a value."""
    return {name: value for name, value in members.items() if value is not None}
