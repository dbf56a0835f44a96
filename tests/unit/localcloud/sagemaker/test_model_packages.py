from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from unit.localcloud.executions.fakes import CALLER, World
from unit.localcloud.sagemaker.test_models import URL, archive

OTHER = Caller("210987654321", "eu-west-1", "arn:aws:iam::210987654321:role/deploy")


@pytest.fixture(autouse=True)
def _group(world: World) -> None:
    world.put(URL, archive())
    world.call("CreateModelPackageGroup", ModelPackageGroupName="g", ModelPackageGroupDescription="models")


def register(world: World, caller: Caller = CALLER, **more: Any) -> str:
    specification = {"Containers": [{"Image": "image", "ModelDataUrl": URL}], "SupportedContentTypes": ["text/csv"]}
    name = {} if "ModelPackageName" in more else {"ModelPackageGroupName": "g"}
    request = {**name, "InferenceSpecification": specification, **more}
    arn: str = world.call("CreateModelPackage", caller, **request)["ModelPackageArn"]
    return arn


def describe(world: World, name: str) -> Json:
    return world.call("DescribeModelPackage", ModelPackageName=name)


def versions(world: World, **more: Any) -> list[int]:
    listed = world.call("ListModelPackages", ModelPackageGroupName="g", **more)["ModelPackageSummaryList"]
    return [one["ModelPackageVersion"] for one in listed]


def test_a_version_is_described_with_all_that_was_given(world: World) -> None:
    metrics = {"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://data/e.json"}}}
    life = {"Stage": "Development", "StageStatus": "PendingApproval"}
    arn = register(
        world,
        ModelPackageDescription="first",
        ModelMetrics=metrics,
        CustomerMetadataProperties={"rmse": "4.5"},
        MetadataProperties={"CommitId": "abc"},
        ModelLifeCycle=life,
        SourceUri="s3://data",
    )
    assert arn == "arn:aws:sagemaker:eu-west-1:123456789012:model-package/g/1"
    described = describe(world, arn)
    container = described["InferenceSpecification"]["Containers"][0]
    assert len(container.pop("ModelDataETag")) == 32
    assert described == {
        "ModelPackageGroupName": "g",
        "ModelPackageVersion": 1,
        "ModelPackageArn": arn,
        "ModelPackageDescription": "first",
        "ModelPackageRegistrationType": "Registered",
        "ModelApprovalStatus": "PendingManualApproval",
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "InferenceSpecification": {
            "Containers": [{"Image": "image", "ModelDataUrl": URL}],
            "SupportedContentTypes": ["text/csv"],
        },
        "ModelMetrics": metrics,
        "CustomerMetadataProperties": {"rmse": "4.5"},
        "MetadataProperties": {"CommitId": "abc"},
        "ModelLifeCycle": life,
        "SourceUri": "s3://data",
        "CertifyForMarketplace": False,
        "CreationTime": world.clock.time,
        "LastModifiedTime": world.clock.time,
        "CreatedBy": {"IamIdentity": {"Arn": CALLER.principal}},
    }
    assert describe(world, "g/1")["ModelPackageArn"] == arn


