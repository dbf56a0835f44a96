"""What requests need, for those whose ARNs or keys take some reading. The tables as a whole are a contract test's."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from headgate.localcloud.identity.requests import Needed, UnknownOperationError
from unit.localcloud.identity.asking import CALLER, SELF, needed, pairs

KEY_ID = "0e1b2c3d-0e1b-2c3d-4e5f-0e1b2c3d4e5f"


@pytest.mark.parametrize(("service", "operation"), [("sagemaker", "MakeCoffee"), ("coffee", "Make"), ("s3", "")])
def test_an_unknown_operation_is_named(service: str, operation: str) -> None:
    with pytest.raises(UnknownOperationError, match=f"which IAM actions {service} {operation}"):
        needed(service, operation)


def test_who_one_is_needs_no_permission() -> None:
    assert needed("sts", "GetCallerIdentity") == ()


def test_a_job_needs_its_role_its_tags_and_says_what_it_runs_on() -> None:
    main, tags, role = needed(
        "sagemaker",
        "CreateTrainingJob",
        TrainingJobName="job",
        RoleArn="arn:aws:iam::111122223333:role/headgate/worker",
        Tags=[{"Key": "Team", "Value": "churn"}],
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceGroups": [{"InstanceType": "ml.c5.large"}]},
        VpcConfig={"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        EnableNetworkIsolation=True,
        StoppingCondition={"MaxRuntimeInSeconds": 60},
    )
    assert main == Needed(
        "sagemaker:CreateTrainingJob",
        f"arn:aws:sagemaker:{SELF}:training-job/job",
        "111122223333",
        {
            "aws:requesttag/team": "churn",
            "aws:tagkeys": ("Team",),
            "sagemaker:instancetypes": ("ml.m5.large", "ml.c5.large"),
            "sagemaker:maxruntimeinseconds": "60",
            "sagemaker:networkisolation": "true",
            "sagemaker:vpcsecuritygroupids": ("sg-1",),
            "sagemaker:vpcsubnets": ("subnet-1", "subnet-2"),
        },
    )
    assert (tags.action, tags.resource) == ("sagemaker:AddTags", main.resource)
    assert tags.context["sagemaker:taggingaction"] == "CreateTrainingJob"
    assert (role.action, role.resource) == ("iam:PassRole", "arn:aws:iam::111122223333:role/headgate/worker")
    assert role.context == {"iam:passedtoservice": "sagemaker.amazonaws.com"}


def test_a_tuning_job_says_the_instances_of_all_its_definitions() -> None:
    definition = {"RoleArn": "arn:aws:iam::111122223333:role/r", "ResourceConfig": {"InstanceType": "ml.m5.large"}}
    found = needed(
        "sagemaker",
        "CreateHyperParameterTuningJob",
        HyperParameterTuningJobName="job",
        TrainingJobDefinitions=[definition, {**definition, "ResourceConfig": {"InstanceType": "ml.p5.48xlarge"}}],
    )
    assert found[0].context["sagemaker:instancetypes"] == ("ml.m5.large", "ml.p5.48xlarge")
    assert [one.action for one in found] == ["sagemaker:CreateHyperParameterTuningJob", "iam:PassRole"]


@pytest.mark.parametrize(
    ("group", "resource"),
    [
        ("churn", f"arn:aws:sagemaker:{SELF}:model-package/churn/*"),
        (
            "arn:aws:sagemaker:eu-west-1:444455556666:model-package-group/churn",
            "arn:aws:sagemaker:eu-west-1:444455556666:model-package/churn/*",
        ),
    ],
)
def test_a_new_version_is_in_its_group_whoever_owns_it(group: str, resource: str) -> None:
    (found,) = needed("sagemaker", "CreateModelPackage", ModelPackageGroupName=group, ModelApprovalStatus="Approved")
    assert found.resource == resource
    assert found.owner_account == resource.split(":")[4]
    assert found.context == {"sagemaker:modelapprovalstatus": "Approved"}


def test_a_model_of_another_accounts_package_needs_that_account_too() -> None:
    foreign = "arn:aws:sagemaker:eu-west-1:444455556666:model-package/churn/1"
    own = f"arn:aws:sagemaker:{SELF}:model-package/churn/1"
    model = f"arn:aws:sagemaker:{SELF}:model/m"
    containers = [{"ModelPackageName": foreign}, {"ModelPackageName": own}]
    assert pairs("sagemaker", "CreateModel", ModelName="m", Containers=containers) == [
        ("sagemaker:CreateModel", model),
        ("sagemaker:CreateModel", foreign),
    ]


def test_the_path_of_a_new_role_is_in_its_arn() -> None:
    (found,) = needed(
        "iam", "CreateRole", RoleName="r", Path="/headgate/", PermissionsBoundary="arn:aws:iam::1:policy/b"
    )
    assert found.resource == "arn:aws:iam::111122223333:role/headgate/r"
    assert found.context == {"iam:permissionsboundary": "arn:aws:iam::1:policy/b"}


def test_a_user_without_name_is_the_caller() -> None:
    assert pairs("iam", "GetUser") == [("iam:GetUser", CALLER.principal)]
    assert pairs("iam", "GetUser", UserName="x") == [("iam:GetUser", "arn:aws:iam::111122223333:user/x")]


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        (KEY_ID, f"arn:aws:kms:{SELF}:key/{KEY_ID}"),
        ("alias/a", f"arn:aws:kms:{SELF}:alias/a"),
        ("arn:aws:kms:eu-west-1:444455556666:key/k", "arn:aws:kms:eu-west-1:444455556666:key/k"),
    ],
)
def test_a_key_is_named_in_several_ways(name: str, resource: str) -> None:
    assert pairs("kms", "Encrypt", KeyId=name) == [("kms:Encrypt", resource)]


@pytest.mark.parametrize("blob", [KEY_ID.encode() + b"rest", base64.b64encode(KEY_ID.encode() + b"rest").decode()])
def test_a_ciphertext_names_its_key(blob: object) -> None:
    assert pairs("kms", "Decrypt", CiphertextBlob=blob) == [("kms:Decrypt", f"arn:aws:kms:{SELF}:key/{KEY_ID}")]


@pytest.mark.parametrize("blob", [b"short", "not base64", b"x" * 64, None])
def test_a_ciphertext_that_names_no_key_is_of_any(blob: object) -> None:
    assert pairs("kms", "Decrypt", CiphertextBlob=blob) == [("kms:Decrypt", f"arn:aws:kms:{SELF}:key/*")]


def test_an_encryption_context_is_asked_by_key_and_value() -> None:
    (found,) = needed("kms", "GenerateDataKey", KeyId="alias/a", EncryptionContext={"Team": "churn"})
    assert found.context == {
        "kms:encryptioncontext:team": "churn",
        "kms:encryptioncontextkeys": ("Team",),
        "kms:requestalias": "alias/a",
    }


def test_a_version_of_an_object_has_an_action_of_its_own() -> None:
    assert pairs("s3", "GetObject", Bucket="b", Key="k") == [("s3:GetObject", "arn:aws:s3:::b/k")]
    (found,) = needed("s3", "GetObject", Bucket="b", Key="k", VersionId="3")
    assert (found.action, found.context) == ("s3:GetObjectVersion", {"s3:versionid": "3"})
    assert (found.kms_action, found.kms_from) == ("kms:Decrypt", "arn:aws:s3:::b/k")
    assert found.owner_account == ""


@pytest.mark.parametrize(
    ("headers", "action", "source"),
    [
        ({}, "kms:GenerateDataKey", "arn:aws:s3:::b"),
        ({"ServerSideEncryption": "AES256"}, "", ""),
        ({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "k"}, "kms:GenerateDataKey", f"arn:aws:kms:{SELF}:key/k"),
    ],
)
def test_a_write_uses_the_key_of_the_request_or_of_the_bucket(
    headers: dict[str, str], action: str, source: str
) -> None:
    found = needed("s3", "PutObject", Bucket="b", Key="k", **headers)[0]
    assert (found.kms_action, found.kms_from) == (action, source)


def test_headers_of_a_write_need_their_own_actions() -> None:
    found = needed("s3", "PutObject", Bucket="b", Key="k", ACL="public-read", Tagging="team=churn&x=")
    assert [one.action for one in found] == ["s3:PutObject", "s3:PutObjectAcl", "s3:PutObjectTagging"]
    assert found[0].context["s3:x-amz-acl"] == "public-read"
    assert found[0].context["s3:requestobjecttag/team"] == "churn"
    assert found[0].context["s3:requestobjecttagkeys"] == ("team", "x")


@pytest.mark.parametrize(
    ("headers", "actions"),
    [
        ({"ACL": "private"}, ["s3:PutObject"]),
        ({"ACL": "public-read"}, ["s3:PutObject", "s3:PutObjectAcl"]),
        ({"GrantRead": "uri=everybody"}, ["s3:PutObject", "s3:PutObjectAcl"]),
    ],
)
def test_giving_an_object_away_needs_a_permission_of_its_own(headers: dict[str, str], actions: list[str]) -> None:
    assert [action for action, _ in pairs("s3", "PutObject", Bucket="b", Key="k", **headers)] == actions


def test_a_bucket_that_is_made_with_grants_needs_to_put_its_acl() -> None:
    assert [action for action, _ in pairs("s3", "CreateBucket", Bucket="b")] == ["s3:CreateBucket"]
    found = needed("s3", "CreateBucket", Bucket="b", GrantWrite="id=x")
    assert [one.action for one in found] == ["s3:CreateBucket", "s3:PutBucketAcl"]
    assert found[0].context == {"s3:x-amz-grant-write": "id=x"}


@pytest.mark.parametrize(
    ("source", "action"),
    [
        ("other/a%20b", "s3:GetObject"),
        ("/other/a%20b?versionId=3", "s3:GetObjectVersion"),
        ({"Bucket": "other", "Key": "a b"}, "s3:GetObject"),
        ({"Bucket": "other", "Key": "a b", "VersionId": "3"}, "s3:GetObjectVersion"),
    ],
)
def test_a_copy_reads_its_source(source: Any, action: str) -> None:
    found = needed("s3", "CopyObject", Bucket="b", Key="k", CopySource=source)
    assert found[0].context == {"s3:x-amz-copy-source": "other/a b"}
    assert (found[-1].action, found[-1].resource) == (action, "arn:aws:s3:::other/a b")


def test_every_key_of_a_batch_is_deleted() -> None:
    found = pairs("s3", "DeleteObjects", Bucket="b", Delete={"Objects": [{"Key": "x"}, {"Key": "y"}]})
    assert found == [("s3:DeleteObject", "arn:aws:s3:::b/x"), ("s3:DeleteObject", "arn:aws:s3:::b/y")]
