"""Bucket subresources, tags and ACLs: kept, returned, and 501 for the rest."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


RULE = {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 3}}
CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
SSE = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
QUEUE = {
    "QueueConfigurations": [{"Id": "q", "QueueArn": "arn:aws:sqs:us-east-1:1:q", "Events": ["s3:ObjectCreated:*"]}]
}
LOGGING = {"LoggingEnabled": {"TargetBucket": "data", "TargetPrefix": "p/"}}
OWNER = {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}
BLOCK = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": False,
    "BlockPublicPolicy": False,
    "RestrictPublicBuckets": True,
}


@pytest.mark.parametrize(
    ("operation", "argument", "value", "member", "missing"),
    [
        (
            "bucket_lifecycle_configuration",
            "LifecycleConfiguration",
            {"Rules": [RULE]},
            "Rules",
            "NoSuchLifecycleConfiguration",
        ),
        ("bucket_cors", "CORSConfiguration", CORS, "CORSRules", "NoSuchCORSConfiguration"),
        (
            "bucket_encryption",
            "ServerSideEncryptionConfiguration",
            SSE,
            "ServerSideEncryptionConfiguration",
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        ("bucket_notification_configuration", "NotificationConfiguration", QUEUE, "QueueConfigurations", None),
        ("bucket_logging", "BucketLoggingStatus", LOGGING, "LoggingEnabled", None),
        (
            "bucket_ownership_controls",
            "OwnershipControls",
            OWNER,
            "OwnershipControls",
            "OwnershipControlsNotFoundError",
        ),
        (
            "public_access_block",
            "PublicAccessBlockConfiguration",
            BLOCK,
            "PublicAccessBlockConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
        ),
        ("bucket_tagging", "Tagging", {"TagSet": [{"Key": "a", "Value": "b"}]}, "TagSet", "NoSuchTagSet"),
    ],
)
def test_what_was_put_is_returned(
    s3, operation: str, argument: str, value: Any, member: str, missing: str | None
) -> None:
    get = getattr(s3, f"get_{operation}")
    getattr(s3, f"put_{operation}")(Bucket="data", **{argument: value})
    expected = value.get(member, value)
    assert get(Bucket="data")[member] == expected
    if missing is None:
        return
    delete = operation.removesuffix("_configuration")
    getattr(s3, f"delete_{delete}")(Bucket="data")
    with pytest.raises(ClientError) as error:
        get(Bucket="data")
    assert code(error) == missing


def test_what_a_new_bucket_has(s3) -> None:
    assert all(s3.get_public_access_block(Bucket="data")["PublicAccessBlockConfiguration"].values())
    controls = s3.get_bucket_ownership_controls(Bucket="data")["OwnershipControls"]
    assert controls["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="data")
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket="data")
    with pytest.raises(ClientError) as error:
        s3.get_bucket_policy(Bucket="data")
    assert code(error) == "NoSuchBucketPolicy"


def statement(principal: Any, **more: Any) -> str:
    action = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**action, **more}]})


def test_a_policy_is_returned_as_it_was_put(s3) -> None:
    text = statement({"AWS": "arn:aws:iam::222222222222:root"})
    s3.put_bucket_policy(Bucket="data", Policy=text)
    assert s3.get_bucket_policy(Bucket="data")["Policy"] == text
    assert s3.get_bucket_policy_status(Bucket="data")["PolicyStatus"]["IsPublic"] is False
    s3.delete_bucket_policy(Bucket="data")
    with pytest.raises(ClientError) as error:
        s3.get_bucket_policy_status(Bucket="data")
    assert code(error) == "NoSuchBucketPolicy"


def test_a_public_policy_needs_the_block_removed(s3) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_bucket_policy(Bucket="data", Policy=statement("*"))
    assert code(error) == "AccessDenied"
    s3.delete_public_access_block(Bucket="data")
    s3.put_bucket_policy(Bucket="data", Policy=statement("*"))
    assert s3.get_bucket_policy_status(Bucket="data")["PolicyStatus"]["IsPublic"] is True


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"Statement": []}',
        '{"Statement": [1]}',
        statement("*", Effect="Maybe"),
        statement(None),
        statement("*", Resource="arn:aws:s3:::other/*"),
    ],
)
def test_policies_that_are_none(s3, text: str) -> None:
    with pytest.raises(ClientError) as error:
        s3.put_bucket_policy(Bucket="data", Policy=text)
    assert code(error) == "MalformedPolicy"


@pytest.mark.parametrize("body", [b"<Wrong/>", b"<CORSConfiguration>", b"<!DOCTYPE a><CORSConfiguration/>", b"\xff"])
def test_documents_that_are_none(endpoint, s3, body: bytes) -> None:
    import urllib3

    http = urllib3.PoolManager()
    answer = http.request("PUT", f"{endpoint}/data?cors", body=body)
    http.clear()
    assert answer.status == 400
    assert b"<Code>MalformedXML</Code>" in answer.data


@pytest.mark.parametrize(
    "call",
    [
        lambda s3: s3.get_bucket_website(Bucket="data"),
        lambda s3: s3.put_bucket_website(Bucket="data", WebsiteConfiguration={"IndexDocument": {"Suffix": "i"}}),
        lambda s3: s3.get_bucket_replication(Bucket="data"),
        lambda s3: s3.get_bucket_accelerate_configuration(Bucket="data"),
        lambda s3: s3.restore_object(Bucket="data", Key="a", RestoreRequest={"Days": 1}),
        lambda s3: s3.select_object_content(
            Bucket="data",
            Key="a",
            Expression="x",
            ExpressionType="SQL",
            InputSerialization={"CSV": {}},
            OutputSerialization={"CSV": {}},
        ),
        lambda s3: s3.get_object_torrent(Bucket="data", Key="a"),
        lambda s3: s3.put_bucket_acl(Bucket="data", GrantRead="id=1"),
        lambda s3: s3.put_bucket_acl(Bucket="data", AccessControlPolicy={"Owner": {"ID": "1"}, "Grants": []}),
    ],
)
def test_what_is_not_supported_says_so(s3, call) -> None:
    with pytest.raises(ClientError) as error:
        call(s3)
    assert code(error) == "UnsupportedByLocalCloud"
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_settings_of_a_bucket_that_is_not_there(s3) -> None:
    with pytest.raises(ClientError) as error:
        s3.get_bucket_cors(Bucket="nope")
    assert code(error) == "NoSuchBucket"


def test_settings_go_with_their_bucket(s3) -> None:
    s3.put_bucket_cors(Bucket="data", CORSConfiguration=CORS)
    s3.delete_bucket(Bucket="data")
    s3.create_bucket(Bucket="data")
    with pytest.raises(ClientError) as error:
        s3.get_bucket_cors(Bucket="data")
    assert code(error) == "NoSuchCORSConfiguration"


def test_object_tags(s3) -> None:
    s3.put_object(Bucket="data", Key="a", Tagging="x=1&y=")
    tags = s3.get_object_tagging(Bucket="data", Key="a")["TagSet"]
    assert tags == [{"Key": "x", "Value": "1"}, {"Key": "y", "Value": ""}]
    s3.put_object_tagging(Bucket="data", Key="a", Tagging={"TagSet": [{"Key": "z", "Value": "<3"}]})
    assert s3.get_object_tagging(Bucket="data", Key="a")["TagSet"] == [{"Key": "z", "Value": "<3"}]
    s3.delete_object_tagging(Bucket="data", Key="a")
    assert s3.get_object_tagging(Bucket="data", Key="a")["TagSet"] == []


@pytest.mark.parametrize("tag", [{"Key": "k" * 129, "Value": "x"}, {"Key": "k", "Value": "v" * 257}])
def test_tags_that_are_none(s3, tag) -> None:
    s3.put_object(Bucket="data", Key="a")
    with pytest.raises(ClientError) as error:
        s3.put_object_tagging(Bucket="data", Key="a", Tagging={"TagSet": [tag]})
    assert code(error) == "InvalidTag"


def test_canned_acls(s3) -> None:
    s3.put_object(Bucket="data", Key="a", ACL="public-read")
    grants = s3.get_object_acl(Bucket="data", Key="a")["Grants"]
    assert [(grant["Grantee"]["Type"], grant["Permission"]) for grant in grants] == [
        ("CanonicalUser", "FULL_CONTROL"),
        ("Group", "READ"),
    ]
    s3.put_object_acl(Bucket="data", Key="a", ACL="private")
    assert len(s3.get_object_acl(Bucket="data", Key="a")["Grants"]) == 1
    s3.put_bucket_acl(Bucket="data", ACL="log-delivery-write")
    assert len(s3.get_bucket_acl(Bucket="data")["Grants"]) == 3
    with pytest.raises(ClientError) as error:
        s3.create_bucket(Bucket="public", ACL="public-read")
    assert code(error) == "InvalidBucketAclWithObjectOwnership"
