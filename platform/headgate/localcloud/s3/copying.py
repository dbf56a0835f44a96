"""CopyObject: a new name for the same bytes, by a hard link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import unquote

from headgate.localcloud.s3 import checksums, headers
from headgate.localcloud.s3.access import require
from headgate.localcloud.s3.conditions import check_copy_source, check_write
from headgate.localcloud.s3.errors import S3Error, invalid_argument
from headgate.localcloud.s3.request import S3Request, xml_response
from headgate.localcloud.s3.values import Attributes, ObjectInfo
from headgate.localcloud.s3.xml import document, element, iso_time, optional
from headgate.localcloud.seams import HttpResponse

SOURCE = "x-amz-copy-source"
_COPY_LIMIT = 5 << 30


def copy_object(request: S3Request) -> HttpResponse:
    """CopyObject; checksums come along, also those of multipart uploads."""
    source = find_source(request)
    if source.size > _COPY_LIMIT:
        raise S3Error("InvalidRequest", "the specified copy source is larger than the maximum allowable size: 5 GB")
    attributes = _attributes(request, source)
    bucket = request.store.bucket(request.bucket)
    info = request.store.copy(
        source, request.bucket, request.key, attributes, precondition=lambda found: check_write(request.headers, found)
    )
    found = {**info.attributes.encryption, **headers.version_headers(info, bucket.versioning)}
    if source.version_id:
        found["x-amz-copy-source-version-id"] = source.version_id
    return xml_response(copy_result("CopyObjectResult", info.etag, info.last_modified, attributes.checksums), found)


def find_source(request: S3Request) -> ObjectInfo:
    """The object that `x-amz-copy-source` names, if the caller may read it and the conditions hold.

    Raises AwsError: InvalidArgument, AccessDenied, NoSuchBucket, NoSuchKey, NoSuchVersion, PreconditionFailed.
    """
    text, _, query = request.headers[SOURCE].partition("?versionId=")
    bucket, _, key = unquote(text).removeprefix("/").partition("/")
    if not bucket or not key or bucket.startswith("arn:"):
        raise invalid_argument(
            "copy source must mention the source bucket and key: sourcebucket/sourcekey", SOURCE, text
        )
    require(request, bucket, key, "s3:GetObject")
    info = request.store.get_version(bucket, key, unquote(query) or None)
    if info.delete_marker:
        raise S3Error("InvalidRequest", "the source of a copy request may not specifically refer to a delete marker")
    check_copy_source(request.headers, info)
    return info


def copy_result(root: str, etag: str, modified: float, found: Mapping[str, str]) -> bytes:
    """The answer to a copy of an object or a part; `found` are its checksums by algorithm."""
    return document(
        root,
        element("LastModified", iso_time(modified)),
        element("ETag", f'"{etag}"'),
        *(optional(checksums.ELEMENTS[name], value) for name, value in found.items()),
    )


def _attributes(request: S3Request, source: ObjectInfo) -> Attributes:
    """The copy's attributes by the metadata and tagging directives. Raises S3Error."""
    asked = headers.attributes_of(request.headers, request.store, request.bucket)
    metadata = _directive(request, "x-amz-metadata-directive")
    changes = (metadata, "x-amz-storage-class" in request.headers, headers.SSE in request.headers)
    if (source.bucket, source.key) == (request.bucket, request.key) and not any(changes):
        raise S3Error(
            "InvalidRequest",
            "this copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes",
        )
    copied = replace(
        source.attributes,
        encryption=asked.encryption,
        storage_class=asked.storage_class,
        acl=asked.acl,
    )
    if metadata:
        copied = replace(copied, headers=asked.headers, metadata=asked.metadata)
    return replace(copied, tags=asked.tags) if _directive(request, "x-amz-tagging-directive") else copied


def _directive(request: S3Request, name: str) -> bool:
    """Whether a directive says REPLACE. Raises S3Error (InvalidArgument)."""
    value = request.headers.get(name, "COPY").upper()
    if value not in {"COPY", "REPLACE"}:
        raise invalid_argument(f"unknown {name}", name, value)
    return value == "REPLACE"
