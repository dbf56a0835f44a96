"""From request headers to an object's attributes, and back to response headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from headgate.localcloud.errors import unsupported
from headgate.localcloud.s3 import checksums
from headgate.localcloud.s3.body import kept_encoding
from headgate.localcloud.s3.errors import S3Error, invalid_argument
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.s3.values import DEFAULT_CONTENT_TYPE, NULL_VERSION, Attributes, ObjectInfo
from headgate.localcloud.s3.xml import child, http_time, parse

CANNED_ACLS = frozenset(
    {
        "private",
        "public-read",
        "public-read-write",
        "authenticated-read",
        "aws-exec-read",
        "bucket-owner-read",
        "bucket-owner-full-control",
        "log-delivery-write",
    }
)
SSE = "x-amz-server-side-encryption"

_META = "x-amz-meta-"
_KEPT = ("content-type", "cache-control", "content-disposition", "content-encoding", "content-language", "expires")
_STORAGE_CLASSES = frozenset(
    {"STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "REDUCED_REDUNDANCY", "GLACIER_IR"}
)
_ARCHIVES = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_UNSUPPORTED = (
    "x-amz-object-lock-",
    "x-amz-bucket-object-lock-",
    "x-amz-grant-",
    "x-amz-server-side-encryption-customer-",
    "x-amz-copy-source-server-side-encryption-customer-",
    "x-amz-website-redirect-location",
    "x-amz-write-offset-bytes",
    "x-amz-mfa",
    "x-amz-rename-source",
)
_MOST_TAGS = 10
_MOST_METADATA = 2048


def refuse_unsupported(headers: Mapping[str, str]) -> None:
    """Raises AwsError (501) for a header that would change what happens on AWS and does nothing here."""
    for name, value in headers.items():
        if name.startswith(_UNSUPPORTED) and value.lower() not in {"", "false"}:
            raise unsupported(f"the S3 header {name}")


def attributes_of(headers: Mapping[str, str], store: ObjectStore, bucket: str) -> Attributes:
    """What a request asks to keep beside an object's bytes. Raises S3Error."""
    return Attributes(
        headers=content_headers(headers),
        metadata=user_metadata(headers),
        encryption=encryption(headers, store, bucket),
        tags=tags_of_header(headers.get("x-amz-tagging", "")),
        storage_class=storage_class(headers),
        acl=canned_acl(headers),
    )


def content_headers(headers: Mapping[str, str]) -> dict[str, str]:
    found = {name: headers[name] for name in _KEPT if headers.get(name)}
    if "content-encoding" in found:
        found["content-encoding"] = kept_encoding(found["content-encoding"])
    return {name: value for name, value in found.items() if value}


def user_metadata(headers: Mapping[str, str]) -> dict[str, str]:
    """Raises S3Error (MetadataTooLarge)."""
    found = {name.removeprefix(_META): value for name, value in headers.items() if name.startswith(_META)}
    if sum(len(name.encode()) + len(value.encode()) for name, value in found.items()) > _MOST_METADATA:
        raise S3Error("MetadataTooLarge", "your metadata headers exceed the maximum allowed metadata size")
    return found


def storage_class(headers: Mapping[str, str]) -> str:
    """Raises S3Error (InvalidStorageClass); AwsError (501) for classes that need a restore before reading."""
    value = headers.get("x-amz-storage-class", "STANDARD")
    if value in _ARCHIVES:
        raise unsupported(f"the storage class {value}")
    if value not in _STORAGE_CLASSES:
        raise S3Error("InvalidStorageClass", f"the storage class you specified is not valid: '{value}'")
    return value


def canned_acl(headers: Mapping[str, str]) -> str:
    value = headers.get("x-amz-acl", "private")
    if value not in CANNED_ACLS:
        raise invalid_argument("the canned ACL is not valid", "x-amz-acl", value)
    return value


def encryption(headers: Mapping[str, str], store: ObjectStore, bucket: str) -> dict[str, str]:
    """The encryption headers of a request, or the bucket's default. They are recorded; nothing is encrypted."""
    asked = {name: value for name, value in headers.items() if name.startswith(SSE)}
    if asked:
        if asked.get(SSE) not in {"AES256", "aws:kms", "aws:kms:dsse"}:
            raise invalid_argument("the encryption method specified is not supported", SSE, asked.get(SSE, ""))
        return asked
    body = store.buckets.setting(bucket, "encryption")
    if body is None:
        return {}
    rule = parse(body, "ServerSideEncryptionConfiguration").find("Rule")
    default = None if rule is None else rule.find("ApplyServerSideEncryptionByDefault")
    if rule is None or default is None:
        return {}
    found = {
        SSE: child(default, "SSEAlgorithm"),
        f"{SSE}-aws-kms-key-id": child(default, "KMSMasterKeyID"),
        f"{SSE}-bucket-key-enabled": child(rule, "BucketKeyEnabled"),
    }
    return {name: value for name, value in found.items() if value}


def tags_of_header(header: str) -> dict[str, str]:
    """`a=b&c=d` as tags. Raises S3Error (InvalidTag, InvalidArgument)."""
    try:
        pairs = parse_qsl(header, keep_blank_values=True, strict_parsing=bool(header))
    except ValueError as error:
        raise invalid_argument("the header 'x-amz-tagging' shall be encoded as URL query", "x-amz-tagging") from error
    return checked_tags(pairs, most=_MOST_TAGS)


def checked_tags(pairs: list[tuple[str, str]], *, most: int) -> dict[str, str]:
    """Tags by key. Raises S3Error (InvalidTag, BadRequest)."""
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise S3Error("InvalidTag", "cannot provide multiple Tags with the same key")
    if len(tags) > most:
        raise S3Error("BadRequest", f"object tags cannot be greater than {most}")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128:
            raise S3Error("InvalidTag", f"the TagKey you have provided is invalid: '{key}'")
        if len(value) > 256:
            raise S3Error("InvalidTag", f"the TagValue you have provided is invalid: '{value}'")
    return tags


def with_checksum(attributes: Attributes, found: Mapping[str, str]) -> Attributes:
    return replace(attributes, checksums=found, checksum_type=checksums.FULL_OBJECT if found else "")


def version_headers(info: ObjectInfo, versioning: str) -> dict[str, str]:
    """`x-amz-version-id`, in buckets that have versions."""
    return {"x-amz-version-id": info.version_id or NULL_VERSION} if versioning or info.version_id else {}


def object_headers(info: ObjectInfo, versioning: str) -> dict[str, str]:
    """The headers of GetObject and HeadObject, without length, range and checksums."""
    attributes = info.attributes
    found = {
        "etag": f'"{info.etag}"',
        "last-modified": http_time(info.last_modified),
        "accept-ranges": "bytes",
        "content-type": DEFAULT_CONTENT_TYPE,
        **attributes.headers,
        **{_META + name: value for name, value in attributes.metadata.items()},
        **attributes.encryption,
        **version_headers(info, versioning),
    }
    if attributes.storage_class != "STANDARD":
        found["x-amz-storage-class"] = attributes.storage_class
    if attributes.tags:
        found["x-amz-tagging-count"] = str(len(attributes.tags))
    return found


def write_headers(info: ObjectInfo, versioning: str) -> dict[str, str]:
    """The headers that answer a write of an object."""
    attributes = info.attributes
    return {
        "etag": f'"{info.etag}"',
        **attributes.encryption,
        **version_headers(info, versioning),
        **checksums.headers(attributes.checksums, attributes.checksum_type),
    }
