"""What a version records of how it came to be."""

from __future__ import annotations

import json
import re

import pytest

from unit.training.definitions import VARIANTS, parameters, steps


def test_a_version_waits_for_approval_with_its_lineage(compiled):
    register = steps(compiled(evaluation={"threshold": 3.5}))["Register"]["Arguments"]
    assert register["ModelApprovalStatus"] == {"Get": "Parameters.ModelApprovalStatus"}
    assert parameters(compiled())["ModelApprovalStatus"] == "PendingManualApproval"
    assert register["MetadataProperties"]["CommitId"] == {"Get": "Parameters.GitCommit"}
    assert {
        "git_commit",
        "git_dirty",
        "git_repository",
        "data_uri",
        "data_digest",
        "code_digest",
        "code.preprocess",
        "code.evaluate",
        "seed",
        "execution_arn",
        "hyperparameters",
        "model_digest",
        "threshold",
        "metric.rmse",
        "metric.r2",
    } <= register["CustomerMetadataProperties"].keys()
    assert register["ModelMetrics"].keys() == {"ModelQuality", "ModelDataQuality"}


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_what_a_version_records_is_in_the_alphabet_of_properties(compiled, variant):
    """AWS refuses a version for a comma, after the training: what is known beforehand must not have one."""
    awkward = {"target": "price (\N{EURO SIGN}), net", "hyperparameters": {"eval_metric": "rmse,mae", "depth": 3}}
    registered = steps(compiled(**{**VARIANTS[variant], **awkward}))["Register"]["Arguments"]
    for name, value in registered["CustomerMetadataProperties"].items():
        for text in texts(value):
            assert re.fullmatch(r"[\w .:/=+@-]{0,256}", text), (name, text)


def texts(value):
    """The texts in a value of a definition that are there before it runs."""
    if isinstance(value, str):
        return [value]
    joined = value.get("Std:Join", {}).get("Values", []) if isinstance(value, dict) else []
    return [text for each in joined for text in texts(each)]


def test_a_hyperparameter_that_no_property_can_hold_is_fixed_and_recorded(compiled):
    made = compiled(hyperparameters={"eval_metric": "rmse,mae", "booster": "dart"})
    assert "eval_metric" not in parameters(made)
    assert parameters(made)["booster"] == "dart"
    assert steps(made)["Train"]["Arguments"]["HyperParameters"]["eval_metric"] == "rmse,mae"
    recorded = steps(made)["Register"]["Arguments"]["CustomerMetadataProperties"]["hyperparameters"]
    assert "eval_metric=rmse@2Cmae" in "".join(texts(recorded))


def test_a_version_says_how_its_rows_were_encoded_and_what_its_classes_are_called(compiled):
    registered = steps(compiled(task="classification"))["Register"]["Arguments"]["CustomerMetadataProperties"]
    assert "lineage.json" in texts(registered["encoding_uri"])
    assert '"Path": "classes"' in json.dumps(registered["classes"])
    assert "classes" not in steps(compiled())["Register"]["Arguments"]["CustomerMetadataProperties"]


def test_a_file_with_an_awkward_name_has_an_address_that_a_version_can_record(compiled, root):
    (root / "data" / "rows (1), new.csv").write_text("size,colour,price\n1,red,2\n")
    made = compiled(data="data/rows (1), new.csv")
    assert parameters(made)["InputData"].endswith("/rows _1__ new.csv")
