from __future__ import annotations

import io
import json
import tarfile

import pytest
from tabular.failures import StepError

TEST = "1,0\n2,0\n3,0\n4,0\n"


def pack(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))


class Registry:
    """SageMaker's registry with some versions in it: (metric, approval)."""

    def __init__(self, *versions):
        self.versions = versions

    def get_paginator(self, operation):
        assert operation == "list_model_packages"
        return self

    def paginate(self, **request):
        self.asked = request["ModelPackageGroupName"]
        yield {
            "ModelPackageSummaryList": [
                {"ModelPackageArn": f"arn/{n}", "ModelApprovalStatus": approval, "ModelPackageStatus": "Completed"}
                for n, (_, approval) in enumerate(self.versions)
            ]
        }

    def describe_model_package(self, ModelPackageName):
        value, _ = self.versions[int(ModelPackageName.removeprefix("arn/"))]
        return {"CustomerMetadataProperties": {} if value is None else {"metric.rmse": value}}


@pytest.fixture
def evaluate(step, write, tmp_path):
    """Run the step over predictions that a batch transform made; returns evaluation.json and result.json."""

    def run(predictions, *arguments, test=TEST, task="regression", metric="rmse", direction="minimize", registry=None):
        pack(tmp_path / "model" / "model.tar.gz", {"model_algo-1": b"weights"})
        write("test/test.csv", test)
        write("predictions/test.csv.out", "".join(json.dumps({"score": each}) + "\n" for each in predictions))
        step("postprocessing/evaluate")["main"](
            ["--algorithm", "linear-learner", "--task", task, "--metric", metric, "--direction", direction]
            + ["--input", str(tmp_path), "--output", str(tmp_path / "out"), *arguments],
            lambda: registry,
        )
        return tuple(
            json.loads((tmp_path / "out/evaluation" / name).read_text()) for name in ("evaluation.json", "result.json")
        )

    return run


def test_metrics_have_the_shape_of_model_quality_statistics(evaluate):
    report, _ = evaluate([2, 3, 4, 5])
    assert list(report) == ["regression_metrics"]
    group = report["regression_metrics"]
    assert group["rmse"] == {"value": 1.0, "standard_deviation": 0.0}
    assert group["r2"]["value"] == pytest.approx(1 - 1 / 1.25)


def test_the_first_version_has_nothing_to_beat(evaluate):
    _, result = evaluate([2, 3, 4, 5], "--group", "g", registry=Registry())
    assert result["improvement"] == 0
    assert result["best_so_far"] == {"value": None, "model_package": None, "compared": 0}


@pytest.mark.parametrize("group", ["g", "arn:aws:sagemaker:eu-west-1:111122223333:model-package-group/g"])
def test_versions_are_sought_where_they_are_registered(evaluate, monkeypatch, group):
    elsewhere = "arn:aws:sagemaker:eu-west-1:444455556666:model-package-group/team-g"
    registry = Registry()
    evaluate([2, 3, 4, 5], "--group", group, registry=registry)
    assert registry.asked == group
    monkeypatch.setenv("HEADGATE_MODEL_PACKAGE_GROUP", elsewhere)
    evaluate([2, 3, 4, 5], "--group", group, registry=registry)
    assert registry.asked == (group if group.startswith("arn:") else elsewhere)


def test_improvement_is_over_the_best_version_that_nobody_rejected(evaluate):
    registry = Registry(("1.5", "Approved"), ("0.2", "Rejected"), (None, "Approved"), ("1.25", "PendingManualApproval"))
    _, result = evaluate([2, 3, 4, 5], "--group", "g", registry=registry)
    assert result["improvement"] == 0.25
    assert result["best_so_far"] == {"value": 1.25, "model_package": "arn/3", "compared": 2}
    assert result["as_text"]["best_model_package"] == "arn/3"


def test_a_worse_model_has_a_negative_improvement(evaluate):
    assert evaluate([2, 3, 4, 5], "--group", "g", registry=Registry(("0.75", "Approved")))[1]["improvement"] == -0.25


