"""A durable store of JSON documents: what the local cloud knows, in one SQLite file.

Every write is one transaction: once `insert`, `put`, `update` or `delete` has returned, the fact survives `kill -9` of
the daemon.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from headgate.localcloud.seams import Json
from headgate.localcloud.sqlite import SqliteFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    account TEXT NOT NULL, region TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
    sequence INTEGER NOT NULL, body TEXT NOT NULL,
    PRIMARY KEY (account, region, kind, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_kind ON documents (kind, sequence);
CREATE INDEX IF NOT EXISTS by_sequence ON documents (sequence);
"""


@dataclass(frozen=True, slots=True)
class Key:
    """What names a document: `kind` is ours (`training-job`), `name` is unique within account, region and kind."""

    account: str
    region: str
    kind: str
    name: str


Watcher = Callable[[Key, Json | None, Json | None], None]
"""Told of a change: the key, the body before (None: it is new) and now (None: it is deleted); it changes neither."""


class DuplicateError(Exception):
    """`insert` found the name taken."""


class MissingError(KeyError):
    """`get`, `update` or `delete` found nothing."""


class Documents:
    """Documents by key, in insertion order. Safe to use from many threads; bodies are copied in and out."""

    def __init__(self, file: Path) -> None:
        self._file = SqliteFile(file)
        self._file.script(_SCHEMA)
        self._watchers: dict[str, list[Watcher]] = {}

    def watch(self, kinds: Iterable[str], watcher: Watcher) -> None:
        """Tell `watcher` of every change of documents of these kinds, within the change's own transaction.

        What the watcher writes is there exactly when the change is; what it raises undoes both.
        """
        for kind in kinds:
            self._watchers.setdefault(kind, []).append(watcher)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Within a transaction: do something once it has committed, and not if it is rolled back."""
        self._file.after_commit(action)

    def transaction(self) -> AbstractContextManager[None]:
        """Make several calls one atomic step; nested use joins the outer one."""
        return self._file.transaction()

    def insert(self, key: Key, body: Json) -> None:
        """Add a new document. Raises DuplicateError if the key is taken."""
        with self.transaction():
            try:
                self._insert(key, body)
            except sqlite3.IntegrityError as error:
                raise DuplicateError(key.name) from error
            self._tell(key, None, body)

    def put(self, key: Key, body: Json) -> None:
        """Add or replace a document; a replaced one keeps its place in the order."""
        with self.transaction():
            text = json.dumps(body)
            before = self.find(key) if key.kind in self._watchers else None
            changed = self._file.write(
                "UPDATE documents SET body=? WHERE account=? AND region=? AND kind=? AND name=?",
                (text, key.account, key.region, key.kind, key.name),
            )
            if not changed:
                self._insert(key, body)
            self._tell(key, before, body)

    def get(self, key: Key) -> Json:
        """The document's body. Raises MissingError."""
        row = self._file.row(
            "SELECT body FROM documents WHERE account=? AND region=? AND kind=? AND name=?",
            (key.account, key.region, key.kind, key.name),
        )
        if row is None:
            raise MissingError(key.name)
        body: Json = json.loads(row[0])
        return body

    def find(self, key: Key) -> Json | None:
        """The document's body, or None."""
        try:
            return self.get(key)
        except MissingError:
            return None

    def update(self, key: Key, change: Callable[[Json], Json | None]) -> Json:
        """Read, change and write in one step; `change` returns the new body, or None after changing it in place."""
        with self.transaction():
            body = self.get(key)
            changed = change(body)
            body = body if changed is None else changed
            self.put(key, body)
            return body

    def delete(self, key: Key) -> None:
        """Remove a document. Raises MissingError."""
        with self.transaction():
            before = self.find(key) if key.kind in self._watchers else None
            count = self._file.write(
                "DELETE FROM documents WHERE account=? AND region=? AND kind=? AND name=?",
                (key.account, key.region, key.kind, key.name),
            )
            if not count:
                raise MissingError(key.name)
            self._tell(key, before, None)

    def list(
        self, kind: str, *, account: str | None = None, region: str | None = None, prefix: str = ""
    ) -> list[tuple[Key, Json]]:
        """Documents of a kind in the order of their insertion; `prefix` is of the name."""
        query, values = "SELECT account, region, kind, name, body FROM documents WHERE kind=?", [kind]
        for column, value in (("account", account), ("region", region)):
            if value is not None:
                query += f" AND {column}=?"
                values.append(value)
        if prefix:
            query += " AND substr(name, 1, length(?)) = ?"
            values += [prefix, prefix]
        rows = self._file.rows(query + " ORDER BY sequence", values)
        return [(Key(*row[:4]), json.loads(row[4])) for row in rows]

    def next_number(self, counter: str) -> int:
        """A number that only grows, per counter, starting at 1; survives restarts."""
        key = Key("", "", "counter", counter)
        with self.transaction():
            value = int((self.find(key) or {"value": 0})["value"]) + 1
            self.put(key, {"value": value})
        return value

    def close(self) -> None:
        self._file.close()

    def _tell(self, key: Key, before: Json | None, after: Json | None) -> None:
        for watcher in self._watchers.get(key.kind, ()):
            watcher(key, before, after)

    def _insert(self, key: Key, body: Json) -> None:
        self._file.write(
            "INSERT INTO documents VALUES (?, ?, ?, ?, (SELECT coalesce(max(sequence), 0) + 1 FROM documents), ?)",
            (key.account, key.region, key.kind, key.name, json.dumps(body)),
        )
