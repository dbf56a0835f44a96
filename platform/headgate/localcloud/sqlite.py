"""One SQLite file: a connection, its lock and its transactions, as every store of the local cloud uses them."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = tuple[Any, ...]


class SqliteFile:
    """One connection, one lock; safe to use from many threads.

    What a transaction has committed survives `kill -9` of the process. `synchronous=NORMAL` in WAL mode: a process
    crash loses nothing, a power cut may lose the last moments, which a laptop's state can bear.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._after_commit: list[Callable[[], None]] = []
        self._connection = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")

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

    def script(self, statements: str) -> None:
        """Run the statements that make a schema, outside of any transaction."""
        with self._lock:
            self._connection.executescript(statements)

    def close(self) -> None:
        with self._lock:
            self._connection.close()