def test_two_classes_are_measured_from_probabilities(evaluate):
    report, _ = evaluate(
        [0.1, 0.9, 0.8, 0.6], test="0,5\n1,5\n1,5\n0,5\n", task="classification", metric="f1", direction="maximize"
    )
    group = report["binary_classification_metrics"]
    assert group["precision"]["value"] == pytest.approx(2 / 3)
    assert group["auc"]["value"] == 1.0
    assert group["confusion_matrix"] == {"0": {"0": 1, "1": 1}, "1": {"0": 0, "1": 2}}


def test_more_classes_are_measured_from_class_probabilities(evaluate):
    scores = [[0.8, 0.1, 0.1], [0.2, 0.5, 0.3], [0.1, 0.2, 0.7], [0.6, 0.2, 0.2]]
    report, _ = evaluate(
        scores,
        "--classes",
        "3",
        test="0,5\n1,5\n2,5\n1,5\n",
        task="classification",
        metric="accuracy",
        direction="maximize",
    )
    assert report["multiclass_classification_metrics"]["accuracy"]["value"] == 0.75


def test_a_script_is_measured_through_the_code_in_its_archive(step, write, tmp_path):
    code = b"def model_fn(folder): return 2.0\ndef predict_fn(data, model): return [model] * len(data)\n"
    pack(tmp_path / "model" / "model.tar.gz", {"code/inference.py": code})
    write("test/test.csv", TEST)
    arguments = ["--algorithm", "script", "--task", "regression", "--metric", "mae", "--direction", "minimize"]
    step("postprocessing/evaluate")["main"]([*arguments, "--input", str(tmp_path), "--output", str(tmp_path / "out")])
    result = json.loads((tmp_path / "out/evaluation/result.json").read_text())
    assert result["as_text"]["metrics"]["mae"] == "1"


def test_the_same_model_has_the_same_digest_whatever_its_archive(evaluate, tmp_path):
    first = evaluate([2, 3, 4, 5])[1]["as_text"]["model_digest"]
    assert evaluate([2, 3, 4, 6])[1]["as_text"]["model_digest"] == first
    assert len(first) == 64


@pytest.mark.parametrize(
    ("predictions", "metric", "message"),
    [
        ([1, 2], "rmse", "the model answered with the shape (2,)"),
        ([1, 2, 3, float("nan")], "rmse", "not finite numbers"),
        ([1, 2, 3, 4], "auc", "there is no metric 'auc' for regression models, only mae, mse, r2, rmse"),
    ],
)
def test_what_cannot_be_measured_is_refused(evaluate, predictions, metric, message):
    with pytest.raises(StepError) as raised:
        evaluate(predictions, metric=metric)
    assert message in str(raised.value)


@pytest.mark.parametrize("test", ["", "1\n2\n", "a,b\n"])
def test_a_damaged_test_file_is_refused(evaluate, test):
    with pytest.raises(StepError, match=r"test\.csv"):
        evaluate([1], test=test)


def test_a_damaged_model_archive_is_refused(step, write, tmp_path):
    write("test/test.csv", TEST)
    write("model/model.tar.gz", "this is no archive")
    arguments = ["--algorithm", "xgboost", "--task", "regression", "--metric", "rmse", "--direction", "minimize"]
    with pytest.raises(StepError, match=r"model\.tar\.gz: not a readable model archive"):
        step("postprocessing/evaluate")["main"](
            [*arguments, "--input", str(tmp_path), "--output", str(tmp_path / "out")]
        )


def test_predictions_that_are_not_json_lines_are_refused(step, write, tmp_path):
    pack(tmp_path / "model" / "model.tar.gz", {"m": b"1"})
    write("test/test.csv", TEST)
    write("predictions/test.csv.out", "1.0\n2.0\n")
    arguments = ["--algorithm", "linear-learner", "--task", "regression", "--metric", "rmse", "--direction", "minimize"]
    with pytest.raises(StepError, match=r"test\.csv\.out: not predictions in JSON Lines"):
        step("postprocessing/evaluate")["main"](
            [*arguments, "--input", str(tmp_path), "--output", str(tmp_path / "out")]
        )
