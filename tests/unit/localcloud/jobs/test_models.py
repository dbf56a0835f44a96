"""What a model's containers are."""

from __future__ import annotations

import pytest

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.models import ModelData, find_model, stage_model
from headgate.localcloud.jobs.staging import Stager

ARN = "arn:aws:sagemaker:us-east-1:999999999999:model-package/group/1"


def model(laptop, **body):
    laptop.put_model("m", body)
    return find_model(laptop.documents, laptop.caller, "m")


def test_a_package_of_another_account_brings_its_containers_and_the_model_adds_variables(laptop):
    containers = [{"Image": "one", "ModelDataUrl": "s3://a/b", "Environment": {"A": "1", "B": "1"}}, {"Image": "two"}]
    body = {"InferenceSpecification": {"Containers": containers}}
    laptop.documents.put(Key("999999999999", "us-east-1", "model-package", ARN), body)
    found = model(laptop, Containers=[{"ModelPackageName": ARN, "Environment": {"B": "2"}}])
    assert [container.image for container in found.containers] == ["one", "two"]
    assert found.containers[0].environment == {"A": "1", "B": "2"}
    assert found.containers[0].data == ModelData("s3://a/b")
    assert found.containers[1].data is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"PrimaryContainer": {"ModelPackageName": "ghost/3"}}, "model-package/ghost/3 does not exist"),
        ({"PrimaryContainer": {"ModelPackageName": "arn:odd"}}, "arn:odd does not exist"),
        ({"PrimaryContainer": {"Image": "x", "Mode": "MultiModel"}}, "multi-model"),
        ({"Containers": [{"Image": "x"}], "InferenceExecutionConfig": {"Mode": "Direct"}}, "Direct"),
        ({"PrimaryContainer": {"ModelDataUrl": "s3://a/b"}}, "neither Image nor ModelPackageName"),
        ({"PrimaryContainer": {"Image": "x", "ModelDataSource": {"Other": {}}}}, "other than S3DataSource"),
        ({}, "has no container"),
    ],
)
def test_models_that_cannot_be_served_are_refused(laptop, body, text):
    with pytest.raises(AwsError, match=text):
        model(laptop, **body)


def test_model_data_may_be_a_folder_or_an_archive(laptop, tmp_path):
    laptop.put("folder/weights", "42")
    source = {"S3Uri": "s3://data/folder/", "S3DataType": "S3Prefix", "CompressionType": "None"}
    found = model(laptop, PrimaryContainer={"Image": "x", "ModelDataSource": {"S3DataSource": source}})
    stage_model(Stager(laptop.objects, "r", "role"), found.containers[0].data, tmp_path / "m", tmp_path)
    assert (tmp_path / "m" / "weights").read_text() == "42"
    packed = {**source, "S3Uri": "s3://data/m.tar.gz", "CompressionType": "Gzip"}
    found = model(laptop, PrimaryContainer={"Image": "x", "ModelDataSource": {"S3DataSource": packed}})
    assert found.containers[0].data == ModelData("s3://data/m.tar.gz", packed=True)
