from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import headgate_training
from headgate.errors import UserError
from headgate.plugins.session import open_project
from headgate.spec.problems import SpecError
from headgate.spec.schema import fill_defaults, subschemas
from headgate_training import algorithms
from headgate_training.settings import read_settings

SCHEMA = json.loads((Path(headgate_training.__file__).parent / "schema.json").read_text())


def settings(**section):
    filled = fill_defaults({"data": "data/rows.csv", "target": "price", **section}, SCHEMA)
    return read_settings(filled, project="house", root=Path("/house"))


def test_every_setting_is_described_and_has_a_default_or_is_required():
    required = {"data", "target", "range.min", "range.max", "range.values"}
    for path, schema in subschemas(SCHEMA):
        if "$ref" not in schema:
            assert schema.get("description"), path
        assert "default" in schema or path in required, path


def test_data_and_target_are_enough():
    made = settings()
    assert (made.kind, made.algorithm, made.evaluation.metric, made.group) == ("regression", "xgboost", "rmse", "house")
    assert made.pipeline == "house-training"
    assert made.folders.preprocess == Path("/house/algorithms/preprocessing/preprocess")


@pytest.mark.parametrize(
    ("section", "kind", "metric", "direction"),
    [
        ({}, "regression", "rmse", "minimize"),
        ({"task": "classification"}, "binary", "f1", "maximize"),
        ({"task": "classification", "classes": 5}, "multiclass", "accuracy", "maximize"),
        ({"evaluation": {"metric": "mae"}}, "regression", "mae", "minimize"),
        ({"evaluation": {"metric": "mae", "direction": "maximize"}}, "regression", "mae", "maximize"),
    ],
)
def test_the_metric_follows_from_the_task(section, kind, metric, direction):
    made = settings(**section)
    assert (made.kind, made.evaluation.metric, made.evaluation.direction) == (kind, metric, direction)


@pytest.mark.parametrize(
    ("section", "tuning", "expected"),
    [
        ({}, {}, ("validation:rmse", "Minimize")),
        ({"task": "classification"}, {}, ("validation:auc", "Maximize")),
        ({"task": "classification", "classes": 3}, {}, ("validation:mlogloss", "Minimize")),
        ({"algorithm": "linear-learner"}, {}, ("validation:objective_loss", "Minimize")),
        ({"algorithm": "script"}, {}, ("validation:rmse", "Minimize")),
        ({"algorithm": "script"}, {"objective": "validation:r2"}, ("validation:r2", "Maximize")),
        ({}, {"objective": "validation:mae"}, ("validation:mae", "Minimize")),
        ({}, {"objective": "validation:ndcg"}, ("validation:ndcg", "Maximize")),
        ({}, {"objective": "validation:mae", "direction": "Maximize"}, ("validation:mae", "Maximize")),
    ],
)
def test_what_tuning_optimizes(section, tuning, expected):
    made = settings(**section, tuning={"enabled": True, "ranges": {"a": {"values": [1]}}, **tuning})
    assert algorithms.objective(made, algorithms.plan(made, "us-east-1")) == expected


def test_xgboost_watches_the_metric_that_tuning_optimizes():
    made = settings(tuning={"enabled": True, "ranges": {"a": {"values": [1]}}, "objective": "validation:mae"})
    assert algorithms.plan(made, "us-east-1").fixed["eval_metric"] == "rmse,mae"


