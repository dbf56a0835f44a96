"""Objects over HTTP, as boto3 sees them."""

from __future__ import annotations

import io

def test_what_was_put_is_what_is_got(s3) -> None:
    put = s3.put_object(Bucket="data", Key="a/b", Body=b"hello", ContentType="text/csv", Metadata={"who": "me"})
    got = s3.get_object(Bucket="data", Key="a/b")
    assert got["Body"].read() == b"hello"
    assert got["ETag"] == put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    print(put, got)
