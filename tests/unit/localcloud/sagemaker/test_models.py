from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import ROLE, World

URL = "s3://data/model.tar.gz"


def archive() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("model.bin"))
    return stream.getvalue()


@pytest.fixture(autouse=True)
def _data(world: World) -> None:
    world.put(URL, archive())


def create(world: World, name: str = "m", **more: Any) -> Json:
    request = {"PrimaryContainer": {"Image": "image", "ModelDataUrl": URL}} if "Containers" not in more else {}
    return world.call("CreateModel", ModelName=name, ExecutionRoleArn=ROLE, **{**request, **more})


def test_a_model_is_described_as_it_was_created(world: World) -> None:
    arn = create(world)["ModelArn"]
    assert arn == "arn:aws:sagemaker:eu-west-1:123456789012:model/m"
    assert world.call("DescribeModel", ModelName="m") == {
        "ModelName": "m",
        "ModelArn": arn,
        "PrimaryContainer": {"Image": "image", "ModelDataUrl": URL},
        "ExecutionRoleArn": ROLE,
        "EnableNetworkIsolation": False,
        "CreationTime": world.clock.time,
    }


def test_model_data_may_be_named_by_its_address(world: World) -> None:
    address = "https://data.s3-eu-west-1.amazonaws.com/model.tar.gz"
    create(world, PrimaryContainer={"Image": "image", "ModelDataUrl": address})
    assert world.call("DescribeModel", ModelName="m")["PrimaryContainer"]["ModelDataUrl"] == address


def test_a_name_is_taken_once(world: World) -> None:
    create(world)
    with pytest.raises(AwsError, match="Cannot create already existing model"):
        create(world)


def test_a_pipeline_of_containers(world: World) -> None:
    containers = [{"Image": "a"}, {"Image": "b", "ModelDataUrl": URL}]
    create(world, Containers=containers)
    assert world.call("DescribeModel", ModelName="m")["Containers"] == containers


@pytest.mark.parametrize(
    ("container", "told"),
    [
        ({"Image": "i", "ModelDataUrl": "s3://data/none.tar.gz"}, "Could not find model data at s3://data/none.tar.gz"),
        ({"Image": "i", "ModelDataUrl": "s3://none/model.tar.gz"}, "Could not find model data at s3://none"),
        ({"Image": "i", "ModelDataUrl": "https://x/model.tar.gz"}, "is not an S3 URI"),
        ({"Image": "i", "ModelDataUrl": "s3://data/broken.tar.gz"}, "is not a readable tar.gz archive"),
        ({}, "needs an Image or a ModelPackageName"),
        (
            {
                "Image": "i",
                "ModelDataSource": {
                    "S3DataSource": {"S3Uri": "s3://data/none/", "S3DataType": "S3Prefix", "CompressionType": "None"}
                },
            },
            "no object under this prefix",
        ),
        (
            {
                "Image": "i",
                "ModelDataSource": {
                    "S3DataSource": {"S3Uri": "s3://none/", "S3DataType": "S3Prefix", "CompressionType": "None"}
                },
            },
            "Could not find model data",
        ),
    ],
)
def test_what_cannot_be_a_container_is_refused(world: World, container: Json, told: str) -> None:
    world.put("s3://data/broken.tar.gz", archive()[:-12])
    with pytest.raises(AwsError, match=told):
        create(world, PrimaryContainer=container)
    assert world.call("ListModels")["Models"] == []


def test_an_uncompressed_model_under_a_prefix(world: World) -> None:
    world.put("s3://data/folder/model.bin", b"x")
    source = {"S3DataSource": {"S3Uri": "s3://data/folder/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    create(world, PrimaryContainer={"Image": "i", "ModelDataSource": source})


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        ({"PrimaryContainer": {"Image": "i"}, "Containers": [{"Image": "i"}]}, "cannot be given both"),
        ({}, "one of PrimaryContainer and Containers"),
    ],
)
def test_containers_are_given_in_one_way(world: World, request_: Json, told: str) -> None:
    with pytest.raises(AwsError, match=told):
        world.call("CreateModel", ModelName="m", **request_)


def test_models_are_listed_by_name_and_time(world: World) -> None:
    for name in ("alpha", "beta", "alphabet"):
        world.clock.time += 10
        create(world, name)
    listed = world.call("ListModels", NameContains="Alpha", SortBy="Name", SortOrder="Ascending")["Models"]
    assert [one["ModelName"] for one in listed] == ["alpha", "alphabet"]
    before = world.call("ListModels", CreationTimeBefore=world.clock.time)["Models"]
    assert [one["ModelName"] for one in before] == ["beta", "alpha"]


def test_a_deleted_model_is_gone(world: World) -> None:
    create(world)
    world.call("DeleteModel", ModelName="m")
    for operation in ("DescribeModel", "DeleteModel"):
        with pytest.raises(AwsError, match="Could not find model"):
            world.call(operation, ModelName="m")


def test_a_model_of_a_package_needs_its_approval(world: World) -> None:
    world.call("CreateModelPackageGroup", ModelPackageGroupName="g")
    specification = {"Containers": [{"Image": "image", "ModelDataUrl": URL}]}
    request = {"ModelPackageGroupName": "g", "InferenceSpecification": specification}
    arn = world.call("CreateModelPackage", **request)["ModelPackageArn"]
    with pytest.raises(AwsError, match="is PendingManualApproval: a model can only be made of one that is Approved"):
        create(world, PrimaryContainer={"ModelPackageName": arn})
    world.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    create(world, PrimaryContainer={"ModelPackageName": arn})
