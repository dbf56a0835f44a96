"""What differs between two versions, and how metrics are read."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest
from botocore.stub import Stubber

from headgate.cli.models import confusion_table
from headgate.views.models import (
    VersionView,
    compare,
    confusion_matrix,
    flatten_metrics,
    read_properties,
    read_version,
)

BASE = VersionView(
    group="g",
    version=1,
    arn="arn:aws:sagemaker:eu-west-1:123456789012:model-package/g/1",
    status="Completed",
    approval="PendingManualApproval",
    created=0.0,
    model_digest="aa",
    properties={"git_commit": "c1", "data_digest": "d1", "code_digest": "k1", "seed": "1"},
)


def test_same_inputs_and_bytes_reproduce() -> None:
    verdict = compare(replace(BASE, version=2), BASE)
    assert verdict.same_model is True
    assert verdict.sentence() == "reproduces version 1: same inputs, same model bytes"


def test_differing_inputs_are_named_with_both_values() -> None:
    other = replace(BASE, version=2, properties={**BASE.properties, "data_digest": "d2", "seed": "7"})
    verdict = compare(other, BASE)
    assert verdict.differing_inputs == {"data_digest": ("d2", "d1"), "seed": ("7", "1")}
    assert verdict.sentence() == "differs from version 1 in data_digest, seed"


def test_another_image_or_preprocessing_is_a_difference_and_not_called_nondeterministic() -> None:
    properties = {**BASE.properties, "preprocessing": "--features size"}
    other = replace(BASE, version=2, image="xgboost:2", model_digest="bb", properties=properties)
    assert compare(other, BASE).sentence() == "differs from version 1 in preprocessing, image"


def test_same_inputs_with_other_bytes_is_called_not_deterministic() -> None:
    assert "not deterministic" in compare(replace(BASE, version=2, model_digest="bb"), BASE).sentence()


def test_unknown_digests_claim_nothing() -> None:
    verdict = compare(replace(BASE, version=2, model_digest=None), BASE)
    assert verdict.same_model is None
    assert "not known" in verdict.sentence()


@pytest.mark.parametrize(
    ("document", "metrics"),
    [
        ({"regression_metrics": {"rmse": {"value": 2, "standard_deviation": 0.1}}}, {"rmse": 2.0}),
        ({"accuracy": 0.5, "passed": True, "note": "x"}, {"accuracy": 0.5}),
        ({"best": {"rmse": 3.0}}, {"best.rmse": 3.0}),
        ({"m": {"accuracy": {"value": 1}, "confusion_matrix": {"0": {"0": 5}}}}, {"accuracy": 1.0}),
        ({}, {}),
    ],
)
def test_metrics_are_flat_numbers(document: dict[str, object], metrics: dict[str, float]) -> None:
    assert flatten_metrics(document) == metrics


def test_lineage_leaves_out_what_was_not_recorded() -> None:
    assert list(BASE.lineage) == ["git_commit", "data_digest", "code_digest", "seed"]


def test_a_confusion_matrix_is_shown_under_the_labels_of_the_data() -> None:
    counts = {"0": {"0": 5, "1": 2}, "1": {"0": 0, "1": 7}}
    confusion = confusion_matrix({"binary_classification_metrics": {"f1": {"value": 1}, "confusion_matrix": counts}})
    assert confusion == counts
    shown = confusion_table(replace(BASE, confusion=confusion, properties={"classes": 'no,"yes, soon"'}))
    header, first, second = shown.splitlines()
    assert re.split(" {2,}", header) == ["TRUE \\ PREDICTED", "no", "yes, soon"]
    assert re.split(" {2,}", first) == ["no", "5", "2"]
    assert re.split(" {2,}", second) == ["yes, soon", "0", "7"]


def test_classes_without_names_keep_their_numbers() -> None:
    shown = confusion_table(replace(BASE, confusion={"0": {"0": 5, "1": 2}, "1": {"0": 0, "1": 7}}))
    assert shown.splitlines()[2].split() == ["1", "0", "7"]


def test_properties_are_read_as_they_were_before_sagemaker_s_alphabet() -> None:
    assert read_properties({"CustomerMetadataProperties": {"classes": "@3C30@2Cno"}}) == {"classes": "<30,no"}
    assert read_properties({}) == {}


def test_a_version_whose_data_is_named_by_its_https_address_is_read_like_any_other() -> None:
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "eu-west-1"}
    sagemaker = boto3.client("sagemaker", **keys)
    data = {"Image": "i", "ModelDataUrl": "https://b.s3.amazonaws.com/model.tar.gz", "ModelDataETag": "noted"}
    package = {
        "ModelPackageArn": BASE.arn,
        "ModelPackageName": "g/1",
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
        "InferenceSpecification": {"Containers": [data]},
    }
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_model_package", package, {"ModelPackageName": BASE.arn})
        version = read_version(sagemaker, boto3.client("s3", **keys), BASE.arn)
    assert (version.model_data, version.model_digest) == (data["ModelDataUrl"], "noted")
