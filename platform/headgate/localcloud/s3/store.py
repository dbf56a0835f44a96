"""The object store: S3's facts without S3's HTTP. The jobs of the local cloud use it directly.

Once a call that changes something has returned, the change survives `kill -9` of the process. An object appears
whole or not at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from headgate.localcloud.errors import AwsError
from headgate.localcloud.s3 import changes
from headgate.localcloud.s3.blobs import BlobFolder, StagedBlob, require_regular_file
from headgate.localcloud.s3.database import Database
from headgate.localcloud.s3.index import BucketIndex, NewVersion, VersionIndex
from headgate.localcloud.s3.names import after_prefix, check_bucket_name, check_key
from headgate.localcloud.s3.uploads import UploadIndex
from headgate.localcloud.s3.values import (
    DEFAULT_CONTENT_TYPE,
    NULL_VERSION,
    Attributes,
    BucketInfo,
    ObjectInfo,
    Versioning,
    parse_s3_uri,
)
from headgate.localcloud.seams import Clock

__all__ = ["Attributes", "BucketInfo", "ObjectInfo", "ObjectStore", "StagedBlob", "parse_s3_uri"]

Precondition = Callable[[ObjectInfo | None], None]
"""Called with the current object, or None, in the same transaction as the change; raises AwsError to refuse it."""


def _random_id() -> str:
    return secrets.token_hex(16)


class ObjectStore:
    """Buckets and objects in one folder. Safe to use from many threads; one process at a time.

    Raises FailedError when another process holds the folder, or a newer headgate has written it.
    """

    def __init__(self, root: Path, clock: Clock, *, new_id: Callable[[], str] = _random_id) -> None:
        self.clock = clock
        self.new_id = new_id
        self.database = Database(root)
        self.blobs = BlobFolder(root, new_id)
        self.buckets = BucketIndex(self.database)
        self.versions = VersionIndex(self.database, self.blobs.path)
        self.uploads = UploadIndex(self.database)
        self.changed: changes.Observer = changes.nobody
        self.blobs.sweep(self.versions.blobs())

    def close(self) -> None:
        self.database.close()

    # Buckets

    def create_bucket(self, account: str, region: str, bucket: str) -> BucketInfo:
        """Raises AwsError: InvalidBucketName, BucketAlreadyOwnedByYou, BucketAlreadyExists."""
        check_bucket_name(bucket)
        with self.database.transaction():
            found = self.buckets.find(bucket)
            if found and found.account == account:
                raise AwsError("BucketAlreadyOwnedByYou", f"you already own the bucket '{bucket}'", status=409)
            if found:
                raise AwsError("BucketAlreadyExists", f"the bucket name '{bucket}' is not available", status=409)
            info = BucketInfo(bucket, account, region, self.clock.now())
            self.buckets.insert(info)
            return info

    def ensure_bucket(self, account: str, region: str, bucket: str) -> BucketInfo:
        """The bucket, created if need be. Raises AwsError (BucketAlreadyExists) if it is another account's."""
        with self.database.transaction():
            found = self.buckets.find(bucket)
            return found if found and found.account == account else self.create_bucket(account, region, bucket)

    def bucket_exists(self, bucket: str) -> bool:
        return self.buckets.find(bucket) is not None

    def bucket(self, bucket: str) -> BucketInfo:
        """Raises AwsError (NoSuchBucket)."""
        found = self.buckets.find(bucket)
        if found is None:
            raise AwsError("NoSuchBucket", f"the bucket '{bucket}' does not exist", status=404)
        return found

    def delete_bucket(self, bucket: str) -> None:
        """Raises AwsError: NoSuchBucket, BucketNotEmpty."""
        with self.database.transaction():
            self.bucket(bucket)
            if not self.buckets.is_empty(bucket):
                raise AwsError("BucketNotEmpty", f"the bucket '{bucket}' is not empty", status=409)
            self.release(self.uploads.delete_all(bucket))
            self.buckets.delete(bucket)

    def set_versioning(self, bucket: str, versioning: Versioning) -> None:
        with self.database.transaction():
            self.bucket(bucket)
            self.buckets.set_versioning(bucket, versioning)

    def put_setting(self, bucket: str, name: str, body: bytes) -> None:
        """Keep a subresource of a bucket as it was put. Raises AwsError (NoSuchBucket)."""
        with self.database.transaction():
            self.bucket(bucket)
            self.buckets.put_setting(bucket, name, body)

    def delete_setting(self, bucket: str, name: str) -> None:
        """Forget a subresource. Raises AwsError (NoSuchBucket)."""
        with self.database.transaction():
            self.bucket(bucket)
            self.buckets.delete_setting(bucket, name)

    # Reading

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        """The current object, or None if the key or the bucket is not there."""
        found = self.versions.latest(bucket, key)
        return None if found is None or found.delete_marker else found

    def get(self, bucket: str, key: str) -> ObjectInfo:
        """Raises AwsError: NoSuchBucket, NoSuchKey."""
        found = self.find(bucket, key)
        if found is None:
            self.bucket(bucket)
            raise AwsError("NoSuchKey", f"the key '{key}' does not exist in bucket '{bucket}'", status=404)
        return found

    def get_version(self, bucket: str, key: str, version_id: str | None) -> ObjectInfo:
        """A version, or the current object for None; may be a delete marker if asked for by id.

        Raises AwsError: NoSuchBucket, NoSuchKey, NoSuchVersion.
        """
        if version_id is None:
            return self.get(bucket, key)
        found = self.versions.version(bucket, key, version_id)
        if found is None:
            self.bucket(bucket)
            raise AwsError("NoSuchVersion", f"the version '{version_id}' of key '{key}' does not exist", status=404)
        return found

    def open(self, bucket: str, key: str, version_id: str | None = None) -> tuple[ObjectInfo, BinaryIO]:
        """An object and its open file, from the same moment. Raises like `get_version`; delete markers have no file."""
        with self.database.lock():
            info = self.get_version(bucket, key, version_id)
            return info, info.path.open("rb")

    def list(self, bucket: str, prefix: str = "") -> list[ObjectInfo]:
        """All current objects whose keys start with `prefix`, in key order. Raises AwsError (NoSuchBucket)."""
        self.bucket(bucket)
        return self.versions.current(bucket, prefix, after_prefix(prefix), -1)

    # Writing

    def stage(self) -> AbstractContextManager[StagedBlob]:
        """A blob to write to and hand to `put_staged`; discarded when its `with` block ends without that."""
        return self.blobs.stage()

    def put_bytes(
        self,
        bucket: str,
        key: str,
        data: bytes,
        *,
        metadata: Mapping[str, str] | None = None,
        content_type: str = DEFAULT_CONTENT_TYPE,
    ) -> ObjectInfo:
        """Store an object. Raises AwsError: NoSuchBucket, KeyTooLongError."""
        with self.blobs.stage() as staged:
            staged.write(data)
            return self.put_staged(bucket, key, staged, _attributes(metadata, content_type))

    def put_file(
        self,
        bucket: str,
        key: str,
        source: Path,
        *,
        move: bool = False,
        metadata: Mapping[str, str] | None = None,
        content_type: str = DEFAULT_CONTENT_TYPE,
    ) -> ObjectInfo:
        """Store a file. With `move` the file itself becomes the object: no copy within one file system.

        Nobody may have the file open for writing then. It is made read-only, and `source` is gone afterwards, even
        if storing it fails. Raises AwsError like `put_bytes`; ValueError if `source` is not a regular file.
        """
        require_regular_file(source)
        with self.blobs.stage() as staged:
            if move:
                self.bucket(bucket)
                staged.adopt(source)
            else:
                with source.open("rb") as file:
                    staged.absorb(file)
            return self.put_staged(bucket, key, staged, _attributes(metadata, content_type))

    def put_staged(
        self,
        bucket: str,
        key: str,
        staged: StagedBlob,
        attributes: Attributes,
        *,
        etag: str | None = None,
        precondition: Precondition | None = None,
        event: str = changes.PUT,
    ) -> ObjectInfo:
        """Make a staged blob the current object; `etag` defaults to the MD5 of its bytes in hex."""
        check_key(key)
        size, tag = staged.size, etag or staged.md5.hex()
        with self.database.transaction():
            self._check(bucket, key, precondition)
            blob = self.blobs.publish(staged)
            return self._add(bucket, key, size, tag, blob, attributes, event)

    def copy(
        self,
        source: ObjectInfo,
        bucket: str,
        key: str,
        attributes: Attributes,
        *,
        precondition: Precondition | None = None,
    ) -> ObjectInfo:
        """Make another object of the same bytes by a hard link. Raises AwsError (NoSuchKey) if `source` is gone."""
        check_key(key)
        with self.database.transaction():
            self._check(bucket, key, precondition)
            try:
                blob = self.blobs.link(source.path.name)
            except FileNotFoundError as error:
                raise AwsError("NoSuchKey", f"the key '{source.key}' does not exist", status=404) from error
            return self._add(bucket, key, source.size, source.etag, blob, attributes, changes.COPY)

    def set_attributes(self, info: ObjectInfo, attributes: Attributes) -> None:
        """Replace what is kept beside the bytes (tags, ACL) of one version."""
        with self.database.transaction():
            self.get_version(info.bucket, info.key, info.version_id or NULL_VERSION)
            self.versions.set_attributes(info.bucket, info.key, info.version_id or NULL_VERSION, attributes)

    def delete(self, bucket: str, key: str) -> ObjectInfo | None:
        """Delete the current object; in a versioned bucket, put a delete marker on top and return it.

        Deleting what is not there is no error, as on S3. Raises AwsError (NoSuchBucket).
        """
        with self.database.transaction():
            versioning = self.bucket(bucket).versioning
            if not versioning:
                removed = self.find(bucket, key)
                self.release(self.versions.remove(bucket, key, NULL_VERSION))
                if removed is not None:
                    self.changed(changes.DELETE, removed)
                return None
            version_id = self.new_id() if versioning == "Enabled" else NULL_VERSION
            new = NewVersion(bucket, key, version_id, 0, "", self.clock.now(), "", Attributes())
            self.release(self.versions.add(new))
            marker = self.versions.latest(bucket, key)
            if marker is not None:
                self.changed(changes.DELETE_MARKER, marker)
            return marker

    def delete_version(self, bucket: str, key: str, version_id: str) -> ObjectInfo | None:
        """Remove one version for good; returns what it was. Raises AwsError (NoSuchBucket)."""
        with self.database.transaction():
            self.bucket(bucket)
            found = self.versions.version(bucket, key, version_id)
            self.release(self.versions.remove(bucket, key, version_id))
            if found is not None:
                self.changed(changes.DELETE, found)
            return found

    def release(self, blobs: Iterable[str]) -> None:
        """Remove blobs that no row names any more, once the transaction that let them go has committed."""
        self.database.after_commit(lambda: self.blobs.remove(blobs))

    def _check(self, bucket: str, key: str, precondition: Precondition | None) -> None:
        self.bucket(bucket)
        if precondition is not None:
            precondition(self.find(bucket, key))

    def _add(
        self, bucket: str, key: str, size: int, etag: str, blob: str, attributes: Attributes, event: str
    ) -> ObjectInfo:
        version_id = self.new_id() if self.bucket(bucket).versioning == "Enabled" else NULL_VERSION
        modified = self.clock.now()
        self.release(self.versions.add(NewVersion(bucket, key, version_id, size, etag, modified, blob, attributes)))
        info = ObjectInfo(
            bucket=bucket,
            key=key,
            size=size,
            etag=etag,
            last_modified=modified,
            path=self.blobs.path(blob),
            version_id=None if version_id == NULL_VERSION else version_id,
            attributes=attributes,
        )
        self.changed(event, info)
        return info


def _attributes(metadata: Mapping[str, str] | None, content_type: str) -> Attributes:
    return replace(Attributes(), headers={"content-type": content_type}, metadata=dict(metadata or {}))
