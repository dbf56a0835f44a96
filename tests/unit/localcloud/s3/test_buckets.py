"""Buckets: one namespace over all accounts, regions, versioning, addressing."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.errors import AwsError
from headgate.localcloud.s3.names import check_bucket_name
from unit.localcloud.http_harness import OTHER


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_buckets_are_listed_for_their_owner_only(s3, client_for) -> None:
    s3.create_bucket(Bucket="abc")
    client_for(account=OTHER).create_bucket(Bucket="theirs")
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["abc", "data"]


def test_list_buckets_in_pages(s3) -> None:
    for name in ("b-1", "b-2", "c-1"):
        s3.create_bucket(Bucket=name)
    pages = s3.get_paginator("list_buckets").paginate(Prefix="b-", PaginationConfig={"PageSize": 1})
    assert [[bucket["Name"] for bucket in page["Buckets"]] for page in pages] == [["b-1"], ["b-2"]]


def test_a_name_belongs_to_one_account(s3, client_for) -> None:
    with pytest.raises(ClientError) as error:
        client_for(account=OTHER).create_bucket(Bucket="data")
    assert code(error) == "BucketAlreadyExists"


def test_creating_ones_own_bucket_again(s3, client_for) -> None:
    s3.create_bucket(Bucket="data")
    west = client_for(region="eu-west-1")
    place = {"LocationConstraint": "eu-west-1"}
    west.create_bucket(Bucket="west", CreateBucketConfiguration=place)
    with pytest.raises(ClientError) as error:
        west.create_bucket(Bucket="west", CreateBucketConfiguration=place)
    assert code(error) == "BucketAlreadyOwnedByYou"


def test_a_bucket_is_in_the_region_it_was_made_for(s3, client_for) -> None:
    west = client_for(region="eu-west-1")
    west.create_bucket(Bucket="west", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert west.get_bucket_location(Bucket="west")["LocationConstraint"] == "eu-west-1"
    assert s3.get_bucket_location(Bucket="data")["LocationConstraint"] is None
    assert west.head_bucket(Bucket="west")["BucketRegion"] == "eu-west-1"


def test_the_location_must_fit_the_endpoint(client_for) -> None:
    with pytest.raises(ClientError) as error:
        client_for(region="eu-west-1").create_bucket(Bucket="west")
    assert code(error) == "IllegalLocationConstraintException"


def test_only_an_empty_bucket_can_be_deleted(s3) -> None:
    s3.put_object(Bucket="data", Key="a")
    with pytest.raises(ClientError) as error:
        s3.delete_bucket(Bucket="data")
    assert code(error) == "BucketNotEmpty"
    s3.delete_object(Bucket="data", Key="a")
    s3.create_multipart_upload(Bucket="data", Key="unfinished")
    s3.delete_bucket(Bucket="data")
    with pytest.raises(ClientError) as gone:
        s3.head_bucket(Bucket="data")
    assert code(gone) == "404"


@pytest.mark.parametrize(
    "name", ["ab", "Upper", "under_score", "a..b", "-a-", "192.168.0.1", "xn--a", "a-s3alias", "a" * 64]
)
def test_names_that_are_no_buckets(name: str) -> None:
    with pytest.raises(AwsError, match="InvalidBucketName"):
        check_bucket_name(name)


def test_a_bad_name_over_http(s3) -> None:
    with pytest.raises(ClientError) as error:
        s3.create_bucket(Bucket="Bad_Name")
    assert code(error) == "InvalidBucketName"


def test_a_bucket_of_another_account_is_closed(s3, client_for) -> None:
    s3.put_object(Bucket="data", Key="a")
    other = client_for(account=OTHER)
    for call in (
        lambda: other.get_object(Bucket="data", Key="a"),
        lambda: other.put_object(Bucket="data", Key="a"),
        lambda: other.list_objects_v2(Bucket="data"),
        lambda: other.delete_bucket(Bucket="data"),
        lambda: other.copy_object(Bucket="data", Key="b", CopySource="data/a"),
    ):
        with pytest.raises(ClientError) as error:
            call()
        assert code(error) == "AccessDenied"


def test_the_expected_owner_is_checked(s3) -> None:
    with pytest.raises(ClientError) as error:
        s3.head_bucket(Bucket="data", ExpectedBucketOwner=OTHER)
    assert code(error) == "403"
    s3.head_bucket(Bucket="data", ExpectedBucketOwner="111111111111")


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_both_addressing_styles(s3, client_for, endpoint: str, style: str, monkeypatch) -> None:
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more))
    client = client_for(endpoint.replace("127.0.0.1", "localhost"), s3={"addressing_style": style})
    client.put_object(Bucket="data", Key="a/b", Body=b"x")
    assert s3.get_object(Bucket="data", Key="a/b")["Body"].read() == b"x"
    assert [item["Key"] for item in client.list_objects_v2(Bucket="data")["Contents"]] == ["a/b"]


class TestVersioning:
    @pytest.fixture
    def versioned(self, s3) -> Any:
        s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
        return s3

    def test_the_status_is_kept(self, s3) -> None:
        assert "Status" not in s3.get_bucket_versioning(Bucket="data")
        for status in ("Enabled", "Suspended"):
            s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": status})
            assert s3.get_bucket_versioning(Bucket="data")["Status"] == status

    def test_every_put_is_a_version(self, versioned) -> None:
        first = versioned.put_object(Bucket="data", Key="a", Body=b"1")["VersionId"]
        second = versioned.put_object(Bucket="data", Key="a", Body=b"2")["VersionId"]
        assert versioned.get_object(Bucket="data", Key="a")["VersionId"] == second
        assert versioned.get_object(Bucket="data", Key="a", VersionId=first)["Body"].read() == b"1"

    def test_deleting_puts_a_marker_and_deleting_the_marker_brings_the_object_back(self, versioned) -> None:
        versioned.put_object(Bucket="data", Key="a", Body=b"1")
        marker = versioned.delete_object(Bucket="data", Key="a")
        assert marker["DeleteMarker"] is True
        with pytest.raises(ClientError) as error:
            versioned.get_object(Bucket="data", Key="a")
        assert error.value.response["ResponseMetadata"]["HTTPHeaders"]["x-amz-delete-marker"] == "true"
        with pytest.raises(ClientError) as not_allowed:
            versioned.get_object(Bucket="data", Key="a", VersionId=marker["VersionId"])
        assert code(not_allowed) == "MethodNotAllowed"
        removed = versioned.delete_object(Bucket="data", Key="a", VersionId=marker["VersionId"])
        assert removed["DeleteMarker"] is True
        assert versioned.get_object(Bucket="data", Key="a")["Body"].read() == b"1"

    def test_a_version_that_never_was(self, versioned) -> None:
        versioned.put_object(Bucket="data", Key="a")
        with pytest.raises(ClientError) as error:
            versioned.get_object(Bucket="data", Key="a", VersionId="nope")
        assert code(error) == "NoSuchVersion"

    def test_deleting_the_latest_version_uncovers_the_one_before(self, versioned) -> None:
        versioned.put_object(Bucket="data", Key="a", Body=b"1")
        second = versioned.put_object(Bucket="data", Key="a", Body=b"2")["VersionId"]
        versioned.delete_object(Bucket="data", Key="a", VersionId=second)
        assert versioned.get_object(Bucket="data", Key="a")["Body"].read() == b"1"

    def test_suspended_buckets_replace_their_null_version_only(self, versioned) -> None:
        kept = versioned.put_object(Bucket="data", Key="a", Body=b"1")["VersionId"]
        versioned.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Suspended"})
        versioned.put_object(Bucket="data", Key="a", Body=b"2")
        assert versioned.put_object(Bucket="data", Key="a", Body=b"3")["VersionId"] == "null"
        versions = versioned.list_object_versions(Bucket="data")["Versions"]
        assert [version["VersionId"] for version in versions] == ["null", kept]
        assert versioned.get_object(Bucket="data", Key="a", VersionId="null")["Body"].read() == b"3"

    def test_batch_deletion_of_versions(self, versioned) -> None:
        version = versioned.put_object(Bucket="data", Key="a")["VersionId"]
        marker = versioned.delete_objects(Bucket="data", Delete={"Objects": [{"Key": "a"}]})["Deleted"][0]
        assert marker["DeleteMarker"] is True
        both = [
            {"Key": "a", "VersionId": version},
            {"Key": "a", "VersionId": marker["DeleteMarkerVersionId"]},
        ]
        deleted = versioned.delete_objects(Bucket="data", Delete={"Objects": both})["Deleted"]
        assert [item.get("DeleteMarker") for item in deleted] == [None, True]
        versioned.delete_bucket(Bucket="data")

    @pytest.mark.parametrize(
        ("configuration", "expected"),
        [
            ({"Status": "Off"}, "IllegalVersioningConfigurationException"),
            ({"Status": "Enabled", "MFADelete": "Enabled"}, "UnsupportedByLocalCloud"),
        ],
    )
    def test_configurations_that_are_refused(self, s3, configuration: dict[str, str], expected: str) -> None:
        with pytest.raises(ClientError) as error:
            s3.put_bucket_versioning(Bucket="data", VersioningConfiguration=configuration)
        assert code(error) == expected
