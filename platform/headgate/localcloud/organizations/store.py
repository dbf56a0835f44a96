"""Organizations in memory, and durable: every change is a document before it is seen."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.organizations.model import (
    Account,
    Creation,
    Handshake,
    Organization,
    Policy,
    Row,
    Tags,
    Unit,
)

_KINDS: dict[type[Row], str] = {
    Organization: "organization",
    Unit: "organizational-unit",
    Account: "organization-account",
    Policy: "organization-policy",
    Creation: "organization-create-account",
    Handshake: "organization-handshake",
    Tags: "organization-tags",
}
AnyRow = TypeVar("AnyRow", bound=Row)
Moved = Callable[[str, str, str], object]
"""Account id, and the id of the root or unit above it before and now: empty when it is in no organization."""


class OrganizationStore:
    """Rows by kind and id, in the order they were made. Hold `changing()` around what reads and then writes."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.RLock()
        self._depth = 0
        self.version = 0
        self.observers: list[Moved] = []
        self._rows: dict[type[Row], dict[str, Row]] = {
            kind: {key.name: kind.from_json(body) for key, body in documents.list(name)}
            for kind, name in _KINDS.items()
        }

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One operation at a time, all its writes or none; observers hear of accounts that stand elsewhere then."""
        with self._lock:
            before = {kind: dict(rows) for kind, rows in self._rows.items()}
            self._depth += 1
            try:
                with self._documents.transaction():
                    yield
            except BaseException:
                self._rows = before
                raise
            finally:
                self.version += 1
                self._depth -= 1
            moves = [] if self._depth else _moves(before[Account], self._rows[Account])
        for move in moves:
            for observer in self.observers:
                observer(*move)

    def put(self, row: Row) -> None:
        """Add or replace."""
        self._documents.put(Key("", "", _KINDS[type(row)], row.id), row.as_json())
        self._rows[type(row)][row.id] = row

    def remove(self, row: Row) -> None:
        self._documents.delete(Key("", "", _KINDS[type(row)], row.id))
        del self._rows[type(row)][row.id]

    def find(self, kind: type[AnyRow], identifier: str) -> AnyRow | None:
        """A row, or None."""
        row = self._rows[kind].get(identifier)
        return row if isinstance(row, kind) else None

    def all(self, kind: type[AnyRow], organization: str = "") -> list[AnyRow]:
        """The rows of a kind, of one organization if given."""
        rows = list(self._rows[kind].values())
        return [
            row
            for row in rows
            if isinstance(row, kind) and (not organization or getattr(row, "organization", "") == organization)
        ]

    def of_account(self, account: str) -> tuple[Organization, Account] | None:
        """The organization that an account is in, and what it is there."""
        member = self.find(Account, account)
        organization = self.find(Organization, member.organization) if member else None
        return (organization, member) if member and organization else None

    def targets(self, organization: str, identifier: str) -> Unit | Account | None:
        """A root, unit or account of the organization by its id."""
        row = self.find(Unit, identifier) or self.find(Account, identifier)
        return row if row is not None and row.organization == organization else None

    def tags(self, identifier: str) -> Mapping[str, str]:
        """The tags of an account, unit, root or policy."""
        found = self.find(Tags, identifier)
        return found.tags if found else {}

    def way(self, row: Unit | Account) -> list[Unit | Account]:
        """From the root down to the row."""
        way: list[Unit | Account] = [row]
        while way[0].parent:
            above = self.find(Unit, way[0].parent)
            if above is None:
                raise KeyError(way[0].parent)
            way.insert(0, above)
        return way


def _moves(before: Mapping[str, Row], now: Mapping[str, Row]) -> list[tuple[str, str, str]]:
    """Accounts whose parent differs: id, parent before, parent now."""
    ids = [identifier for identifier in {**before, **now} if before.get(identifier) is not now.get(identifier)]
    pairs = [(identifier, _parent(before.get(identifier)), _parent(now.get(identifier))) for identifier in ids]
    return [(identifier, old, new) for identifier, old, new in pairs if old != new]


def _parent(row: Row | None) -> str:
    return row.parent if isinstance(row, Account) else ""
