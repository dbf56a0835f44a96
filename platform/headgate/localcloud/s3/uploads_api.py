"""The operations of multipart uploads over HTTP."""

from __future__ import annotations

from dataclasses import replace

from headgate.localcloud.s3 import checksums, headers, multipart
from headgate.localcloud.s3.body import read_document, receive
from headgate.localcloud.s3.conditions import ByteRange, check_write, parse_range
from headgate.localcloud.s3.copying import copy_result, find_source
from headgate.localcloud.s3.errors import S3Error, invalid_argument, malformed_xml
from headgate.localcloud.s3.multipart import ListedPart
from headgate.localcloud.s3.objects import FileRange
from headgate.localcloud.s3.request import S3Request, xml_response
from headgate.localcloud.s3.values import ObjectInfo, Upload
from headgate.localcloud.s3.xml import boolean, child, document, element, encoded, group, iso_time, optional, parse
from headgate.localcloud.seams import HttpResponse

_MOST = 1000
_PART_LIMIT = 5 << 30


def create_multipart_upload(request: S3Request) -> HttpResponse:
    """CreateMultipartUpload. The upload remembers the checksum's algorithm as one without a value."""
    attributes = headers.attributes_of(request.headers, request.store, request.bucket)
    algorithm = request.headers.get("x-amz-checksum-algorithm", "").lower()
    found = dict(attributes.encryption)
    if algorithm:
        checksums.new(algorithm)
        kind = request.headers.get("x-amz-checksum-type", "").upper() or checksums.default_type(algorithm)
        checksums.check_type(algorithm, kind)
        attributes = replace(attributes, checksums={algorithm: ""}, checksum_type=kind)
        found |= {"x-amz-checksum-algorithm": algorithm.upper(), "x-amz-checksum-type": kind}
    upload = multipart.create(request.store, request.bucket, request.key, attributes)
    body = document(
        "InitiateMultipartUploadResult",
        element("Bucket", upload.bucket),
        element("Key", upload.key),
        element("UploadId", upload.upload_id),
    )
    return xml_response(body, found)


def upload_part(request: S3Request) -> HttpResponse:
    """UploadPart; the part is verified before it counts."""
    upload, number = _upload(request), _part_number(request)
    if int(request.headers.get("content-length", 0)) > _PART_LIMIT:
        raise S3Error("EntityTooLarge", "a part may have at most 5 GB")
    with request.store.stage() as staged:
        found = receive(request.http, staged)
        part = multipart.put_part(request.store, upload, number, staged, found)
    answer = {"etag": f'"{part.etag}"', **upload.attributes.encryption}
    return HttpResponse(200, answer | {checksums.HEADER + name: value for name, value in found.items()})


def upload_part_copy(request: S3Request) -> HttpResponse:
    """UploadPartCopy, of a whole object or a range of it."""
    upload, number = _upload(request), _part_number(request)
    source = find_source(request)
    span = _copied_range(request, source)
    algorithm = next(iter(upload.attributes.checksums), "")
    checksum = checksums.new(algorithm) if algorithm else None
    _, file = request.store.open(source.bucket, source.key, source.version_id or None)
    with request.store.stage() as staged:
        for chunk in FileRange(file, span):
            staged.write(chunk)
            if checksum is not None:
                checksum.update(chunk)
        found = {algorithm: checksums.encode(checksum)} if checksum is not None else {}
        part = multipart.put_part(request.store, upload, number, staged, found)
    extra = {"x-amz-copy-source-version-id": source.version_id} if source.version_id else {}
    return xml_response(copy_result("CopyPartResult", part.etag, part.last_modified, found), extra)


def complete_multipart_upload(request: S3Request) -> HttpResponse:
    """CompleteMultipartUpload; asked again after it succeeded, it answers the same."""
    listed = _listed(read_document(request.http, about_object=True))
    upload_id = request.query["uploadId"]
    info = multipart.completed(request.store, request.bucket, request.key, upload_id)
    if info is None:
        info = multipart.complete(
            request.store,
            _upload(request),
            listed,
            checksums.given(request.headers),
            lambda current: check_write(request.headers, current),
        )
    bucket = request.store.bucket(request.bucket)
    attributes = info.attributes
    body = document(
        "CompleteMultipartUploadResult",
        element("Location", f"/{info.bucket}/{info.key}"),
        element("Bucket", info.bucket),
        element("Key", info.key),
        element("ETag", f'"{info.etag}"'),
        *(element(checksums.ELEMENTS[name], value) for name, value in attributes.checksums.items()),
        optional("ChecksumType", attributes.checksum_type),
    )
    return xml_response(body, {**attributes.encryption, **headers.version_headers(info, bucket.versioning)})


def abort_multipart_upload(request: S3Request) -> HttpResponse:
    multipart.abort(request.store, _upload(request))
    return HttpResponse(204)


