"""The index: which versions of which keys exist, and which blob each one is.

Methods that change something must run inside `database.transaction()`; those that let blobs go return their ids, and
the caller sees to it that the files go after the transaction has committed, never before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from headgate.localcloud.s3.database import Database
from headgate.localcloud.s3.values import NULL_VERSION, Attributes, BucketInfo, ObjectInfo
from headgate.localcloud.sqlite import Row


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is about to become the latest version of a key; `blob` is empty for a delete marker."""

    bucket: str
    key: str
    version_id: str
    size: int
    etag: str
    modified: float
    blob: str
    attributes: Attributes


class BucketIndex:
    """Buckets and their settings."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, name: str) -> BucketInfo | None:
        row = self._database.row("SELECT name, account, region, created, versioning FROM buckets WHERE name=?", (name,))
        return BucketInfo(*row) if row else None

    def list(self, account: str) -> list[BucketInfo]:
        query = "SELECT name, account, region, created, versioning FROM buckets WHERE account=? ORDER BY name"
        return [BucketInfo(*row) for row in self._database.rows(query, (account,))]

    def insert(self, bucket: BucketInfo) -> None:
        self._database.write(
            "INSERT INTO buckets VALUES (?, ?, ?, ?, ?)",
            (bucket.name, bucket.account, bucket.region, bucket.created, bucket.versioning),
        )

    def set_versioning(self, name: str, versioning: str) -> None:
        self._database.write("UPDATE buckets SET versioning=? WHERE name=?", (versioning, name))

    def is_empty(self, name: str) -> bool:
        return self._database.row("SELECT 1 FROM versions WHERE bucket=? LIMIT 1", (name,)) is None

    def delete(self, name: str) -> None:
        self._database.write("DELETE FROM bucket_settings WHERE bucket=?", (name,))
        self._database.write("DELETE FROM buckets WHERE name=?", (name,))

    def setting(self, bucket: str, name: str) -> bytes | None:
        row = self._database.row("SELECT body FROM bucket_settings WHERE bucket=? AND name=?", (bucket, name))
        return bytes(row[0]) if row else None

    def put_setting(self, bucket: str, name: str, body: bytes) -> None:
        self._database.write("INSERT OR REPLACE INTO bucket_settings VALUES (?, ?, ?)", (bucket, name, body))

    def delete_setting(self, bucket: str, name: str) -> None:
        self._database.write("DELETE FROM bucket_settings WHERE bucket=? AND name=?", (bucket, name))


class VersionIndex:
    """Versions of objects, delete markers among them."""

    def __init__(self, database: Database, path: Callable[[str], Path]) -> None:
        self._database = database
        self._path = path

    def latest(self, bucket: str, key: str) -> ObjectInfo | None:
        """The current version, which may be a delete marker."""
        row = self._database.row("SELECT * FROM versions WHERE bucket=? AND key=? AND latest=1", (bucket, key))
        return self._info(row) if row else None

    def version(self, bucket: str, key: str, version_id: str) -> ObjectInfo | None:
        query = "SELECT * FROM versions WHERE bucket=? AND key=? AND version_id=?"
        row = self._database.row(query, (bucket, key, version_id))
        return self._info(row) if row else None

    def current(self, bucket: str, start: str, end: str | None, limit: int) -> list[ObjectInfo]:
        """At most `limit` current objects with `start` <= key < `end`, in key order; no delete markers.

        Without `end` there is no upper bound, and a `limit` of -1 means all.
        """
        rows = self._database.rows(
            "SELECT * FROM versions WHERE bucket=? AND latest=1 AND delete_marker=0 AND key>=? AND key<? "
            "ORDER BY key LIMIT ?",
            (bucket, start, _upper(end), limit),
        )
        return [self._info(row) for row in rows]

    def history(self, bucket: str, start: str, end: str | None, limit: int) -> list[ObjectInfo]:
        """At most `limit` versions in key order, newest first within a key, delete markers included."""
        rows = self._database.rows(
            "SELECT * FROM versions WHERE bucket=? AND key>=? AND key<? ORDER BY key, sequence DESC LIMIT ?",
            (bucket, start, _upper(end), limit),
        )
        return [self._info(row) for row in rows]

    def older(self, bucket: str, key: str, version_id: str, limit: int) -> list[ObjectInfo]:
        """At most `limit` versions of a key that came before `version_id`, newest first."""
        rows = self._database.rows(
            "SELECT * FROM versions WHERE bucket=? AND key=? AND sequence < "
            "(SELECT sequence FROM versions WHERE bucket=? AND key=? AND version_id=?) "
            "ORDER BY sequence DESC LIMIT ?",
            (bucket, key, bucket, key, version_id, limit),
        )
        return [self._info(row) for row in rows]

    def add(self, new: NewVersion) -> list[str]:
        """Make `new` the latest version; a null version replaces the one before it. Returns the blobs let go."""
        released = self._drop(new.bucket, new.key, NULL_VERSION) if new.version_id == NULL_VERSION else []
        self._database.write(
            "UPDATE versions SET latest=0 WHERE bucket=? AND key=? AND latest=1", (new.bucket, new.key)
        )
        self._database.write(
            "INSERT INTO versions VALUES (NULL, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
            (
                new.bucket,
                new.key,
                new.version_id,
                int(not new.blob),
                new.size,
                new.etag,
                new.modified,
                new.blob,
                json.dumps(new.attributes.as_json()),
            ),
        )
        return released

    def remove(self, bucket: str, key: str, version_id: str) -> list[str]:
        """Remove one version for good; the one before it becomes the latest. Returns the blobs let go."""
        released = self._drop(bucket, key, version_id)
        self._database.write(
            "UPDATE versions SET latest=1 WHERE sequence="
            "(SELECT max(sequence) FROM versions WHERE bucket=? AND key=?) AND latest=0",
            (bucket, key),
        )
        return released

    def set_attributes(self, bucket: str, key: str, version_id: str, attributes: Attributes) -> None:
        self._database.write(
            "UPDATE versions SET attributes=? WHERE bucket=? AND key=? AND version_id=?",
            (json.dumps(attributes.as_json()), bucket, key, version_id),
        )

    def blobs(self) -> set[str]:
        """Every blob that a version or a part of an upload names."""
        rows = self._database.rows("SELECT blob FROM versions WHERE blob<>'' UNION ALL SELECT blob FROM parts")
        return {blob for (blob,) in rows}

    def _drop(self, bucket: str, key: str, version_id: str) -> list[str]:
        values = (bucket, key, version_id)
        rows = self._database.rows("SELECT blob FROM versions WHERE bucket=? AND key=? AND version_id=?", values)
        self._database.write("DELETE FROM versions WHERE bucket=? AND key=? AND version_id=?", values)
        return [blob for (blob,) in rows if blob]

    def _info(self, row: Row) -> ObjectInfo:
        _, bucket, key, version_id, latest, delete_marker, size, etag, modified, blob, attributes = row
        return ObjectInfo(
            bucket=bucket,
            key=key,
            size=size,
            etag=etag,
            last_modified=modified,
            path=self._path(blob),
            version_id=None if version_id == NULL_VERSION else version_id,
            attributes=Attributes.from_json(json.loads(attributes)),
            delete_marker=bool(delete_marker),
            is_latest=bool(latest),
        )


def _upper(end: str | None) -> str | bytes:
    """An exclusive upper bound: SQLite sorts every text before every blob, so an empty blob bounds nothing."""
    return b"" if end is None else end
