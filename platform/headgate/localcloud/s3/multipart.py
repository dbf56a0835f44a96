"""Multipart uploads over the store: parts are blobs of their own until the upload is completed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from headgate.localcloud.s3 import changes, checksums
from headgate.localcloud.s3.blobs import StagedBlob
from headgate.localcloud.s3.errors import S3Error, bad_digest
from headgate.localcloud.s3.names import check_key
from headgate.localcloud.s3.store import ObjectStore, Precondition
from headgate.localcloud.s3.values import Attributes, ObjectInfo, Part, Upload

MOST_PARTS = 10000
SMALLEST_PART = 5 << 20
"""Bytes of every part but the last."""


@dataclass(frozen=True, slots=True)
class ListedPart:
    """A part as the client lists it when it completes an upload."""

    number: int
    etag: str
    checksums: Mapping[str, str] = field(default_factory=dict)


def create(store: ObjectStore, bucket: str, key: str, attributes: Attributes) -> Upload:
    """Begin an upload. Raises AwsError (NoSuchBucket, KeyTooLongError)."""
    check_key(key)
    with store.database.transaction():
        store.bucket(bucket)
        upload = Upload(store.new_id(), bucket, key, store.clock.now(), attributes)
        store.uploads.insert(upload)
    return upload


def find(store: ObjectStore, bucket: str, key: str, upload_id: str) -> Upload:
    """Raises S3Error (NoSuchUpload)."""
    upload = store.uploads.find(upload_id)
    if upload is None or (upload.bucket, upload.key) != (bucket, key):
        raise S3Error(
            "NoSuchUpload",
            "the specified upload does not exist: the upload ID may be invalid, or the upload may have been aborted or "
            "completed",
            status=404,
            elements={"UploadId": upload_id},
        )
    return upload


def put_part(store: ObjectStore, upload: Upload, number: int, staged: StagedBlob, found: Mapping[str, str]) -> Part:
    """Keep a part; one with the same number is replaced.

    Raises S3Error: NoSuchUpload if the upload is gone by now, InvalidRequest if it wants another checksum.
    """
    wanted = next(iter(upload.attributes.checksums), "")
    if wanted and wanted not in found:
        actual = next(iter(found), "null")
        raise S3Error(
            "InvalidRequest",
            f"checksum type mismatch occurred, expected checksum type: {wanted}, actual checksum type: {actual}",
        )
    size, etag = staged.size, staged.md5.hex()
    with store.database.transaction():
        find(store, upload.bucket, upload.key, upload.upload_id)
        part = Part(number, size, etag, store.clock.now(), store.blobs.publish(staged), found)
        store.release(store.uploads.put_part(upload.upload_id, part))
        return part


def abort(store: ObjectStore, upload: Upload) -> None:
    """Forget an upload and its parts."""
    with store.database.transaction():
        find(store, upload.bucket, upload.key, upload.upload_id)
        store.release(store.uploads.delete(upload.upload_id))


def complete(
    store: ObjectStore,
    upload: Upload,
    listed: Sequence[ListedPart],
    claims: Mapping[str, str],
    precondition: Precondition | None = None,
) -> ObjectInfo:
    """Join the listed parts into the object; parts that are not listed are dropped.

    `claims` are checksums of the whole, by algorithm. Raises S3Error: InvalidPart, InvalidPartOrder, EntityTooSmall,
    BadDigest, NoSuchUpload.
    """
    parts = _chosen(store.uploads.parts(upload.upload_id), listed)
    attributes = _attributes(upload, parts, claims)
    with store.stage() as staged:
        store.blobs.join([part.blob for part in parts], staged)
        with store.database.transaction():
            find(store, upload.bucket, upload.key, upload.upload_id)
            store.release(store.uploads.delete(upload.upload_id))
            return store.put_staged(
                upload.bucket,
                upload.key,
                staged,
                attributes,
                etag=_etag(parts),
                precondition=precondition,
                event=changes.COMPLETE_UPLOAD,
            )


def completed(store: ObjectStore, bucket: str, key: str, upload_id: str) -> ObjectInfo | None:
    """The object that an upload has become already: a client that missed the answer asks again."""
    found = store.find(bucket, key)
    return found if found is not None and found.attributes.upload_id == upload_id else None


def _chosen(stored: Sequence[Part], listed: Sequence[ListedPart]) -> list[Part]:
    if not listed:
        raise S3Error("MalformedXML", "you must specify at least one part")
    numbers = [part.number for part in listed]
    if any(first >= second for first, second in pairwise(numbers)):
        raise S3Error("InvalidPartOrder", "the list of parts was not in ascending order")
    by_number = {part.number: part for part in stored}
    chosen = []
    for want in listed:
        part = by_number.get(want.number)
        if part is None or part.etag != want.etag or any(part.checksums.get(k) != v for k, v in want.checksums.items()):
            raise S3Error(
                "InvalidPart",
                "one or more of the specified parts could not be found: the part may not have been uploaded, or the "
                "specified entity tag or checksum may not match",
                elements={"PartNumber": str(want.number), "ETag": want.etag},
            )
        chosen.append(part)
    for part in chosen[:-1]:
        if part.size < SMALLEST_PART:
            raise S3Error(
                "EntityTooSmall",
                "your proposed upload is smaller than the minimum allowed size",
                elements={"PartNumber": str(part.number), "ProposedSize": str(part.size)},
            )
    return chosen


def _etag(parts: Sequence[Part]) -> str:
    """The MD5 of the parts' MD5s, and how many there are."""
    digests = b"".join(bytes.fromhex(part.etag) for part in parts)
    return f"{hashlib.md5(digests, usedforsecurity=False).hexdigest()}-{len(parts)}"


def _attributes(upload: Upload, parts: Sequence[Part], claims: Mapping[str, str]) -> Attributes:
    attributes = replace(upload.attributes, upload_id=upload.upload_id, parts=tuple(part.size for part in parts))
    algorithm = next(iter(upload.attributes.checksums), "")
    found: dict[str, str] = {}
    if algorithm:
        values = [(part.checksums[algorithm], part.size) for part in parts]
        found = {algorithm: checksums.of_parts(algorithm, attributes.checksum_type, values)}
    for name, value in claims.items():
        if name in found and found[name] != value:
            raise bad_digest(name.upper())
    return replace(attributes, checksums=found, checksum_type=attributes.checksum_type if found else "")
