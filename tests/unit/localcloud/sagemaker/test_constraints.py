from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.sagemaker.constraints import _compiled, violations
from headgate.localcloud.sagemaker.operations import Operations, service_model
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import CALLER, ROLE, processing, training


def shape(operation: str) -> Any:
    return service_model().operation_model(operation).input_shape


def test_right_requests_break_nothing() -> None:
    request = {"ProcessingJobName": "a-b", **processing("A", outputs=["x"])["Arguments"]}
    assert violations(request, shape("CreateProcessingJob")) == []
    trained = training("A", arguments={"HyperParameters": {"eta": "0.1"}, "Environment": {"A_B": "c"}})["Arguments"]
    assert violations({"TrainingJobName": "a", **trained}, shape("CreateTrainingJob")) == []


@pytest.mark.parametrize(
    ("operation", "request_", "told"),
    [
        (
            "CreatePipeline",
            {"PipelineName": "my_flow"},
            "Value 'my_flow' at 'pipelineName' failed to satisfy constraint: Member must satisfy regular expression",
        ),
        ("CreatePipeline", {"PipelineName": "a" * 257}, "Member must have length less than or equal to 256"),
        ("ListModels", {"SortOrder": "Up"}, "enum value set: [Ascending, Descending]"),
        ("ListModels", {"MaxResults": 101}, "Member must have value less than or equal to 100"),
        (
            "CreateModelPackage",
            {"CustomerMetadataProperties": {f"k{index}": "v" for index in range(51)}},
            "Value '51 entries' at 'customerMetadataProperties'",
        ),
        ("AddTags", {"Tags": [{"Key": "k" * 129, "Value": "v"}]}, "at 'tags.1.member.key'"),
        ("DeleteTags", {"TagKeys": ["a"] * 51}, "Value '51 entries' at 'tagKeys'"),
        ("CreateModel", {"PrimaryContainer": {"Environment": {"a b": "x"}}}, "at 'primaryContainer.environment'"),
        (
            "CreateModelPackage",
            {"CustomerMetadataProperties": {"eval_metric": "logloss,auc"}},
            "Value 'logloss,auc' at 'customerMetadataProperties.eval_metric.member'",
        ),
        ("CreateModelPackage", {"CustomerMetadataProperties": {"k": "a\tb"}}, "Member must satisfy regular expression"),
    ],
)
def test_what_breaks_a_constraint_is_named(operation: str, request_: Json, told: str) -> None:
    assert any(told in one for one in violations(request_, shape(operation)))


@pytest.mark.parametrize(("kind", "fits"), [("ml.m99i.large", True), ("ml.m5.large", True), ("large", False)])
def test_instance_types_that_botocore_does_not_know_pass(kind: str, fits: bool) -> None:
    resources = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": kind, "VolumeSizeInGB": 1}}
    found = violations({"ProcessingResources": resources}, shape("CreateProcessingJob"))
    assert (found == []) is fits


def test_patterns_of_java_are_read_and_those_that_python_lacks_left_out() -> None:
    assert _compiled(r"([\p{L}_]*)${1,256}") is not None
    assert _compiled("(") is None
    assert _compiled("[a-z]*") is not None


def test_every_pattern_of_sagemaker_is_understood_but_the_one_that_excludes_half_characters() -> None:
    model = service_model()
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    assert [pattern[:16] for pattern in patterns if _compiled(pattern) is None] == [r"[\u0020-\uD7FF\u"]


def test_operations_refuse_what_breaks_a_constraint() -> None:
    operations = Operations()
    operations.add({"DescribeModel": lambda caller, request: {}})
    assert operations.call(CALLER, "DescribeModel", {"ModelName": "m"}) == {}
    with pytest.raises(AwsError, match="ValidationException: 1 validation error detected: Value 'a b' at 'modelName'"):
        operations.call(CALLER, "DescribeModel", {"ModelName": "a b"})


def test_an_operation_is_defined_once_and_unknown_ones_are_refused() -> None:
    operations = Operations()
    operations.add({"DescribeModel": lambda caller, request: {}})
    assert "DescribeModel" in operations
    with pytest.raises(ValueError, match="defined twice"):
        operations.add({"DescribeModel": lambda caller, request: {}})
    with pytest.raises(AwsError, match="UnsupportedByLocalCloud"):
        operations.call(CALLER, "CreateAutoMLJob", {"RoleArn": ROLE})


def test_letters_and_digits_are_those_of_all_scripts() -> None:
    fits = {"CustomerMetadataProperties": {"k": "Gr\u00fcn \u0967\u0968 \u4e2d"}}
    assert violations(fits, shape("CreateModelPackage")) == []
    assert violations({"ModelPackageDescription": "\u20ac 5 (\u2013)"}, shape("CreateModelPackage")) == []