@pytest.mark.parametrize(
    ("section", "messages"),
    [
        ({"data": "data/row.csv"}, ["no such file or folder: 'data/row.csv'", "did you mean 'data/rows.csv'?"]),
        ({"data": "../elsewhere.csv"}, ["is outside the project"]),
        ({"data": "s3://Bad_Bucket/x"}, ["s3://bucket/prefix"]),
        ({"algoritm": "script"}, ["unknown key 'algoritm'", "did you mean 'algorithm'?"]),
        ({"task": "clustering"}, ["regression, classification"]),
        ({"instances": {"training": {"type": "m5.large"}}}, ["an instance type such as ml.m5.xlarge"]),
        ({"split": {"test": 1.5}}, ["below 1"]),
        ({"hyperparameters": {"eta": [1]}}, ["plugins.training.hyperparameters.eta"]),
        ({"tuning": {"ranges": {"eta": {"min": 1}}}}, ["plugins.training.tuning.ranges.eta"]),
        ({"cache_expires_after": "30 days"}, ["an ISO 8601 duration such as P30D"]),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(root, section, messages):
    document = {"name": "house", "plugins": {"training": {"data": "data/rows.csv", "target": "price", **section}}}
    (root / "headgate.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(SpecError) as raised:
        open_project(root)
    said = json.dumps([raised.value.as_json()])
    for message in messages:
        assert message in said


def test_a_target_is_required(root):
    (root / "headgate.yaml").write_text("name: house\nplugins: {training: {data: data/rows.csv}}\n")
    with pytest.raises(SpecError, match="missing key 'target'"):
        open_project(root)


def test_a_project_without_a_section_has_no_training_pipeline(root):
    (root / "headgate.yaml").write_text("name: house\n")
    opened = open_project(root)
    assert opened.plugins.pipelines(opened.project) == ()
    assert opened.warnings == ()


@pytest.mark.parametrize(
    ("mlflow", "tracking_uri", "experiment"),
    [
        ({}, "sqlite:///{root}/.headgate/mlflow.db", "house"),
        ({"tracking_uri": "https://mlflow.local", "experiment": "e"}, "https://mlflow.local", "e"),
    ],
)
def test_executions_are_recorded_where_the_settings_say(root, mlflow, tracking_uri, experiment):
    section = {"data": "data/rows.csv", "target": "price", "mlflow": mlflow}
    (root / "headgate.yaml").write_text(yaml.safe_dump({"name": "house", "plugins": {"training": section}}))
    opened = open_project(root)
    (recorder,) = opened.plugins.recorders(opened.project)
    assert recorder.config["tracking_uri"] == tracking_uri.format(root=root)
    assert recorder.config["experiment"] == experiment


def test_executions_are_recorded_in_the_state_folder_wherever_that_is(root, tmp_path, monkeypatch):
    monkeypatch.setenv("HEADGATE_STATE_DIR", str(tmp_path / "elsewhere"))
    section = {"data": "data/rows.csv", "target": "price"}
    (root / "headgate.yaml").write_text(yaml.safe_dump({"name": "house", "plugins": {"training": section}}))
    opened = open_project(root)
    (recorder,) = opened.plugins.recorders(opened.project)
    assert recorder.config["tracking_uri"] == f"sqlite:///{tmp_path}/elsewhere/mlflow.db"
    assert recorder.config["artifact_location"] == (tmp_path / "elsewhere" / "mlartifacts").as_uri()


def test_recording_can_be_switched_off(root):
    section = {"data": "data/rows.csv", "target": "price", "mlflow": {"enabled": False}}
    (root / "headgate.yaml").write_text(yaml.safe_dump({"name": "house", "plugins": {"training": section}}))
    opened = open_project(root)
    assert list(opened.plugins.recorders(opened.project)) == []


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"instances": {"processing": {"type": "ml.m5.large", "count": 2}}}, "instances.processing.count"),
        (
            {"tuning": {"enabled": True, "strategy": "Grid", "ranges": {"eta": {"min": 0.1, "max": 0.2}}}},
            r"tuning\.ranges\.eta: strategy Grid takes lists",
        ),
        (
            {
                "tuning": {
                    "enabled": True,
                    "strategy": "Grid",
                    "ranges": {"a": {"values": [1, 2]}, "b": {"values": [3]}},
                }
            },
            r"tuning\.max_jobs: strategy Grid runs all combinations, and there are 2",
        ),
        ({"data": "s3://lake/prices(1)/"}, "plugins.training.data: a version cannot record the address"),
        (
            {"tuning": {"enabled": True, "ranges": {"a": {"values": ["b,c"]}}}},
            r"tuning\.ranges\.a: a version cannot record the value 'b,c'",
        ),
    ],
)
def test_what_a_job_could_not_follow_is_refused(section, said):
    with pytest.raises(UserError, match=said):
        settings(**section)