def test_version_numbers_are_never_given_twice(world: World) -> None:
    arns: list[str] = []
    threads = [threading.Thread(target=lambda: arns.append(register(world))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(arn.rpartition("/")[2]) for arn in arns) == list(range(1, 9))
    world.call("DeleteModelPackage", ModelPackageName="g/8")
    assert register(world).endswith("/9")


def test_the_same_token_registers_one_version(world: World) -> None:
    assert register(world, ClientToken="abc") == register(world, ClientToken="abc")
    assert versions(world) == [1]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"ModelPackageGroupName": "none"}, "ModelPackageGroup .*/none does not exist"),
        (
            {"InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": "s3://data/no"}]}},
            "Could not find",
        ),
        ({"CustomerMetadataProperties": {f"k{i}": "v" for i in range(51)}}, "51"),
        ({"CustomerMetadataProperties": {"k": "v" * 257}}, "less than or equal to 256"),
        ({"CustomerMetadataProperties": {"k" * 129: "v"}}, "less than or equal to 128"),
        ({"InferenceSpecification": None}, "needs an InferenceSpecification or a SourceUri"),
        (
            {
                "ValidationSpecification": {
                    "ValidationRole": "arn:aws:iam::123456789012:role/x",
                    "ValidationProfiles": [],
                }
            },
            "does not support",
        ),
    ],
)
def test_what_cannot_be_registered_leaves_no_version(world: World, change: Json, told: str) -> None:
    request: Json = {
        "ModelPackageGroupName": "g",
        "InferenceSpecification": {"Containers": [{"Image": "image", "ModelDataUrl": URL}]},
        **change,
    }
    with pytest.raises(AwsError, match=told):
        world.call("CreateModelPackage", **{name: value for name, value in request.items() if value is not None})
    assert versions(world) == []
    assert register(world).endswith("/1")


def test_a_corrupt_archive_is_refused(world: World) -> None:
    world.put(URL, archive()[:-12])
    with pytest.raises(AwsError, match=r"is not a readable tar.gz archive"):
        register(world)


def test_a_group_or_a_name_has_to_be_given_not_both(world: World) -> None:
    for names in ({}, {"ModelPackageGroupName": "g", "ModelPackageName": "m"}):
        with pytest.raises(AwsError, match="exactly one of"):
            world.call("CreateModelPackage", SourceUri="s3://data", **names)


def test_unversioned_packages_stand_by_their_name(world: World) -> None:
    arn = register(world, ModelPackageName="solo")
    assert arn.endswith(":model-package/solo")
    assert describe(world, "solo")["ModelPackageName"] == "solo"
    assert "ModelApprovalStatus" not in describe(world, "solo")
    with pytest.raises(AwsError, match="already exists"):
        register(world, ModelPackageName="solo")
    register(world)
    names = {
        kind: len(
            world.call("ListModelPackages", **({"ModelPackageType": kind} if kind else {}))["ModelPackageSummaryList"]
        )
        for kind in (None, "Unversioned", "Versioned", "Both")
    }
    assert names == {None: 1, "Unversioned": 1, "Versioned": 1, "Both": 2}


