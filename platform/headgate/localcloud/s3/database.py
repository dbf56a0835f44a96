"""The SQLite file under the S3 index: its schema, its version, and that one process has it."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Any

from headgate.errors import FailedError
from headgate.localcloud.sqlite import SqliteFile

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
CREATE TABLE IF NOT EXISTS notices (sequence INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL);
"""


class Database(SqliteFile):
    """The index's file, which only one process at a time may have open."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self._guard = _lock_folder(root)
        super().__init__(root / "index.db")
        self._migrate(root)

    def close(self) -> None:
        super().close()
        self._guard.close()

    def _migrate(self, root: Path) -> None:
        ((version,),) = self.rows("PRAGMA user_version")
        if version > SCHEMA_VERSION:
            self.close()
            raise FailedError(
                f"the objects in '{root}' were written by a newer headgate (format {version})",
                expected=f"format {SCHEMA_VERSION}: upgrade headgate, or start over with an empty state folder",
                next_command="headgate cloud reset",
            )
        self.script(f"{_SCHEMA} PRAGMA user_version={SCHEMA_VERSION};")


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
