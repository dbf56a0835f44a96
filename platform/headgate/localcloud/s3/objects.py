"""GetObject, HeadObject, PutObject, DeleteObject, GetObjectAttributes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import BinaryIO, Self

from headgate.localcloud.errors import AwsError
from headgate.localcloud.s3 import checksums, headers
from headgate.localcloud.s3.blobs import CHUNK
from headgate.localcloud.s3.body import receive
from headgate.localcloud.s3.conditions import ByteRange, check_read, check_write, parse_range, part_range
from headgate.localcloud.s3.errors import S3Error
from headgate.localcloud.s3.request import S3Request, xml_response
from headgate.localcloud.s3.values import ObjectInfo
from headgate.localcloud.s3.xml import document, element, group, http_time, optional
from headgate.localcloud.seams import HttpResponse

_OVERRIDES = ("content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires")
_PUT_LIMIT = 5 << 30


class FileRange(Iterator[bytes]):
    """A part of an open file in chunks. Closes the file at the end, on `close`, and when nobody reads on."""

    def __init__(self, file: BinaryIO, span: ByteRange) -> None:
        self._file = file
        self._left = span.length
        file.seek(span.start)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        chunk = self._file.read(min(CHUNK, self._left)) if self._left else b""
        self._left -= len(chunk)
        if not chunk:
            self.close()
            raise StopIteration
        return chunk

    def close(self) -> None:
        self._file.close()

    def __del__(self) -> None:
        self.close()


def get_object(request: S3Request) -> HttpResponse:
    """GetObject; large objects are streamed."""
    info, file = _open(request)
    with contextlib.ExitStack() as stack:
        stack.callback(file.close)
        response, span = _describe(request, info)
        if span.length <= CHUNK:
            file.seek(span.start)
            response.body = file.read(span.length)
        else:
            stack.pop_all()
            response.body = FileRange(file, span)
    return response


def head_object(request: S3Request) -> HttpResponse:
    """HeadObject: the headers of GetObject without the body."""
    return _describe(request, find(request))[0]


def put_object(request: S3Request) -> HttpResponse:
    """PutObject; the body is streamed to disk and verified before the object appears."""
    store, bucket = request.store, request.store.bucket(request.bucket)
    if int(request.headers.get("content-length", 0)) > _PUT_LIMIT:
        raise S3Error("EntityTooLarge", "your proposed upload exceeds the maximum allowed size of 5 GB")
    attributes = headers.attributes_of(request.headers, store, request.bucket)
    check_write(request.headers, store.find(request.bucket, request.key))
    with store.stage() as staged:
        attributes = headers.with_checksum(attributes, receive(request.http, staged))
        info = store.put_staged(
            request.bucket,
            request.key,
            staged,
            attributes,
            precondition=lambda current: check_write(request.headers, current),
        )
    return HttpResponse(200, headers.write_headers(info, bucket.versioning))


def delete_object(request: S3Request) -> HttpResponse:
    """DeleteObject, of the current object or of one version."""
    removed, marker = delete_one(request, request.key, request.version_id)
    found = {}
    if marker is not None:
        found = {"x-amz-delete-marker": "true", "x-amz-version-id": marker.version_id or "null"}
    elif request.version_id is not None:
        found = {"x-amz-version-id": request.version_id}
        if removed is not None and removed.delete_marker:
            found["x-amz-delete-marker"] = "true"
    return HttpResponse(204, found)


def delete_one(request: S3Request, key: str, version_id: str | None) -> tuple[ObjectInfo | None, ObjectInfo | None]:
    """Delete a key or a version of it; returns the version removed and the delete marker put."""
    if version_id is not None:
        return request.store.delete_version(request.bucket, key, version_id), None
    return None, request.store.delete(request.bucket, key)


def get_object_attributes(request: S3Request) -> HttpResponse:
    """GetObjectAttributes: only what `x-amz-object-attributes` asks for."""
    info = find(request)
    bucket = request.store.bucket(request.bucket)
    asked = {name.strip() for name in request.headers.get("x-amz-object-attributes", "").split(",")}
    attributes = info.attributes
    found = [checksums.ELEMENTS[name] for name in attributes.checksums]
    parts = {
        "ETag": element("ETag", info.etag),
        "Checksum": group(
            "Checksum",
            *(element(checksums.ELEMENTS[name], value) for name, value in attributes.checksums.items()),
            optional("ChecksumType", attributes.checksum_type),
        )
        if found
        else "",
        "ObjectParts": group("ObjectParts", element("PartsCount", len(attributes.parts))) if attributes.parts else "",
        "StorageClass": element("StorageClass", attributes.storage_class),
        "ObjectSize": element("ObjectSize", info.size),
    }
    body = document("GetObjectAttributesResponse", *(text for name, text in parts.items() if name in asked))
    extra = {"last-modified": http_time(info.last_modified), **headers.version_headers(info, bucket.versioning)}
    return xml_response(body, extra)


def find(request: S3Request) -> ObjectInfo:
    """The object or version that a request names. Raises S3Error: NoSuchKey, MethodNotAllowed for delete markers."""
    try:
        info = request.store.get_version(request.bucket, request.key, request.version_id)
    except AwsError as error:
        latest = request.store.versions.latest(request.bucket, request.key)
        if request.version_id is None and latest is not None and latest.delete_marker:
            extra = {"x-amz-delete-marker": "true", "x-amz-version-id": latest.version_id or "null"}
            raise S3Error(error.code, error.message, status=error.status, headers=extra) from error
        raise
    if info.delete_marker:
        raise S3Error(
            "MethodNotAllowed",
            "the specified method is not allowed against this resource: it is a delete marker",
            status=405,
            headers={"x-amz-delete-marker": "true", "allow": "DELETE"},
        )
    return info


def _open(request: S3Request) -> tuple[ObjectInfo, BinaryIO]:
    """The object and its file, from the same moment. Raises like `find`."""
    with request.store.database.lock():
        info = find(request)
        return info, info.path.open("rb")


def _describe(request: S3Request, info: ObjectInfo) -> tuple[HttpResponse, ByteRange]:
    """Status, headers and extent of a read. Raises S3Error: preconditions, InvalidRange."""
    check_read(request.headers, info)
    bucket = request.store.bucket(request.bucket)
    found = headers.object_headers(info, bucket.versioning)
    for name in _OVERRIDES:
        if request.query.get(f"response-{name}"):
            found[name] = request.query[f"response-{name}"]
    span = None
    if "partNumber" in request.query:
        span = part_range(info.attributes.parts, info.size, request.number("partNumber", 1, 10000))
        if info.attributes.parts:
            found["x-amz-mp-parts-count"] = str(len(info.attributes.parts))
    elif "range" in request.headers:
        span = parse_range(request.headers["range"], info.size)
    if span is None and request.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED":
        found |= checksums.headers(info.attributes.checksums, info.attributes.checksum_type)
    whole = span or ByteRange(0, info.size)
    found["content-length"] = str(whole.length)
    if span is not None:
        found["content-range"] = span.header(info.size)
    return HttpResponse(206 if span else 200, found), whole
