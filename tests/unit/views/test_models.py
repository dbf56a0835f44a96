"""What differs between two versions, and how metrics are read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate.views.models import VersionView, compare, flatten_metrics

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
        ({}, {}),
    ],
)
def test_metrics_are_flat_numbers(document: dict[str, object], metrics: dict[str, float]) -> None:
    assert flatten_metrics(document) == metrics


def test_lineage_leaves_out_what_was_not_recorded() -> None:
    assert list(BASE.lineage) == ["git_commit", "data_digest", "code_digest", "seed"]
