"""CopyObject: the bytes are linked, the rest follows the directives."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture
def source(s3):
    s3.put_object(
        Bucket="data", Key="ü/from", Body=b"hello", ContentType="text/csv", Metadata={"a": "b"}, Tagging="t=1"
    )
    s3.create_bucket(Bucket="other")
    return {"Bucket": "data", "Key": "ü/from"}


def test_a_copy_is_another_name_of_the_same_file(s3, source, store) -> None:
    answer = s3.copy_object(Bucket="other", Key="to", CopySource=source)
    assert answer["CopyObjectResult"]["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    first, second = store.get("data", "ü/from"), store.get("other", "to")
    assert first.path != second.path
    assert first.path.samefile(second.path)
    s3.delete_object(Bucket="data", Key="ü/from")
    got = s3.get_object(Bucket="other", Key="to")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"], got["TagCount"]) == (
        b"hello",
        "text/csv",
        {"a": "b"},
        1,
    )


def test_directives_replace_metadata_and_tags(s3, source) -> None:
    s3.copy_object(
        Bucket="data",
        Key="to",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"c": "d"},
        ContentType="text/plain",
        TaggingDirective="REPLACE",
        Tagging="x=2",
    )
    head = s3.head_object(Bucket="data", Key="to")
    assert (head["ContentType"], head["Metadata"]) == ("text/plain", {"c": "d"})
    assert s3.get_object_tagging(Bucket="data", Key="to")["TagSet"] == [{"Key": "x", "Value": "2"}]


def test_an_object_copied_to_itself_must_change(s3, source) -> None:
    with pytest.raises(ClientError) as error:
        s3.copy_object(Bucket="data", Key="ü/from", CopySource=source)
    assert code(error) == "InvalidRequest"
    s3.copy_object(Bucket="data", Key="ü/from", CopySource=source, MetadataDirective="REPLACE", Metadata={"new": "yes"})
    got = s3.get_object(Bucket="data", Key="ü/from")
    assert (got["Body"].read(), got["Metadata"]) == (b"hello", {"new": "yes"})


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"CopySource": "data"}, "InvalidArgument"),
        ({"CopySource": "data/nope"}, "NoSuchKey"),
        ({"CopySource": "nope/nope"}, "NoSuchBucket"),
        ({"CopySource": {"Bucket": "data", "Key": "ü/from"}, "CopySourceIfNoneMatch": "*"}, "PreconditionFailed"),
        ({"CopySource": {"Bucket": "data", "Key": "ü/from"}, "CopySourceIfMatch": '"0"'}, "PreconditionFailed"),
        ({"CopySource": {"Bucket": "data", "Key": "ü/from"}, "MetadataDirective": "MOVE"}, "InvalidArgument"),
    ],
)
def test_copies_that_are_refused(s3, source, arguments, expected: str) -> None:
    with pytest.raises(ClientError) as error:
        s3.copy_object(Bucket="other", Key="to", **arguments)
    assert code(error) == expected


def test_a_version_can_be_copied_but_not_a_delete_marker(s3) -> None:
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket="data", Key="a", Body=b"1")["VersionId"]
    s3.put_object(Bucket="data", Key="a", Body=b"2")
    copied = s3.copy_object(Bucket="data", Key="b", CopySource={"Bucket": "data", "Key": "a", "VersionId": first})
    assert copied["CopySourceVersionId"] == first
    assert s3.get_object(Bucket="data", Key="b")["Body"].read() == b"1"
    marker = s3.delete_object(Bucket="data", Key="a")["VersionId"]
    with pytest.raises(ClientError) as error:
        s3.copy_object(Bucket="data", Key="c", CopySource={"Bucket": "data", "Key": "a", "VersionId": marker})
    assert code(error) == "InvalidRequest"
