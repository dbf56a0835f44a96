from __future__ import annotations

import pytest

from headgate.aws.s3 import parse_s3_uri
from headgate.errors import UserError


@pytest.mark.parametrize(
    ("uri", "parts"), [("s3://b/k/deep", ("b", "k/deep")), ("s3://b", ("b", "")), ("s3://b/", ("b", ""))]
)
def test_a_uri_is_a_bucket_and_a_key(uri: str, parts: tuple[str, str]) -> None:
    assert parse_s3_uri(uri) == parts


@pytest.mark.parametrize("uri", ["", "b/k", "s3:///k", "https://b/k", "file.csv"])
def test_anything_else_is_said(uri: str) -> None:
    with pytest.raises(UserError, match=f"'{uri}' is not an S3 URI"):
        parse_s3_uri(uri)
