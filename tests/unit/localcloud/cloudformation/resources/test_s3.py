from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.cloudformation.types import ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

BUCKET, POLICY = "AWS::S3::Bucket", "AWS::S3::BucketPolicy"
CLOSED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


def test_a_bucket_has_all_that_was_asked_for(bench: Bench) -> None:
    key = f"arn:aws:kms:eu-west-1:{bench.account}:key/1"
    queue = f"arn:aws:sqs:eu-west-1:{bench.account}:q"
    let = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**let, "Resource": queue}]})
    bench.client("sqs").create_queue(QueueName="q", Attributes={"Policy": policy})
    made = bench.create(
        BUCKET,
        {
            "BucketName": f"headgate-dev-data-{bench.account}",
            "VersioningConfiguration": {"Status": "Enabled"},
            "PublicAccessBlockConfiguration": CLOSED,
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
            "BucketEncryption": {
                "ServerSideEncryptionConfiguration": [
                    {
                        "BucketKeyEnabled": True,
                        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
                    }
                ]
            },
            "LoggingConfiguration": {"DestinationBucketName": "logs", "LogFilePrefix": "data/"},
            "CorsConfiguration": {"CorsRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 5}]},
            "NotificationConfiguration": {
                "EventBridgeConfiguration": {"EventBridgeEnabled": True},
                "QueueConfigurations": [
                    {
                        "Event": "s3:ObjectCreated:*",
                        "Queue": queue,
                        "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}]}},
                    }
                ],
            },
            "Tags": [{"Key": "environment", "Value": "dev"}],
        },
    )
    s3, name = bench.client("s3"), made.id
    assert made.attributes["Arn"] == f"arn:aws:s3:::{name}"
    assert made.attributes["RegionalDomainName"] == f"{name}.s3.eu-west-1.amazonaws.com"
    assert s3.get_bucket_location(Bucket=name)["LocationConstraint"] == "eu-west-1"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"] == CLOSED
    (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["BucketKeyEnabled"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    assert s3.get_bucket_logging(Bucket=name)["LoggingEnabled"] == {"TargetBucket": "logs", "TargetPrefix": "data/"}
    assert s3.get_bucket_cors(Bucket=name)["CORSRules"][0]["MaxAgeSeconds"] == 5
    notification = s3.get_bucket_notification_configuration(Bucket=name)
    assert notification["EventBridgeConfiguration"] == {}
    assert notification["QueueConfigurations"][0]["Filter"]["Key"]["FilterRules"][0]["Value"] == "in/"
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_bucket_tagging(Bucket=name)["TagSet"]}
    assert tags == {"team": "forecasting", "environment": "dev"}


def lifecycle(bench: Bench, *rules: Json) -> Any:
    wanted = {"LifecycleConfiguration": {"Rules": list(rules)}}
    name = bench.create(BUCKET, wanted).id
    return bench.client("s3").get_bucket_lifecycle_configuration(Bucket=name)["Rules"]


def test_a_lifecycle_is_written_in_s3s_words(bench: Bench) -> None:
    branch = {
        "Id": "branches",
        "Status": "Enabled",
        "Prefix": "branches/",
        "ExpirationInDays": 14,
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
    }
    tagged = {
        "Id": "old",
        "Status": "Enabled",
        "TagFilters": [{"Key": "a", "Value": "b"}, {"Key": "c", "Value": "d"}],
        "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 30}],
        "NoncurrentVersionTransitions": [{"StorageClass": "GLACIER", "TransitionInDays": 9}],
    }
    one, two, three = lifecycle(bench, branch, tagged, {"Status": "Disabled", "ExpiredObjectDeleteMarker": True})
    assert one["Filter"] == {"Prefix": "branches/"}
    assert one["Expiration"] == {"Days": 14}
    assert one["NoncurrentVersionExpiration"] == {"NoncurrentDays": 7}
    assert one["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert [tag["Key"] for tag in two["Filter"]["And"]["Tags"]] == ["a", "c"]
    assert two["Transitions"] == [{"StorageClass": "GLACIER", "Days": 30}]
    assert two["NoncurrentVersionTransitions"] == [{"StorageClass": "GLACIER", "NoncurrentDays": 9}]
    assert three["Expiration"] == {"ExpiredObjectDeleteMarker": True}
    assert three["Filter"] == {"Prefix": ""}


def test_settings_that_are_dropped_from_the_template_go(bench: Bench) -> None:
    old: Json = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": 1}]},
        "LoggingConfiguration": {"DestinationBucketName": "logs"},
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    made = bench.create(BUCKET, old)
    assert made.id.startswith("alpha-thing-")
    bench.update(BUCKET, made, old, {"BucketEncryption": None}, tags={})
    s3 = bench.client("s3")
    assert s3.get_bucket_versioning(Bucket=made.id)["Status"] == "Suspended"
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=made.id)
    with pytest.raises(ClientError, match="NoSuchLifecycleConfiguration"):
        s3.get_bucket_lifecycle_configuration(Bucket=made.id)
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=made.id)


def test_an_acl_is_refused_and_the_bucket_does_not_stay(bench: Bench) -> None:
    with pytest.raises(ResourceError, match="AccessControl PublicRead needs ACLs"):
        bench.create(BUCKET, {"BucketName": "open-to-all", "AccessControl": "PublicRead"})
    with pytest.raises(ClientError, match="404"):
        bench.client("s3").head_bucket(Bucket="open-to-all")


def test_a_rule_with_an_unknown_member_is_refused(bench: Bench) -> None:
    with pytest.raises(ResourceError, match="Colour"):
        lifecycle(bench, {"Status": "Enabled", "Colour": "blue"})


def test_ones_own_bucket_is_not_taken_over_in_us_east_1(bench: Bench) -> None:
    bench.region = "us-east-1"
    name = f"taken-{bench.account}"
    bench.client("s3").create_bucket(Bucket=name)
    with pytest.raises(ResourceError, match="exists already"):
        bench.create(BUCKET, {"BucketName": name})


def test_a_bucket_with_objects_stays_and_an_empty_one_goes(bench: Bench) -> None:
    made, s3 = bench.create(BUCKET, {}), bench.client("s3")
    s3.put_object(Bucket=made.id, Key="k", Body=b"x")
    with pytest.raises(ClientError, match="BucketNotEmpty"):
        bench.delete(BUCKET, made, {})
    s3.delete_object(Bucket=made.id, Key="k")
    bench.delete(BUCKET, made, {})
    assert s3.list_buckets()["Buckets"] == []


def test_an_interrupted_bucket_is_found_and_finished(bench: Bench) -> None:
    wanted = {"VersioningConfiguration": {"Status": "Enabled"}}
    assert bench.find(BUCKET, wanted) is None
    s3, name = bench.client("s3"), bench.context().name(63, lower=True)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    found = bench.find(BUCKET, wanted)
    assert found is not None
    assert s3.get_bucket_versioning(Bucket=found.id)["Status"] == "Enabled"


def test_a_bucket_policy_is_put_changed_and_removed(bench: Bench) -> None:
    bucket, s3 = bench.create(BUCKET, {}, "Bucket").id, bench.client("s3")

    def document(action: str) -> Json:
        principal = {"AWS": f"arn:aws:iam::{bench.account}:root"}
        statement = {
            "Effect": "Allow",
            "Principal": principal,
            "Action": action,
            "Resource": f"arn:aws:s3:::{bucket}/*",
        }
        return {"Version": "2012-10-17", "Statement": [statement]}

    old = {"Bucket": bucket, "PolicyDocument": document("s3:GetObject")}
    new = {"Bucket": bucket, "PolicyDocument": document("s3:PutObject")}
    policy = bench.create(POLICY, old)
    assert policy.id == bucket
    bench.update(POLICY, policy, old, new)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == document("s3:PutObject")
    bench.delete(POLICY, policy, new)
    with pytest.raises(ClientError, match="NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)