def test_an_update_changes_what_is_given_and_keeps_the_approval(world: World) -> None:
    arn = register(world, ModelApprovalStatus="Approved", CustomerMetadataProperties={"a": "1", "b": "2"})
    world.clock.time += 5
    world.call(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
    )
    described = describe(world, arn)
    assert described["ModelApprovalStatus"] == "Approved"
    assert described["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    assert described["LastModifiedTime"] == described["CreationTime"] + 5
    assert described["LastModifiedBy"] == {"IamIdentity": {"Arn": CALLER.principal}}
    world.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Rejected", ApprovalDescription="weak")
    described = describe(world, arn)
    assert (described["ModelApprovalStatus"], described["ApprovalDescription"]) == ("Rejected", "weak")


def test_an_update_can_add_inference_specifications_and_remove_the_last_property(world: World) -> None:
    arn = register(world, CustomerMetadataProperties={"a": "1"})
    more = [{"Name": "gpu", "Containers": [{"Image": "gpu"}]}]
    world.call(
        "UpdateModelPackage",
        ModelPackageArn=arn,
        AdditionalInferenceSpecificationsToAdd=more,
        CustomerMetadataPropertiesToRemove=["a"],
    )
    described = describe(world, arn)
    assert described["AdditionalInferenceSpecifications"] == more
    assert "CustomerMetadataProperties" not in described


def test_an_update_cannot_pass_the_limit_of_properties(world: World) -> None:
    arn = register(world, CustomerMetadataProperties={f"k{index}": "v" for index in range(50)})
    with pytest.raises(AwsError, match="51 entries; 50 is the most"):
        world.call("UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataProperties={"one": "more"})


def test_an_update_that_is_wrong_changes_nothing(world: World) -> None:
    arn = register(world)
    with pytest.raises(AwsError, match="no customer metadata property 'x'"):
        world.call(
            "UpdateModelPackage",
            ModelPackageArn=arn,
            ModelApprovalStatus="Approved",
            CustomerMetadataPropertiesToRemove=["x"],
        )
    assert describe(world, arn)["ModelApprovalStatus"] == "PendingManualApproval"


def test_a_digest_changes_only_with_the_containers(world: World) -> None:
    arn = register(world)
    digest = describe(world, arn)["InferenceSpecification"]["Containers"][0]["ModelDataETag"]
    world.put(URL, archive() + b"\0")
    world.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    assert describe(world, arn)["InferenceSpecification"]["Containers"][0]["ModelDataETag"] == digest


def test_versions_are_listed_with_filters_and_pages(world: World) -> None:
    for _ in range(3):
        world.clock.time += 10
        register(world)
    world.call(
        "UpdateModelPackage",
        ModelPackageArn=CALLER.arn("sagemaker", "model-package/g/2"),
        ModelApprovalStatus="Approved",
    )
    assert versions(world) == [1, 2, 3]
    assert versions(world, SortOrder="Descending") == [3, 2, 1]
    assert versions(world, ModelApprovalStatus="Approved") == [2]
    assert versions(world, CreationTimeAfter=world.clock.time - 15) == [2, 3]
    assert versions(world, NameContains="other") == []
    page = world.call("ListModelPackages", ModelPackageGroupName="g", MaxResults=2)
    rest = world.call("ListModelPackages", ModelPackageGroupName="g", MaxResults=2, NextToken=page["NextToken"])
    assert [one["ModelPackageVersion"] for one in rest["ModelPackageSummaryList"]] == [3]


def test_many_are_described_at_once(world: World) -> None:
    arn, missing = register(world), CALLER.arn("sagemaker", "model-package/g/7")
    answer = world.call("BatchDescribeModelPackage", ModelPackageArnList=[arn, missing])
    assert answer["ModelPackageSummaries"][arn]["ModelPackageVersion"] == 1
    assert answer["BatchDescribeModelPackageErrorMap"][missing]["ErrorCode"] == "ValidationException"


@pytest.mark.parametrize("name", ["g", "g/7", "none"])
def test_what_is_not_registered_does_not_exist(world: World, name: str) -> None:
    with pytest.raises(AwsError, match=r"ValidationException.*does not exist"):
        describe(world, name)


def test_groups_are_unique_listed_and_deleted_when_empty(world: World) -> None:
    with pytest.raises(AwsError, match="Model Package Group already exists"):
        world.call("CreateModelPackageGroup", ModelPackageGroupName="g")
    world.call("CreateModelPackageGroup", ModelPackageGroupName="h")
    listed = world.call("ListModelPackageGroups", NameContains="G")["ModelPackageGroupSummaryList"]
    assert [one["ModelPackageGroupName"] for one in listed] == ["g"]
    register(world)
    with pytest.raises(AwsError, match=r"ConflictException.*still contains"):
        world.call("DeleteModelPackageGroup", ModelPackageGroupName="g")
    world.call("DeleteModelPackage", ModelPackageName="g/1")
    world.call("DeleteModelPackageGroup", ModelPackageGroupName="g")
    with pytest.raises(AwsError, match="does not exist"):
        world.call("DescribeModelPackageGroup", ModelPackageGroupName="g")


def test_a_group_is_described_by_name_or_arn(world: World) -> None:
    described = world.call("DescribeModelPackageGroup", ModelPackageGroupName="g")
    assert described["ModelPackageGroupDescription"] == "models"
    assert described["ModelPackageGroupStatus"] == "Completed"
    assert world.call("DescribeModelPackageGroup", ModelPackageGroupName=described["ModelPackageGroupArn"]) == described


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "x", "ManagedConfiguration": {}}),
        ("ListModelPackageGroups", {"CrossAccountFilterOption": "CrossAccount"}),
    ],
)
def test_what_only_aws_has_is_refused(world: World, operation: str, request_: Json) -> None:
    with pytest.raises(AwsError, match="local cloud"):
        world.call(operation, **request_)


