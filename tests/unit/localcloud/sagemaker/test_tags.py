from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from unit.localcloud.executions.fakes import CALLER, World, processing

OTHER = Caller("210987654321", "eu-west-1")


def tags(**values: str) -> list[Json]:
    return [{"Key": name, "Value": value} for name, value in values.items()]


def listed(world: World, arn: str) -> dict[str, str]:
    return {one["Key"]: one["Value"] for one in world.call("ListTags", ResourceArn=arn)["Tags"]}


@pytest.fixture
def group(world: World) -> str:
    created = world.call("CreateModelPackageGroup", ModelPackageGroupName="g", Tags=tags(team="blue", stage="dev"))
    arn: str = created["ModelPackageGroupArn"]
    return arn


def test_tags_of_creation_are_kept_changed_and_removed(world: World, group: str) -> None:
    assert listed(world, group) == {"team": "blue", "stage": "dev"}
    answer = world.call("AddTags", ResourceArn=group, Tags=tags(team="red", cost="1"))
    assert {one["Key"]: one["Value"] for one in answer["Tags"]} == {"team": "red", "stage": "dev", "cost": "1"}
    world.call("DeleteTags", ResourceArn=group, TagKeys=["stage", "none"])
    assert listed(world, group) == {"team": "red", "cost": "1"}


def test_pipelines_and_jobs_have_tags(world: World) -> None:
    world.create_pipeline([processing("One", arguments={"Tags": tags(a="1")})], Tags=tags(b="2"))
    arn = world.start()
    world.finish(arn)
    assert listed(world, arn.partition("/execution")[0]) == {"b": "2"}
    assert listed(world, world.steps(arn)["One"]["Metadata"]["ProcessingJob"]["Arn"]) == {"a": "1"}


def test_a_new_resource_does_not_inherit_the_tags_of_its_name(world: World, group: str) -> None:
    world.call("DeleteModelPackageGroup", ModelPackageGroupName="g")
    world.call("CreateModelPackageGroup", ModelPackageGroupName="g")
    assert listed(world, group) == {}


def test_what_does_not_exist_has_no_tags(world: World, group: str) -> None:
    with pytest.raises(AwsError, match="does not exist"):
        listed(world, group + "-none")
    with pytest.raises(AwsError, match="AccessDenied"):
        world.call("ListTags", OTHER, ResourceArn=group)
    world.create_pipeline([processing("One")])
    world.create_pipeline([processing("One")], name="other")
    with pytest.raises(AwsError, match="does not exist"):
        world.call("ListTags", OTHER, ResourceArn=CALLER.arn("sagemaker", "pipeline/flow"))


def test_resources_that_are_not_kept_here_are_refused(world: World) -> None:
    with pytest.raises(AwsError, match="does not support tags of SageMaker's resource type 'domain'"):
        listed(world, CALLER.arn("sagemaker", "domain/d"))


def test_fifty_tags_are_the_most(world: World, group: str) -> None:
    with pytest.raises(AwsError, match="50 tags"):
        world.call("AddTags", ResourceArn=group, Tags=tags(**{f"k{index}": "v" for index in range(50)}))
    assert len(listed(world, group)) == 2
