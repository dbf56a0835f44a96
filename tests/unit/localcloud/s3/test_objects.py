"""Objects over HTTP, as boto3 sees them."""

from __future__ import annotations

import base64
import hashlib
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError


def refused(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    """Error code and HTTP status."""
    response = error.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_what_was_put_is_what_is_got(s3) -> None:
    headers = {
        "ContentType": "text/csv",
        "CacheControl": "no-cache",
        "ContentDisposition": "attachment",
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "Metadata": {"who": "me"},
    }
    put = s3.put_object(Bucket="data", Key="a/b", Body=b"hello", **headers)
    got = s3.get_object(Bucket="data", Key="a/b")
    assert got["Body"].read() == b"hello"
    assert got["ETag"] == put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    assert {name: got[name] for name in headers} == headers
    assert got["LastModified"] == datetime.fromtimestamp(1795244400, UTC)


def test_head_tells_the_size_without_a_body(s3) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"12345")
    head = s3.head_object(Bucket="data", Key="a")
    assert (head["ContentLength"], head["ContentType"]) == (5, "binary/octet-stream")


@pytest.mark.parametrize(
    "key", ["a", "a/", "a/b", "a//b", "./..", "../../x", "ü ß%41+?#&", "日本", "a\nb\x01", "x" * 1024]
)
def test_any_key_of_up_to_1024_bytes(s3, key: str) -> None:
    s3.put_object(Bucket="data", Key="neighbour", Body=b"no")
    s3.put_object(Bucket="data", Key=key, Body=b"yes")
    assert s3.get_object(Bucket="data", Key=key)["Body"].read() == b"yes"
    assert sorted(item["Key"] for item in s3.list_objects_v2(Bucket="data")["Contents"]) == sorted([key, "neighbour"])


def test_a_folder_marker_and_an_object_below_it_live_side_by_side(s3) -> None:
    for key in ("a", "a/", "a/b"):
        s3.put_object(Bucket="data", Key=key, Body=key.encode())
    assert [s3.get_object(Bucket="data", Key=key)["Body"].read() for key in ("a", "a/", "a/b")] == [b"a", b"a/", b"a/b"]


def test_a_key_that_is_too_long(s3) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="data", Key="ü" * 513)
    assert refused(error) == ("KeyTooLongError", 400)


def test_missing_key_and_missing_bucket(s3) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket="data", Key="nope")
    with pytest.raises(s3.exceptions.NoSuchBucket):
        s3.get_object(Bucket="nope", Key="nope")
    with pytest.raises(ClientError) as error:
        s3.head_object(Bucket="data", Key="nope")
    assert refused(error) == ("404", 404)
    assert "HeadersOnly" not in error.value.response


def test_deleting_what_is_not_there_succeeds(s3) -> None:
    assert s3.delete_object(Bucket="data", Key="nope")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_delete_objects_reports_every_key(s3) -> None:
    s3.put_object(Bucket="data", Key="a")
    s3.put_object(Bucket="data", Key="<&>")
    answer = s3.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "a"}, {"Key": "<&>"}, {"Key": "nope"}]})
    assert [item["Key"] for item in answer["Deleted"]] == ["a", "<&>", "nope"]
    assert s3.list_objects_v2(Bucket="data")["KeyCount"] == 0
    assert "Deleted" not in s3.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "a"}], "Quiet": True})


@pytest.mark.parametrize(
    ("header", "body", "content_range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=3-5", b"345", "bytes 3-5/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-4", b"6789", "bytes 6-9/10"),
        ("bytes=-400", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-400", b"89", "bytes 8-9/10"),
    ],
)
def test_ranges(s3, header: str, body: bytes, content_range: str) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"0123456789")
    got = s3.get_object(Bucket="data", Key="a", Range=header)
    assert (got["Body"].read(), got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]) == (
        body,
        content_range,
        206,
    )


