from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from unit.localcloud.executions.fakes import ROLE, World

FIRST = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/train:1"
SECOND = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/train:2"


@pytest.fixture(autouse=True)
def _image(world: World) -> None:
    world.call("CreateImage", ImageName="train", RoleArn=ROLE, Description="ours", Tags=[{"Key": "k", "Value": "v"}])


def add(world: World, base: str, **more: object) -> str:
    answer = world.call("CreateImageVersion", ImageName="train", BaseImage=base, ClientToken="t" * 36, **more)
    return str(answer["ImageVersionArn"])


def container(world: World, **which: object) -> str:
    return str(world.call("DescribeImageVersion", ImageName="train", **which)["ContainerImage"])


@pytest.mark.parametrize("image", ["train", "another"])
def test_an_image_without_a_version_is_told_by_the_error_that_templates_catch(world: World, image: str) -> None:
    with pytest.raises(AwsError) as told:
        world.call("DescribeImageVersion", ImageName=image)
    assert told.value.code == "ResourceNotFound"


def test_the_newest_version_is_meant_unless_one_is_named(world: World) -> None:
    arns = [add(world, FIRST), add(world, SECOND)]
    assert arns[1] == "arn:aws:sagemaker:eu-west-1:123456789012:image-version/train/2"
    assert (container(world), container(world, Version=1)) == (SECOND, FIRST)
    found = world.call("ListImageVersions", ImageName="train", SortBy="VERSION", SortOrder="ASCENDING")
    assert [version["ImageVersionArn"] for version in found["ImageVersions"]] == arns


def test_a_versions_number_is_never_given_again(world: World) -> None:
    add(world, FIRST)
    world.call("DeleteImageVersion", ImageName="train", Version=1)
    assert add(world, SECOND).endswith("/2")


def test_an_alias_moves_to_the_version_that_is_given_it(world: World) -> None:
    add(world, FIRST, Aliases=["live"])
    add(world, SECOND)
    assert container(world, Alias="live") == FIRST
    world.call("UpdateImageVersion", ImageName="train", Version=2, AliasesToAdd=["live"])
    assert container(world, Alias="live") == SECOND
    assert world.call("ListAliases", ImageName="train") == {"SageMakerImageVersionAliases": ["live"]}
    assert world.call("ListAliases", ImageName="train", Version=1) == {"SageMakerImageVersionAliases": []}


def test_an_image_is_described_updated_and_listed(world: World) -> None:
    add(world, FIRST)
    world.call("UpdateImage", ImageName="train", DisplayName="Trainer", DeleteProperties=["Description"])
    told = world.call("DescribeImage", ImageName="train")
    assert (told["DisplayName"], told["RoleArn"], told["ImageStatus"]) == ("Trainer", ROLE, "CREATED")
    assert "Description" not in told
    assert [image["ImageName"] for image in world.call("ListImages", NameContains="rai")["Images"]] == ["train"]
    assert world.call("ListTags", ResourceArn=told["ImageArn"])["Tags"] == [{"Key": "k", "Value": "v"}]


def test_a_name_is_taken_once_and_goes_with_its_versions(world: World) -> None:
    add(world, FIRST)
    with pytest.raises(AwsError, match="already exists"):
        world.call("CreateImage", ImageName="train", RoleArn=ROLE)
    world.call("DeleteImage", ImageName="train")
    world.call("CreateImage", ImageName="train", RoleArn=ROLE)
    assert world.call("ListImageVersions", ImageName="train")["ImageVersions"] == []


def test_a_version_is_deleted_only_by_number_or_alias(world: World) -> None:
    add(world, FIRST)
    with pytest.raises(AwsError, match="one of Version and Alias"):
        world.call("DeleteImageVersion", ImageName="train")
