"""S3 URIs."""

from __future__ import annotations

from headgate.errors import UserError


def parse_s3_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/key` as bucket and key; the key may be empty. Raises UserError."""
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme != "s3" or not separator or not bucket:
        raise UserError(f"'{uri}' is not an S3 URI", expected="s3://bucket/key")
    return bucket, key