@pytest.mark.parametrize("header", ["bytes=5-3", "bytes=-", "lines=1-2"])
def test_a_range_that_makes_no_sense_is_ignored(s3, header: str) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"0123456789")
    assert s3.get_object(Bucket="data", Key="a", Range=header)["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize(("body", "header"), [(b"0123456789", "bytes=10-"), (b"", "bytes=0-"), (b"01", "bytes=-0")])
def test_a_range_beyond_the_end(s3, body: bytes, header: str) -> None:
    s3.put_object(Bucket="data", Key="a", Body=body)
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="data", Key="a", Range=header)
    assert refused(error) == ("InvalidRange", 416)


def test_several_ranges_are_not_supported(s3) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"0123456789")
    with pytest.raises(ClientError) as error:
        s3.get_object(Bucket="data", Key="a", Range="bytes=0-1,3-4")
    assert refused(error) == ("UnsupportedByLocalCloud", 501)


BEFORE, AFTER = datetime(2026, 11, 21, 6, tzinfo=UTC), datetime(2026, 11, 21, 8, tzinfo=UTC)
GOOD, BAD = '"5d41402abc4b2a76b9719d911017c592"', '"00000000000000000000000000000000"'


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"IfMatch": GOOD}, 200),
        ({"IfMatch": BAD}, 412),
        ({"IfNoneMatch": BAD}, 200),
        ({"IfNoneMatch": GOOD}, 304),
        ({"IfModifiedSince": BEFORE}, 200),
        ({"IfModifiedSince": AFTER}, 304),
        ({"IfUnmodifiedSince": AFTER}, 200),
        ({"IfUnmodifiedSince": BEFORE}, 412),
        ({"IfMatch": GOOD, "IfUnmodifiedSince": BEFORE}, 200),
        ({"IfNoneMatch": BAD, "IfModifiedSince": AFTER}, 200),
    ],
)
def test_conditional_reads(s3, condition: dict[str, Any], status: int) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"hello")
    try:
        answer = s3.get_object(Bucket="data", Key="a", **condition)
    except ClientError as error:
        answer = error.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


def test_put_if_none_match_creates_only(s3) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="data", Key="a", Body=b"second", IfNoneMatch="*")
    assert refused(error) == ("PreconditionFailed", 412)
    assert s3.get_object(Bucket="data", Key="a")["Body"].read() == b"first"


def test_put_if_match_replaces_only_what_is_known(s3) -> None:
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.put_object(Bucket="data", Key="a", Body=b"second", IfMatch=BAD)
    etag = s3.put_object(Bucket="data", Key="a", Body=b"first")["ETag"]
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="data", Key="a", Body=b"second", IfMatch=BAD)
    assert refused(error) == ("PreconditionFailed", 412)
    s3.put_object(Bucket="data", Key="a", Body=b"second", IfMatch=etag)
    assert s3.get_object(Bucket="data", Key="a")["Body"].read() == b"second"


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_are_kept_and_returned(s3, algorithm: str) -> None:
    put = s3.put_object(Bucket="data", Key="a", Body=b"hello", ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket="data", Key="a", ChecksumMode="ENABLED")
    assert put[f"Checksum{algorithm}"] == head[f"Checksum{algorithm}"]
    assert head["ChecksumType"] == "FULL_OBJECT"
    assert f"Checksum{algorithm}" not in s3.head_object(Bucket="data", Key="a")


@pytest.mark.parametrize(
    "claim",
    [
        {"ChecksumCRC32": "AAAAAA=="},
        {"ChecksumCRC32C": "AAAAAA=="},
        {"ChecksumCRC64NVME": "AAAAAAAAAAA="},
        {"ChecksumSHA256": base64.b64encode(bytes(32)).decode()},
        {"ContentMD5": base64.b64encode(bytes(16)).decode()},
    ],
)
def test_a_wrong_checksum_leaves_nothing_behind(s3, store, claim: dict[str, str]) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="data", Key="a", Body=b"hello", **claim)
    assert refused(error) == ("BadDigest", 400)
    assert store.find("data", "a") is None
    assert not list((store.blobs.path("00").parent.parent.parent / "staging").iterdir())


def test_a_content_md5_that_is_none(s3) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="data", Key="a", Body=b"hello", ContentMD5="no")
    assert refused(error) == ("InvalidDigest", 400)


