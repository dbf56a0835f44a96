"""The SQLite file under the S3 index: its schema, its version, its transactions."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from headgate.errors import FailedError

SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL, created REAL NOT NULL, versioning TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bucket_settings (
    bucket TEXT NOT NULL, name TEXT NOT NULL, body BLOB NOT NULL,
    PRIMARY KEY (bucket, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS versions (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT, bucket TEXT NOT NULL, key TEXT NOT NULL, version_id TEXT NOT NULL,
    latest INTEGER NOT NULL, delete_marker INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified REAL NOT NULL, blob TEXT NOT NULL, attributes TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS current ON versions (bucket, key) WHERE latest = 1;
CREATE INDEX IF NOT EXISTS history ON versions (bucket, key, sequence DESC);
CREATE TABLE IF NOT EXISTS uploads (
    upload_id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, initiated REAL NOT NULL,
    attributes TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploads_by_key ON uploads (bucket, key, initiated, upload_id);
CREATE TABLE IF NOT EXISTS parts (
    upload_id TEXT NOT NULL, number INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
    modified REAL NOT NULL, blob TEXT NOT NULL, checksums TEXT NOT NULL,
    PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;
"""

Row = tuple[Any, ...]


class Database:
    """One connection, one lock. A transaction that has committed survives `kill -9` of the process.

    `synchronous=NORMAL` in WAL mode: a process crash loses nothing; a power cut may lose the last moments.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._guard = _lock_folder(root)
        self._lock = threading.RLock()
        self._after_commit: list[Callable[[], None]] = []
        self._connection = sqlite3.connect(root / "index.db", check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._migrate(root)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep writers out while several reads, or a read and a file, must agree."""
        with self._lock:
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several calls one atomic step; nested use joins the outer one."""
        with self._lock:
            nested = self._connection.in_transaction
            if nested:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                self._after_commit.clear()
                if self._connection.in_transaction:  # SQLite itself rolls back when the disk is full
                    self._connection.execute("ROLLBACK")
                raise
            following, self._after_commit = self._after_commit, []
            for action in following:
                action()

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once the transaction has committed, and not if it is rolled back."""
        self._after_commit.append(action)

    def rows(self, query: str, values: Sequence[object] = ()) -> list[Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[object] = ()) -> Row | None:
        with self._lock:
            found: Row | None = self._connection.execute(query, values).fetchone()
            return found

    def write(self, query: str, values: Sequence[object] = ()) -> int:
        """Run one statement in a transaction; returns how many rows it changed."""
        with self.transaction():
            return self._connection.execute(query, values).rowcount

    def close(self) -> None:
        with self._lock:
            self._connection.close()
            self._guard.close()

    def _migrate(self, root: Path) -> None:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            self.close()
            raise FailedError(
                f"the objects in '{root}' were written by a newer headgate (format {version})",
                expected=f"format {SCHEMA_VERSION}: upgrade headgate, or start over with an empty state folder",
                next_command="headgate cloud reset",
            )
        self._connection.executescript(_SCHEMA)
        self._connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")


def _lock_folder(root: Path) -> Any:
    """Hold a lock until the process ends: a second process that swept this folder would destroy what we stage.

    A record lock, not `flock`: children of the daemon do not inherit it, so none can keep a restart out.
    """
    guard = (root / "lock").open("w")
    try:
        fcntl.lockf(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        guard.close()
        raise FailedError(
            f"the objects in '{root}' are in use by another process",
            expected="one daemon per state folder",
            next_command="headgate cloud status",
        ) from error
    return guard
