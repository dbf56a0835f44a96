"""The index of multipart uploads in progress and their parts."""

from __future__ import annotations

import json

from headgate.localcloud.s3.database import Database
from headgate.localcloud.s3.values import Attributes, Part, Upload
from headgate.localcloud.sqlite import Row


class UploadIndex:
    """Uploads and parts. As in `VersionIndex`, blobs that are let go are returned, not removed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def insert(self, upload: Upload) -> None:
        self._database.write(
            "INSERT INTO uploads VALUES (?, ?, ?, ?, ?)",
            (upload.upload_id, upload.bucket, upload.key, upload.initiated, json.dumps(upload.attributes.as_json())),
        )

    def find(self, upload_id: str) -> Upload | None:
        row = self._database.row("SELECT * FROM uploads WHERE upload_id=?", (upload_id,))
        return _upload(row) if row else None

    def list(self, bucket: str) -> list[Upload]:
        """All uploads of a bucket by key, then in the order of their start."""
        rows = self._database.rows("SELECT * FROM uploads WHERE bucket=? ORDER BY key, initiated, upload_id", (bucket,))
        return [_upload(row) for row in rows]

    def put_part(self, upload_id: str, part: Part) -> tuple[str, ...]:
        """Add a part, or replace the one with the same number. Returns the blobs let go."""
        values = (upload_id, part.number)
        released = self._database.rows("SELECT blob FROM parts WHERE upload_id=? AND number=?", values)
        self._database.write(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*values, part.size, part.etag, part.last_modified, part.blob, json.dumps(dict(part.checksums))),
        )
        return tuple(blob for (blob,) in released)

    def parts(self, upload_id: str) -> tuple[Part, ...]:
        """The parts by number."""
        rows = self._database.rows(
            "SELECT number, size, etag, modified, blob, checksums FROM parts WHERE upload_id=? ORDER BY number",
            (upload_id,),
        )
        return tuple(
            Part(number, size, etag, modified, blob, json.loads(checksums))
            for number, size, etag, modified, blob, checksums in rows
        )

    def delete(self, upload_id: str) -> tuple[str, ...]:
        """Forget an upload. Returns the blobs let go."""
        released = tuple(part.blob for part in self.parts(upload_id))
        self._database.write("DELETE FROM parts WHERE upload_id=?", (upload_id,))
        self._database.write("DELETE FROM uploads WHERE upload_id=?", (upload_id,))
        return released

    def delete_all(self, bucket: str) -> tuple[str, ...]:
        """Forget all uploads of a bucket. Returns the blobs let go."""
        return tuple(blob for upload in self.list(bucket) for blob in self.delete(upload.upload_id))


def _upload(row: Row) -> Upload:
    upload_id, bucket, key, initiated, attributes = row
    return Upload(upload_id, bucket, key, initiated, Attributes.from_json(json.loads(attributes)))
