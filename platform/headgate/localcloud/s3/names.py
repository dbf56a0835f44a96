"""What may be called a bucket or a key, and how keys sort.

S3 orders keys by their UTF-8 bytes, which is the order of code points, which is the order of Python's strings and of
SQLite's BINARY collation. All three agree, and the listing code rests on that.
"""

from __future__ import annotations

import ipaddress
import re

from headgate.localcloud.errors import AwsError

MAX_KEY_BYTES = 1024
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")
_FORBIDDEN_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_FORBIDDEN_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")
_SURROGATES = range(0xD800, 0xE000)


def check_bucket_name(bucket: str) -> None:
    """The naming rules of general purpose buckets. Raises AwsError (InvalidBucketName)."""
    good = (
        _BUCKET.fullmatch(bucket)
        and ".." not in bucket
        and not bucket.startswith(_FORBIDDEN_PREFIXES)
        and not bucket.endswith(_FORBIDDEN_SUFFIXES)
        and not _is_address(bucket)
    )
    if not good:
        raise AwsError("InvalidBucketName", f"the specified bucket is not valid: '{bucket}'")


def check_key(key: str) -> None:
    """A key is 1 to 1024 bytes of UTF-8. Raises AwsError (KeyTooLongError, InvalidArgument)."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise AwsError("InvalidArgument", "the key is not valid UTF-8") from error
    if size > MAX_KEY_BYTES:
        raise AwsError("KeyTooLongError", f"your key is too long: {size} bytes, at most {MAX_KEY_BYTES}")
    if not key:
        raise AwsError("InvalidArgument", "the key is empty")


def after(key: str) -> str:
    """The smallest string that sorts after `key`."""
    return key + "\0"


def after_prefix(prefix: str) -> str | None:
    """The smallest string that sorts after everything that starts with `prefix`; None when there is no end."""
    while prefix:
        following = ord(prefix[-1]) + 1
        if following in _SURROGATES:
            following = _SURROGATES.stop
        if following <= 0x10FFFF:
            return prefix[:-1] + chr(following)
        prefix = prefix[:-1]
    return None


def _is_address(bucket: str) -> bool:
    try:
        ipaddress.IPv4Address(bucket)
    except ValueError:
        return False
    return True
