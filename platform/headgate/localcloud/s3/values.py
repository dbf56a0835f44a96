"""What S3 knows about buckets, objects and uploads, as values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

DEFAULT_CONTENT_TYPE = "binary/octet-stream"
NULL_VERSION = "null"

Versioning = Literal["", "Enabled", "Suspended"]


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is kept beside an object's bytes, exactly as it was put.

    `headers` has lower-case names (`content-type`, `cache-control`, ...); `metadata` is `x-amz-meta-*` without the
    prefix; `checksums` maps an algorithm (`crc32`) to base64; `encryption` holds `x-amz-server-side-encryption*`
    headers; `parts` are the sizes of a multipart upload's parts in bytes.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    checksums: Mapping[str, str] = field(default_factory=dict)
    checksum_type: str = ""
    encryption: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"
    acl: str = "private"
    upload_id: str = ""
    parts: tuple[int, ...] = ()

    def as_json(self) -> Json:
        """Only what is set, so that an index row of a plain object stays short."""
        values = ((name, getattr(self, name)) for name in self.__slots__)
        return {
            name: dict(value) if isinstance(value, Mapping) else value
            for name, value in values
            if value != getattr(_BLANK, name)
        }

    @staticmethod
    def from_json(value: Json) -> Attributes:
        return Attributes(**{**value, "parts": tuple(value.get("parts", ()))})


_BLANK = Attributes()


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """One version of an object. `path` is its immutable file; `etag` has no quotes; `size` is in bytes.

    `last_modified` is in seconds since the epoch; `version_id` is None for the null version. A delete marker has
    `delete_marker` set, size 0, and a path where nothing is.
    """

    bucket: str
    key: str
    size: int
    etag: str
    last_modified: float
    path: Path
    version_id: str | None
    attributes: Attributes
    delete_marker: bool = False
    is_latest: bool = True

    @property
    def metadata(self) -> Mapping[str, str]:
        """User metadata, names without `x-amz-meta-`."""
        return self.attributes.metadata

    @property
    def content_type(self) -> str:
        return self.attributes.headers.get("content-type", DEFAULT_CONTENT_TYPE)


@dataclass(frozen=True, slots=True)
class BucketInfo:
    """A bucket; its name is unique over all accounts, as on AWS. `created` is in seconds since the epoch."""

    name: str
    account: str
    region: str
    created: float
    versioning: Versioning = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """A multipart upload that is neither completed nor aborted."""

    upload_id: str
    bucket: str
    key: str
    initiated: float
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Part:
    """An uploaded part: `number` is 1 to 10000, `etag` is the MD5 of its bytes in hex."""

    number: int
    size: int
    etag: str
    last_modified: float
    blob: str
    checksums: Mapping[str, str]


_ADDRESS = re.compile(
    r"https://(?:(?P<bucket>[^/]+)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?/(?P<path>.*)", re.DOTALL
)
"""An object's address on S3, which SageMaker's requests may hold as well: the bucket is in the host or comes first."""


def parse_s3_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key`, or the object's https address, as bucket and key; the key may be empty.

    Raises AwsError (ValidationException) for anything else.
    """
    scheme, _, rest = uri.partition("://")
    if address := _ADDRESS.fullmatch(uri):
        path = unquote(address["path"])
        scheme, rest = "s3", f"{address['bucket']}/{path}" if address["bucket"] else path
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not bucket:
        raise AwsError("ValidationException", f"'{uri}' is not an S3 URI; it should look like s3://bucket/key")
    return bucket, key
