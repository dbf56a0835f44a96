"""What a landing puts into a definition, and what it leaves alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from headgate.pipelines.landing import Landing, land

GROUP = "arn:aws:sagemaker:eu-west-1:222233334444:model-package-group/churn-diabetes"
LANDING = Landing(
    environment="dev",
    account="333344445555",
    role_arn="arn:aws:iam::333344445555:role/headgate/headgate-dev-execution",
    bucket="b",
    prefix="churn",
    key_arn="arn:key/volume",
    output_key_arn="arn:key/output",
    subnet_ids=("subnet-1", "subnet-2"),
    security_group_ids=("sg-1",),
    model_package_group=GROUP,
)
VPC = {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1", "subnet-2"]}


def landed(kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    definition = {"Version": "2020-12-01", "Steps": [{"Name": "S", "Type": kind, "Arguments": arguments}]}
    before = copy.deepcopy(definition)
    result: dict[str, Any] = land(definition, LANDING)["Steps"][0]["Arguments"]
    assert definition == before, "the argument is not changed"
    return result


def test_processing_gets_network_and_keys() -> None:
    given = {"ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large"}}}
    assert landed("Processing", given) == {
        "ProcessingResources": {"ClusterConfig": {"InstanceType": "ml.m5.large", "VolumeKmsKeyId": "arn:key/volume"}},
        "NetworkConfig": {"VpcConfig": VPC},
        "ProcessingOutputConfig": {"Outputs": [], "KmsKeyId": "arn:key/output"},
        "Environment": {"HEADGATE_MODEL_PACKAGE_GROUP": GROUP},
    }


def test_training_and_every_definition_of_a_tuning() -> None:
    job = {"ResourceConfig": {}, "OutputDataConfig": {"S3OutputPath": "s3://b"}}
    expected = {
        "ResourceConfig": {"VolumeKmsKeyId": "arn:key/volume"},
        "OutputDataConfig": {"S3OutputPath": "s3://b", "KmsKeyId": "arn:key/output"},
        "VpcConfig": VPC,
    }
    assert landed("Training", job) == expected
    assert landed("Tuning", {"TrainingJobDefinition": job}) == {"TrainingJobDefinition": expected}
    assert landed("Tuning", {"TrainingJobDefinitions": [job, job]}) == {"TrainingJobDefinitions": [expected, expected]}


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (
            "Transform",
            {"TransformResources": {}, "TransformOutput": {}},
            {
                "TransformResources": {"VolumeKmsKeyId": "arn:key/volume"},
                "TransformOutput": {"KmsKeyId": "arn:key/output"},
            },
        ),
        ("Model", {}, {"VpcConfig": VPC}),
        ("EndpointConfig", {}, {"KmsKeyId": "arn:key/volume"}),
        ("RegisterModel", {"ModelPackageGroupName": "diabetes"}, {"ModelPackageGroupName": GROUP}),
        ("RegisterModel", {"ModelPackageGroupName": "arn:own"}, {"ModelPackageGroupName": "arn:own"}),
        ("Lambda", {"a": 1}, {"a": 1}),
    ],
)
def test_other_steps(kind: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert landed(kind, given) == expected


def test_steps_inside_conditions_land_too() -> None:
    inner = {"Name": "M", "Type": "Model", "Arguments": {}}
    arguments = landed("Condition", {"IfSteps": [inner], "ElseSteps": [inner]})
    assert [arguments[branch][0]["Arguments"] for branch in ("IfSteps", "ElseSteps")] == [{"VpcConfig": VPC}] * 2


def test_what_a_step_says_itself_stays() -> None:
    own = {
        "NetworkConfig": {"VpcConfig": {"Subnets": ["mine"]}, "EnableNetworkIsolation": True},
        "ProcessingResources": {"ClusterConfig": {"VolumeKmsKeyId": "mine"}},
        "ProcessingOutputConfig": {"Outputs": [], "KmsKeyId": "mine"},
        "Environment": {"HEADGATE_MODEL_PACKAGE_GROUP": "mine"},
    }
    assert landed("Processing", own) == own