def test_a_right_content_md5_is_accepted(s3) -> None:
    md5 = base64.b64encode(hashlib.md5(b"hello").digest()).decode()
    assert s3.put_object(Bucket="data", Key="a", Body=b"hello", ContentMD5=md5)["ETag"] == GOOD


def test_a_body_without_a_length_comes_in_aws_chunks(s3) -> None:
    class Pipe(io.RawIOBase):
        """A source that can be read once, so that boto3 sends chunks with a trailing checksum."""

        def __init__(self) -> None:
            self._left = 3_000_000

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            count = min(self._left, len(buffer))
            buffer[:count] = b"z" * count
            self._left -= count
            return count

    s3.upload_fileobj(Pipe(), "data", "piped")
    assert s3.get_object(Bucket="data", Key="piped")["Body"].read() == b"z" * 3_000_000


def test_encryption_headers_are_recorded_and_returned(s3) -> None:
    put = s3.put_object(Bucket="data", Key="a", ServerSideEncryption="aws:kms", SSEKMSKeyId="key-1")
    head = s3.head_object(Bucket="data", Key="a")
    assert put["SSEKMSKeyId"] == head["SSEKMSKeyId"] == "key-1"
    assert head["ServerSideEncryption"] == "aws:kms"


def test_the_buckets_default_encryption_applies_to_objects_put_without_one(s3) -> None:
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "key-2"}}
    s3.put_bucket_encryption(Bucket="data", ServerSideEncryptionConfiguration={"Rules": [rule]})
    s3.put_object(Bucket="data", Key="a")
    assert s3.head_object(Bucket="data", Key="a")["SSEKMSKeyId"] == "key-2"


def test_overrides_of_response_headers(s3) -> None:
    s3.put_object(Bucket="data", Key="a", ContentType="text/plain")
    got = s3.get_object(Bucket="data", Key="a", ResponseContentType="text/html", ResponseCacheControl="no-store")
    assert (got["ContentType"], got["CacheControl"]) == ("text/html", "no-store")


def test_object_attributes(s3) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"hello", StorageClass="STANDARD_IA")
    asked = ["ETag", "Checksum", "ObjectSize", "StorageClass"]
    answer = s3.get_object_attributes(Bucket="data", Key="a", ObjectAttributes=asked)
    assert (answer["ETag"], answer["ObjectSize"], answer["StorageClass"]) == (GOOD.strip('"'), 5, "STANDARD_IA")
    assert answer["Checksum"]["ChecksumCRC32"]
    assert "ETag" not in s3.get_object_attributes(Bucket="data", Key="a", ObjectAttributes=["ObjectSize"])


@pytest.mark.parametrize(
    "argument",
    [
        {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32},
        {"GrantRead": "id=1"},
        {"WebsiteRedirectLocation": "/x"},
        {"StorageClass": "GLACIER"},
        {"ObjectLockMode": "GOVERNANCE"},
    ],
)
def test_what_would_do_something_on_aws_and_does_nothing_here_is_refused(s3, client_for, argument: Any) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="data", Key="a", **argument)
    assert refused(error) == ("UnsupportedByLocalCloud", 501)


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ({"StorageClass": "NONE"}, "InvalidStorageClass"),
        ({"ACL": "mine"}, "InvalidArgument"),
        ({"ServerSideEncryption": "rot13"}, "InvalidArgument"),
        ({"Metadata": {"a": "x" * 2048}}, "MetadataTooLarge"),
        ({"Tagging": "a=1&a=2"}, "InvalidTag"),
        ({"Tagging": "&".join(f"k{number}=v" for number in range(11))}, "BadRequest"),
    ],
)
def test_wrong_arguments(s3, argument: Any, code: str) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_object(Bucket="data", Key="a", **argument)
    assert refused(error) == (code, 400)


def test_a_large_object_is_streamed_from_its_file(s3, store) -> None:
    body = bytes(range(256)) * 12_000
    s3.put_object(Bucket="data", Key="big", Body=body)
    assert s3.get_object(Bucket="data", Key="big")["Body"].read() == body
    info = store.get("data", "big")
    assert info.path.stat().st_mode & 0o777 == 0o444
    assert info.path.read_bytes() == body