def policy(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(
    effect: str = "Allow", account: str = OTHER.account, action: Any = "sagemaker:DescribeModelPackage", **more: Any
) -> Json:
    return {
        "Effect": effect,
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": action,
        "Resource": "*",
        **more,
    }


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ([], False),
        ([allow()], True),
        ([allow(action=["sagemaker:ListModelPackages", "sagemaker:DescribeModelPackage"])], True),
        ([allow(action="sagemaker:*")], True),
        ([{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}], True),
        ([allow(account="111111111111")], False),
        ([allow(action="sagemaker:UpdateModelPackage")], False),
        ([allow(), allow("Deny")], False),
        ([allow(Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})], False),
        ([{"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "*", "Resource": "*"}], False),
    ],
)
def test_another_account_needs_the_groups_policy(world: World, statements: list[Json], allowed: bool) -> None:
    arn = register(world)
    if statements:
        world.call("PutModelPackageGroupPolicy", ModelPackageGroupName="g", ResourcePolicy=policy(*statements))
    if allowed:
        assert world.call("DescribeModelPackage", OTHER, ModelPackageName=arn)["ModelPackageArn"] == arn
    else:
        with pytest.raises(AwsError, match="AccessDeniedException"):
            world.call("DescribeModelPackage", OTHER, ModelPackageName=arn)


def test_another_account_may_register_when_allowed(world: World) -> None:
    group = CALLER.arn("sagemaker", "model-package-group/g")
    with pytest.raises(AwsError, match="AccessDeniedException"):
        register(world, OTHER, ModelPackageGroupName=group)
    grant = policy(allow(action=["sagemaker:CreateModelPackage", "sagemaker:ListModelPackages"]))
    world.call("PutModelPackageGroupPolicy", ModelPackageGroupName="g", ResourcePolicy=grant)
    assert register(world, OTHER, ModelPackageGroupName=group) == CALLER.arn("sagemaker", "model-package/g/1")
    listed = world.call("ListModelPackages", OTHER, ModelPackageGroupName=group)["ModelPackageSummaryList"]
    assert len(listed) == 1


def test_policies_are_kept_and_deleted_with_their_group(world: World) -> None:
    text = policy(allow())
    world.call("PutModelPackageGroupPolicy", ModelPackageGroupName="g", ResourcePolicy=text)
    assert world.call("GetModelPackageGroupPolicy", ModelPackageGroupName="g") == {"ResourcePolicy": text}
    world.call("DeleteModelPackageGroupPolicy", ModelPackageGroupName="g")
    with pytest.raises(AwsError, match="Cannot find resource policy"):
        world.call("GetModelPackageGroupPolicy", ModelPackageGroupName="g")
    world.call("PutModelPackageGroupPolicy", ModelPackageGroupName="g", ResourcePolicy=text)
    world.call("DeleteModelPackageGroup", ModelPackageGroupName="g")
    world.call("CreateModelPackageGroup", ModelPackageGroupName="g")
    with pytest.raises(AwsError, match="Cannot find resource policy"):
        world.call("GetModelPackageGroupPolicy", ModelPackageGroupName="g")


@pytest.mark.parametrize(("text", "told"), [("{", "is not JSON"), ("[]", "at least one Statement")])
def test_a_policy_has_to_be_one(world: World, text: str, told: str) -> None:
    with pytest.raises(AwsError, match=told):
        world.call("PutModelPackageGroupPolicy", ModelPackageGroupName="g", ResourcePolicy=text)