def list_parts(request: S3Request) -> HttpResponse:
    """ListParts."""
    upload = _upload(request)
    after, limit = (
        request.number("part-number-marker", 0, multipart.MOST_PARTS),
        request.number("max-parts", _MOST, _MOST),
    )
    found = [part for part in request.store.uploads.parts(upload.upload_id) if part.number > after]
    page, truncated = found[:limit], len(found) > limit
    algorithm = next(iter(upload.attributes.checksums), "")
    account = request.store.bucket(request.bucket).account
    parts = [
        group(
            "Part",
            element("PartNumber", part.number),
            element("LastModified", iso_time(part.last_modified)),
            element("ETag", f'"{part.etag}"'),
            *(element(checksums.ELEMENTS[name], value) for name, value in part.checksums.items()),
            element("Size", part.size),
        )
        for part in page
    ]
    body = document(
        "ListPartsResult",
        element("Bucket", upload.bucket),
        element("Key", upload.key),
        element("UploadId", upload.upload_id),
        element("PartNumberMarker", after),
        optional("NextPartNumberMarker", page[-1].number if page else None),
        element("MaxParts", limit),
        element("IsTruncated", boolean(truncated)),
        *parts,
        *(group(name, element("ID", account), element("DisplayName", account)) for name in ("Initiator", "Owner")),
        element("StorageClass", upload.attributes.storage_class),
        optional("ChecksumAlgorithm", algorithm.upper()),
        optional("ChecksumType", upload.attributes.checksum_type),
    )
    return xml_response(body)


def list_multipart_uploads(request: S3Request) -> HttpResponse:
    """ListMultipartUploads, by key and then by the time of their start; delimiters are not supported."""
    request.store.bucket(request.bucket)
    prefix, encoding = request.query.get("prefix", ""), request.choice("encoding-type", "url")
    marker, limit = request.query.get("key-marker", ""), request.number("max-uploads", _MOST, _MOST)
    found = [upload for upload in request.store.uploads.list(request.bucket) if upload.key.startswith(prefix)]
    found = _behind(found, marker, request.query.get("upload-id-marker", ""))
    page, truncated = found[:limit], len(found) > limit
    body = document(
        "ListMultipartUploadsResult",
        element("Bucket", request.bucket),
        element("KeyMarker", encoded(marker, encoding)),
        element("UploadIdMarker", request.query.get("upload-id-marker", "")),
        optional("NextKeyMarker", encoded(page[-1].key, encoding) if truncated and page else ""),
        optional("NextUploadIdMarker", page[-1].upload_id if truncated and page else ""),
        element("Prefix", encoded(prefix, encoding)),
        element("MaxUploads", limit),
        element("IsTruncated", boolean(truncated)),
        optional("EncodingType", encoding),
        *(
            group(
                "Upload",
                element("Key", encoded(upload.key, encoding)),
                element("UploadId", upload.upload_id),
                element("StorageClass", upload.attributes.storage_class),
                element("Initiated", iso_time(upload.initiated)),
            )
            for upload in page
        ),
    )
    return xml_response(body)


def _upload(request: S3Request) -> Upload:
    return multipart.find(request.store, request.bucket, request.key, request.query["uploadId"])


def _part_number(request: S3Request) -> int:
    number = request.number("partNumber", 0, multipart.MOST_PARTS + 1)
    if not 1 <= number <= multipart.MOST_PARTS:
        raise invalid_argument(
            f"part number must be an integer between 1 and {multipart.MOST_PARTS}, inclusive", "partNumber"
        )
    return number


def _copied_range(request: S3Request, source: ObjectInfo) -> ByteRange:
    header = request.headers.get("x-amz-copy-source-range")
    if header is None:
        return ByteRange(0, source.size)
    span = parse_range(header, source.size)
    if span is None or not header.removeprefix("bytes=")[:1].isdigit() or header.endswith("-"):
        raise invalid_argument(
            "the x-amz-copy-source-range value must be of the form bytes=first-last", "x-amz-copy-source-range", header
        )
    return span


def _listed(body: bytes) -> list[ListedPart]:
    try:
        tree = parse(body, "CompleteMultipartUpload")
        return [
            ListedPart(
                int(child(part, "PartNumber")),
                child(part, "ETag").strip('"'),
                {name: child(part, tag) for name, tag in checksums.ELEMENTS.items() if child(part, tag)},
            )
            for part in tree.findall("Part")
        ]
    except ValueError as error:
        raise malformed_xml(str(error)) from error


def _behind(uploads: list[Upload], key: str, upload_id: str) -> list[Upload]:
    """The uploads after a marker: a key, and among the uploads of that key an id."""
    if not key:
        return uploads
    same = [upload for upload in uploads if upload.key == key]
    ids = [upload.upload_id for upload in same]
    rest = same[ids.index(upload_id) + 1 :] if upload_id in ids else []
    return rest + [upload for upload in uploads if upload.key > key]
