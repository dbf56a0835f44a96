"""ListObjects, ListObjectsV2 and ListObjectVersions as XML."""

from __future__ import annotations

from functools import partial

from headgate.localcloud.s3.errors import invalid_argument
from headgate.localcloud.s3.listing import Page, common_prefix, paginate
from headgate.localcloud.s3.names import after, after_prefix
from headgate.localcloud.s3.request import S3Request, decode_token, encode_token, xml_response
from headgate.localcloud.s3.values import NULL_VERSION, ObjectInfo
from headgate.localcloud.s3.xml import boolean, document, element, encoded, group, iso_time, optional
from headgate.localcloud.seams import HttpResponse

_MOST = 1000


def list_objects(request: S3Request) -> HttpResponse:
    """ListObjects (version 1)."""
    marker, limit = request.query.get("marker", ""), request.number("max-keys", _MOST, _MOST)
    encoding = request.choice("encoding-type", "url")
    page = _page(request, marker, limit)
    delimiter = request.query.get("delimiter", "")
    body = document(
        "ListBucketResult",
        element("Name", request.bucket),
        element("Prefix", encoded(request.query.get("prefix", ""), encoding)),
        element("Marker", encoded(marker, encoding)),
        optional("NextMarker", encoded(page.last, encoding) if page.truncated and delimiter else ""),
        element("MaxKeys", limit),
        optional("Delimiter", encoded(delimiter, encoding)),
        element("IsTruncated", boolean(page.truncated)),
        optional("EncodingType", encoding),
        *_contents(request, page, encoding, owner=True),
    )
    return xml_response(body)


def list_objects_v2(request: S3Request) -> HttpResponse:
    """ListObjectsV2."""
    token, start_after = request.query.get("continuation-token"), request.query.get("start-after", "")
    limit = request.number("max-keys", _MOST, _MOST)
    encoding = request.choice("encoding-type", "url")
    page = _page(request, start_after if token is None else decode_token(token), limit)
    body = document(
        "ListBucketResult",
        element("Name", request.bucket),
        element("Prefix", encoded(request.query.get("prefix", ""), encoding)),
        optional("StartAfter", encoded(start_after, encoding)),
        optional("ContinuationToken", token),
        optional("NextContinuationToken", encode_token(page.last) if page.truncated else ""),
        element("KeyCount", page.count),
        element("MaxKeys", limit),
        optional("Delimiter", encoded(request.query.get("delimiter", ""), encoding)),
        element("IsTruncated", boolean(page.truncated)),
        optional("EncodingType", encoding),
        *_contents(request, page, encoding, owner=request.query.get("fetch-owner") == "true"),
    )
    return xml_response(body)


def list_object_versions(request: S3Request) -> HttpResponse:
    """ListObjectVersions: every version and delete marker, newest first within a key."""
    key_marker, version_marker = request.query.get("key-marker", ""), request.query.get("version-id-marker", "")
    if version_marker and not key_marker:
        raise invalid_argument("a version-id marker cannot be specified without a key marker", "version-id-marker")
    limit = request.number("max-keys", _MOST, _MOST)
    encoding = request.choice("encoding-type", "url")
    prefix, delimiter = request.query.get("prefix", ""), request.query.get("delimiter", "")
    entries, truncated = _versions(request, (key_marker, version_marker), limit)
    last = entries[-1] if entries else ""
    next_key = last if isinstance(last, str) else last.key
    body = document(
        "ListVersionsResult",
        element("Name", request.bucket),
        element("Prefix", encoded(prefix, encoding)),
        element("KeyMarker", encoded(key_marker, encoding)),
        element("VersionIdMarker", version_marker),
        optional("NextKeyMarker", encoded(next_key, encoding) if truncated else ""),
        optional(
            "NextVersionIdMarker", (last.version_id or NULL_VERSION) if truncated and not isinstance(last, str) else ""
        ),
        element("MaxKeys", limit),
        optional("Delimiter", encoded(delimiter, encoding)),
        element("IsTruncated", boolean(truncated)),
        optional("EncodingType", encoding),
        *(_version(request, entry, encoding) for entry in entries if not isinstance(entry, str)),
        *(_prefix(entry, encoding) for entry in entries if isinstance(entry, str)),
    )
    return xml_response(body)


def _page(request: S3Request, marker: str, limit: int) -> Page[ObjectInfo]:
    request.store.bucket(request.bucket)
    return paginate(
        partial(request.store.versions.current, request.bucket),
        prefix=request.query.get("prefix", ""),
        delimiter=request.query.get("delimiter", ""),
        marker=marker,
        limit=limit,
    )


def _versions(request: S3Request, marker: tuple[str, str], limit: int) -> tuple[list[ObjectInfo | str], bool]:
    """Versions and common prefixes (as text) of a page, and whether there is more."""
    request.store.bucket(request.bucket)
    index, prefix, delimiter = (
        request.store.versions,
        request.query.get("prefix", ""),
        request.query.get("delimiter", ""),
    )
    key, version_id = marker
    entries: list[ObjectInfo | str] = []
    if version_id:
        entries += index.older(request.bucket, key, version_id, limit + 1)
    start: str | None = max(prefix, after(key)) if key else prefix
    passed = common_prefix(key, prefix, delimiter) if key.startswith(prefix) else None
    if passed is not None:
        start = after_prefix(passed)
    end = after_prefix(prefix)
    while start is not None and len(entries) <= limit:
        found = index.history(request.bucket, start, end, limit + 1 - len(entries))
        start = _walk(entries, found, prefix, delimiter)
    return entries[:limit], len(entries) > limit > 0


def _walk(entries: list[ObjectInfo | str], found: list[ObjectInfo], prefix: str, delimiter: str) -> str | None:
    """Put what was found behind `entries`; returns where to go on if it ended within a common prefix."""
    passed = None
    for info in found:
        if passed is not None and info.key.startswith(passed):
            continue
        passed = common_prefix(info.key, prefix, delimiter)
        entries.append(info if passed is None else passed)
    return None if passed is None else after_prefix(passed)


def _contents(request: S3Request, page: Page[ObjectInfo], encoding: str, *, owner: bool) -> list[str]:
    account = request.store.bucket(request.bucket).account
    who = group("Owner", element("ID", account), element("DisplayName", account)) if owner else ""
    contents = [
        group(
            "Contents",
            element("Key", encoded(info.key, encoding)),
            element("LastModified", iso_time(info.last_modified)),
            element("ETag", f'"{info.etag}"'),
            *(element("ChecksumAlgorithm", name.upper()) for name in info.attributes.checksums),
            optional("ChecksumType", info.attributes.checksum_type),
            element("Size", info.size),
            element("StorageClass", info.attributes.storage_class),
            who,
        )
        for info in page.entries
    ]
    return contents + [_prefix(prefix, encoding) for prefix in page.prefixes]


def _prefix(prefix: str, encoding: str) -> str:
    return group("CommonPrefixes", element("Prefix", encoded(prefix, encoding)))


def _version(request: S3Request, info: ObjectInfo, encoding: str) -> str:
    account = request.store.bucket(request.bucket).account
    common = (
        element("Key", encoded(info.key, encoding)),
        element("VersionId", info.version_id or NULL_VERSION),
        element("IsLatest", boolean(info.is_latest)),
        element("LastModified", iso_time(info.last_modified)),
        group("Owner", element("ID", account), element("DisplayName", account)),
    )
    if info.delete_marker:
        return group("DeleteMarker", *common)
    return group(
        "Version",
        *common,
        element("ETag", f'"{info.etag}"'),
        element("Size", info.size),
        element("StorageClass", info.attributes.storage_class),
    )
