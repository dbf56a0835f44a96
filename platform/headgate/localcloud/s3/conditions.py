"""Conditional requests and byte ranges, as pure functions (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.s3.errors import S3Error, precondition_failed
from headgate.localcloud.s3.values import ObjectInfo

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` to `end` of an object, `end` not included."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

    def header(self, size: int) -> str:
        """The value of Content-Range."""
        return f"bytes {self.start}-{self.end - 1}/{size}"


def parse_range(header: str, size: int) -> ByteRange | None:
    """The part of an object that a Range header asks for; None for all of it, also when it makes no sense.

    Raises AwsError: InvalidRange (416) when it lies beyond the end, 501 for several ranges.
    """
    if "," in header and header.startswith("bytes="):
        raise unsupported("several ranges in one request (neither does S3)")
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or not (match[1] or match[2]):
        return None
    if match[1]:
        start, end = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    else:
        start, end = max(size - int(match[2]), 0), size
    if start >= end:
        raise _invalid_range(header, size)
    return ByteRange(start, end)


def part_range(parts: tuple[int, ...], size: int, number: int) -> ByteRange:
    """Where a part of a multipart upload lies. Raises AwsError (InvalidPartNumber)."""
    sizes = parts or (size,)
    if not 1 <= number <= len(sizes):
        raise S3Error("InvalidPartNumber", "the requested partnumber is not satisfiable", status=416)
    start = sum(sizes[: number - 1])
    return ByteRange(start, start + sizes[number - 1])


def check_read(headers: Mapping[str, str], info: ObjectInfo) -> None:
    """Raises AwsError: PreconditionFailed (412), NotModified (304)."""
    if not _may_proceed(headers, info, ""):
        raise S3Error("NotModified", "not modified", status=304, headers={"etag": f'"{info.etag}"'})


def check_copy_source(headers: Mapping[str, str], info: ObjectInfo) -> None:
    """Raises AwsError (PreconditionFailed)."""
    if not _may_proceed(headers, info, "x-amz-copy-source-"):
        raise precondition_failed("x-amz-copy-source-if-none-match")


def check_write(headers: Mapping[str, str], current: ObjectInfo | None) -> None:
    """Raises AwsError: PreconditionFailed, NoSuchKey for If-Match without an object."""
    if_none_match, if_match = headers.get("if-none-match"), headers.get("if-match")
    if if_none_match is not None:
        if if_none_match != "*":
            raise unsupported("If-None-Match with anything but * on a write (neither does S3)")
        if current is not None:
            raise precondition_failed("If-None-Match")
    if if_match is not None:
        if current is None:
            raise AwsError("NoSuchKey", "the specified key does not exist", status=404)
        if not _matches(if_match, current.etag):
            raise precondition_failed("If-Match")


def _may_proceed(headers: Mapping[str, str], info: ObjectInfo, prefix: str) -> bool:
    """False if the client already has it. Raises AwsError (PreconditionFailed)."""
    match, none_match = headers.get(prefix + "if-match"), headers.get(prefix + "if-none-match")
    modified = int(info.last_modified)
    if match is not None:
        if not _matches(match, info.etag):
            raise precondition_failed("If-Match")
    else:
        since = _seconds(headers.get(prefix + "if-unmodified-since"))
        if since is not None and modified > since:
            raise precondition_failed("If-Unmodified-Since")
    if none_match is not None:
        return not _matches(none_match, info.etag)
    since = _seconds(headers.get(prefix + "if-modified-since"))
    return since is None or modified > since


def _matches(header: str, etag: str) -> bool:
    tags = {part.strip().removeprefix("W/").strip('"') for part in header.split(",")}
    return "*" in tags or etag in tags


def _seconds(header: str | None) -> float | None:
    """A date header in seconds since the epoch; None if it is missing or no date, which HTTP says to ignore."""
    try:
        return None if header is None else parsedate_to_datetime(header).timestamp()
    except ValueError:
        return None


def _invalid_range(header: str, size: int) -> S3Error:
    return S3Error(
        "InvalidRange",
        "the requested range is not satisfiable",
        status=416,
        headers={"content-range": f"bytes */{size}"},
        elements={"RangeRequested": header, "ActualObjectSize": str(size)},
    )
