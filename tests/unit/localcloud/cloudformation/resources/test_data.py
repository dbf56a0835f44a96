from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.cloudformation.types import ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

TABLE, REPOSITORY, GROUP = "AWS::DynamoDB::Table", "AWS::ECR::Repository", "AWS::SageMaker::ModelPackageGroup"
PARAMETER, SECRET, LOG_GROUP = "AWS::SSM::Parameter", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"
KEY, ALIAS = "AWS::KMS::Key", "AWS::KMS::Alias"


def pairs(tags: Any, key: str = "Key", value: str = "Value") -> dict[str, str]:
    return {tag[key]: tag[value] for tag in tags}


def policy(*actions: str, **more: Any) -> Json:
    statement = {"Sid": "S", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": list(actions), **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def keys(*names: str) -> Json:
    kinds = ("HASH", "RANGE")
    return {
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in names],
        "KeySchema": [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, kinds, strict=False)],
    }


def test_a_table_has_all_that_was_asked_for(bench: Bench) -> None:
    dynamodb = bench.client("dynamodb")
    made = bench.create(
        TABLE,
        {
            **keys("team", "account_name"),
            "TableName": "headgate-catalog",
            "BillingMode": "PAY_PER_REQUEST",
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "arn:aws:kms:k"},
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
            "DeletionProtectionEnabled": True,
            "Tags": [{"Key": "a", "Value": "b"}],
        },
    )
    found = dynamodb.describe_table(TableName=made.id)["Table"]
    assert made.attributes["Arn"] == found["TableArn"]
    assert made.attributes["StreamArn"] == found["LatestStreamArn"]
    assert [key["AttributeName"] for key in found["KeySchema"]] == ["team", "account_name"]
    assert found["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert found["SSEDescription"]["KMSMasterKeyArn"] == "arn:aws:kms:k"
    assert found["DeletionProtectionEnabled"]
    backups = dynamodb.describe_continuous_backups(TableName=made.id)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    expiry = dynamodb.describe_time_to_live(TableName=made.id)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires")
    tags = dynamodb.list_tags_of_resource(ResourceArn=found["TableArn"])["Tags"]
    assert pairs(tags) == {"team": "forecasting", "a": "b"}
    with pytest.raises(ClientError, match="DeletionProtectionEnabled"):
        bench.delete(TABLE, made, {})


def test_a_table_is_changed_and_keeps_its_items(bench: Bench) -> None:
    dynamodb = bench.client("dynamodb")
    old: Json = {
        **keys("k"),
        "BillingMode": "PAY_PER_REQUEST",
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
        "DeletionProtectionEnabled": True,
    }
    index = {
        "IndexName": "by-state",
        "KeySchema": [{"AttributeName": "state", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "ALL"},
    }
    new: Json = {
        **keys("k"),
        "AttributeDefinitions": keys("k", "state")["AttributeDefinitions"],
        "BillingMode": "PAY_PER_REQUEST",
        "GlobalSecondaryIndexes": [index],
        "StreamSpecification": {"StreamViewType": "KEYS_ONLY"},
        "ResourcePolicy": {"PolicyDocument": policy("dynamodb:GetItem", Resource="*")},
    }
    made = bench.create(TABLE, old)
    dynamodb.put_item(TableName=made.id, Item={"k": {"S": "kept"}})
    made = bench.update(TABLE, made, old, new)
    found = dynamodb.describe_table(TableName=made.id)["Table"]
    assert [each["IndexName"] for each in found["GlobalSecondaryIndexes"]] == ["by-state"]
    assert found["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    assert not found["DeletionProtectionEnabled"]
    backups = dynamodb.describe_continuous_backups(TableName=made.id)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "DISABLED"
    assert dynamodb.describe_time_to_live(TableName=made.id)["TimeToLiveDescription"]["TimeToLiveStatus"] == "DISABLED"
    stored = json.loads(dynamodb.get_resource_policy(ResourceArn=found["TableArn"])["Policy"])
    assert stored == new["ResourcePolicy"]["PolicyDocument"]
    bench.update(TABLE, made, new, old)
    found = dynamodb.describe_table(TableName=made.id)["Table"]
    assert not found.get("GlobalSecondaryIndexes")
    assert not found.get("StreamSpecification", {}).get("StreamEnabled")
    assert dynamodb.get_item(TableName=made.id, Key={"k": {"S": "kept"}})["Item"]
    unprotected = {**old, "DeletionProtectionEnabled": False}
    bench.update(TABLE, made, old, unprotected)
    bench.delete(TABLE, made, unprotected)
    assert dynamodb.list_tables()["TableNames"] == []
    assert bench.find(TABLE, old) is None


def test_a_repository_has_its_policies_and_loses_them(bench: Bench) -> None:
    ecr = bench.client("ecr")
    rules = json.dumps({"rules": [{
        "rulePriority": 1,
        "selection": {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 14},
        "action": {"type": "expire"},
    }]})  # fmt: skip
    named: Json = {"RepositoryName": "headgate/shared/base", "EmptyOnDelete": True}
    old: Json = {
        **named,
        "EncryptionConfiguration": {"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:eu-west-1:1:key/k"},
        "ImageScanningConfiguration": {"ScanOnPush": True},
        "ImageTagMutability": "IMMUTABLE",
        "LifecyclePolicy": {"LifecyclePolicyText": rules},
        "RepositoryPolicyText": policy("ecr:BatchGetImage"),
    }
    new = {**named, "EncryptionConfiguration": old["EncryptionConfiguration"]}
    made = bench.create(REPOSITORY, old)
    assert made.attributes == {
        "Arn": f"arn:aws:ecr:eu-west-1:{bench.account}:repository/headgate/shared/base",
        "RepositoryUri": f"{bench.account}.dkr.ecr.eu-west-1.amazonaws.com/headgate/shared/base",
    }

    def state() -> Any:
        (found,) = ecr.describe_repositories()["repositories"]
        return found["imageTagMutability"], found["imageScanningConfiguration"]["scanOnPush"]

    assert state() == ("IMMUTABLE", True)
    assert json.loads(ecr.get_repository_policy(repositoryName=made.id)["policyText"]) == policy("ecr:BatchGetImage")
    assert json.loads(ecr.get_lifecycle_policy(repositoryName=made.id)["lifecyclePolicyText"]) == json.loads(rules)
    bench.update(REPOSITORY, made, old, new)
    assert state() == ("MUTABLE", False)
    for read in (ecr.get_repository_policy, ecr.get_lifecycle_policy):
        with pytest.raises(ClientError, match="NotFoundException"):
            read(repositoryName=made.id)
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"})
    ecr.put_image(repositoryName=made.id, imageManifest=manifest, imageTag="1")
    with pytest.raises(ClientError, match="RepositoryNotEmpty"):
        bench.delete(REPOSITORY, made, {})
    bench.delete(REPOSITORY, made, new)
    assert bench.find(REPOSITORY, new) is None


def test_a_model_package_group_has_its_policy_and_its_tags(bench: Bench) -> None:
    sagemaker = bench.client("sagemaker")
    named = {"ModelPackageGroupName": "alpha-churn", "ModelPackageGroupDescription": "models"}
    document = policy("sagemaker:DescribeModelPackage", Resource="*")
    old = {**named, "ModelPackageGroupPolicy": document, "Tags": [{"Key": "a", "Value": "b"}]}
    made = bench.create(GROUP, old)
    assert made.id == made.attributes["ModelPackageGroupArn"]
    stored = sagemaker.get_model_package_group_policy(ModelPackageGroupName="alpha-churn")["ResourcePolicy"]
    assert json.loads(stored) == document
    assert pairs(sagemaker.list_tags(ResourceArn=made.id)["Tags"]) == {"team": "forecasting", "a": "b"}
    bench.update(GROUP, made, old, named)
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName="alpha-churn")
    assert pairs(sagemaker.list_tags(ResourceArn=made.id)["Tags"]) == {"team": "forecasting"}
    found = bench.find(GROUP, named)
    assert found is not None
    assert found.id == made.id
    bench.delete(GROUP, made, named)
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    assert bench.find(GROUP, named) is None


def test_a_parameter_keeps_its_name_through_new_values(bench: Bench) -> None:
    ssm = bench.client("ssm")
    old = {"Name": "/headgate/dev/key", "Type": "String", "Value": "1", "Tags": {"a": "b"}}
    new = {"Name": "/headgate/dev/key", "Type": "String", "Value": "2", "Description": "second"}
    made = bench.create(PARAMETER, old)
    assert made.id == "/headgate/dev/key"
    assert made.attributes["Arn"] == f"arn:aws:ssm:eu-west-1:{bench.account}:parameter/headgate/dev/key"
    assert made.attributes["Value"] == "1"

    def tags() -> dict[str, str]:
        return pairs(ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=made.id)["TagList"])

    assert tags() == {"team": "forecasting", "a": "b"}
    assert bench.update(PARAMETER, made, old, new).attributes["Value"] == "2"
    found = ssm.get_parameter(Name=made.id)["Parameter"]
    assert (found["Value"], found["Version"]) == ("2", 2)
    assert tags() == {"team": "forecasting"}
    with pytest.raises(ClientError, match="AlreadyExists"):
        bench.create(PARAMETER, old)
    assert bench.find(PARAMETER, new) is not None
    bench.delete(PARAMETER, made, new)
    assert bench.find(PARAMETER, new) is None


def test_a_secret_is_given_or_generated_and_deleted_for_good(bench: Bench) -> None:
    secrets = bench.client("secretsmanager")
    old = {
        "Name": "headgate/door",
        "GenerateSecretString": {
            "SecretStringTemplate": '{"user": "robot"}',
            "GenerateStringKey": "password",
            "PasswordLength": 20,
            "ExcludePunctuation": True,
        },
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    new = {"Name": "headgate/door", "SecretString": "given", "Description": "by hand"}
    made = bench.create(SECRET, old)
    value = json.loads(secrets.get_secret_value(SecretId="headgate/door")["SecretString"])
    assert value["user"] == "robot"
    assert len(value["password"]) == 20
    assert value["password"].isalnum()
    bench.update(SECRET, made, old, new)
    assert secrets.get_secret_value(SecretId=made.id)["SecretString"] == "given"
    found = secrets.describe_secret(SecretId=made.id)
    assert found["Description"] == "by hand"
    assert pairs(found["Tags"]) == {"team": "forecasting"}
    assert bench.find(SECRET, new) is not None
    bench.delete(SECRET, made, new)
    again = bench.create(SECRET, new)
    assert secrets.get_secret_value(SecretId=again.id)["SecretString"] == "given"
    with pytest.raises(ResourceError, match="not both"):
        bench.create(SECRET, {**old, **new, "Name": "both"})


def test_a_log_group_keeps_its_events_as_long_as_it_says(bench: Bench) -> None:
    logs = bench.client("logs")
    old = {"LogGroupName": "/headgate/jobs", "RetentionInDays": 365, "KmsKeyId": "arn:aws:kms:eu-west-1:1:key/a"}
    new = {
        "LogGroupName": "/headgate/jobs",
        "KmsKeyId": "arn:aws:kms:eu-west-1:1:key/b",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    made = bench.create(LOG_GROUP, old)
    assert made.attributes["Arn"] == f"arn:aws:logs:eu-west-1:{bench.account}:log-group:/headgate/jobs:*"

    def state() -> Any:
        (found,) = logs.describe_log_groups()["logGroups"]
        tags = logs.list_tags_for_resource(resourceArn=found["logGroupArn"])["tags"]
        return found.get("retentionInDays"), found.get("kmsKeyId", "")[-1:], tags

    assert state() == (365, "a", {"team": "forecasting"})
    bench.update(LOG_GROUP, made, old, new)
    assert state() == (None, "b", {"team": "forecasting", "a": "b"})
    bench.update(LOG_GROUP, made, new, {"LogGroupName": "/headgate/jobs", "RetentionInDays": 7})
    assert state() == (7, "", {"team": "forecasting"})
    with pytest.raises(ResourceError, match="LogGroupClass"):
        bench.update(LOG_GROUP, made, old, {**old, "LogGroupClass": "INFREQUENT_ACCESS"})
    assert bench.find(LOG_GROUP, old) is not None
    bench.delete(LOG_GROUP, made, old)
    assert bench.find(LOG_GROUP, old) is None


def test_a_key_rotates_carries_its_policy_and_is_scheduled_for_deletion(bench: Bench) -> None:
    kms = bench.client("kms")
    own = policy("kms:*", Resource="*")
    own["Statement"][0]["Principal"] = {"AWS": f"arn:aws:iam::{bench.account}:root"}
    wider = {**own, "Statement": [*own["Statement"], {**own["Statement"][0], "Sid": "Other"}]}
    old = {"KeyPolicy": own, "Description": "first", "EnableKeyRotation": True, "PendingWindowInDays": 7}
    new = {"KeyPolicy": wider, "Enabled": False, "Tags": [{"Key": "a", "Value": "b"}]}
    made = bench.create(KEY, old)
    assert made.attributes["Arn"] == f"arn:aws:kms:eu-west-1:{bench.account}:key/{made.id}"

    def state() -> Any:
        found = kms.describe_key(KeyId=made.id)["KeyMetadata"]
        document = json.loads(kms.get_key_policy(KeyId=made.id, PolicyName="default")["Policy"])
        tags = pairs(kms.list_resource_tags(KeyId=made.id)["Tags"], "TagKey", "TagValue")
        return found["Description"], found["Enabled"], len(document["Statement"]), tags

    assert state() == ("first", True, 1, {"team": "forecasting"})
    assert kms.get_key_rotation_status(KeyId=made.id)["KeyRotationEnabled"]
    bench.update(KEY, made, old, new)
    assert state() == ("", False, 2, {"team": "forecasting", "a": "b"})
    bench.update(KEY, made, new, old)
    assert state() == ("first", True, 1, {"team": "forecasting"})
    with pytest.raises(ResourceError, match="KeySpec"):
        bench.update(KEY, made, old, {**old, "KeySpec": "RSA_2048"})
    bench.delete(KEY, made, old)
    assert kms.describe_key(KeyId=made.id)["KeyMetadata"]["KeyState"] == "PendingDeletion"


def test_an_alias_moves_from_key_to_key(bench: Bench) -> None:
    kms = bench.client("kms")
    one, two = (bench.create(KEY, {}, f"Key{number}").id for number in range(2))
    old, new = ({"AliasName": "alias/headgate", "TargetKeyId": key} for key in (one, two))
    made = bench.create(ALIAS, old)
    assert kms.describe_key(KeyId="alias/headgate")["KeyMetadata"]["KeyId"] == one
    bench.update(ALIAS, made, old, new)
    assert kms.describe_key(KeyId="alias/headgate")["KeyMetadata"]["KeyId"] == two
    assert bench.find(ALIAS, new) == made
    bench.delete(ALIAS, made, new)
    assert bench.find(ALIAS, new) is None
    with pytest.raises(ClientError, match="NotFound"):
        kms.describe_key(KeyId="alias/headgate")
