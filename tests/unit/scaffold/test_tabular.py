from __future__ import annotations

import json
import subprocess
import sys

import pytest

from headgate.cli.main import run
from headgate.pipelines import check
from headgate.plugins.session import open_project

pytestmark = pytest.mark.slow

VARIANTS = {
    "regression": [],
    "classification": ["task=classification"],
    "script": ["algorithm=script"],
    "linear-learner": ["algorithm=linear-learner", "task=classification"],
    "classes": [
        "dataset=own",
        "target=kind",
        "task=classification",
        "classes=3",
        "categorical=a, b c,",
        "data=s3://bucket/kinds/",
    ],
    "own": ["dataset=own", "target=price", "data=s3://bucket/prices/", 'description=a "quoted" # sentence: here'],
}


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """A project of each kind that the template makes. Tests only read them."""
    folder = tmp_path_factory.mktemp("projects")
    for name, given in VARIANTS.items():
        answers = [part for answer in given for part in ("--data", answer)]
        assert run(["new", str(folder / name / "my-model"), "--yes", "--no-git", *answers]) == 0
    return folder


@pytest.fixture(params=sorted(VARIANTS))
def variant(request, projects, monkeypatch):
    """One of the projects; it is the current folder."""
    monkeypatch.chdir(projects / request.param / "my-model")
    return projects / request.param / "my-model"


def compiled(project):
    opened = open_project(project)
    pipelines = opened.plugins.pipelines(opened.project)
    assert not opened.warnings
    return pipelines[0]


def test_its_settings_are_valid_in_every_environment(variant):
    assert run(["validate"]) == 0


def test_its_pipeline_compiles_and_passes_the_check(variant):
    definition = compiled(variant).compile(artifact_bucket="bucket", prefix="my-model").definition
    assert check(definition) == []


def test_own_classes_and_categories_are_in_its_settings(projects, monkeypatch):
    monkeypatch.chdir(projects / "classes" / "my-model")
    settings = open_project(projects / "classes" / "my-model").project.plugin_settings["training"]
    assert (settings["classes"], settings["categorical"]) == (3, ["a", "b c"])
    assert settings["evaluation"]["metric"] == "weighted_f1"


def test_its_smoke_test_measures_nothing_that_a_model_of_few_rounds_would_fail(variant):
    opened = open_project(variant, "quick")
    (pipeline,) = opened.plugins.pipelines(opened.project)
    assert [step.name for step in pipeline.all_steps() if step.name in {"Check", "Reject"}] == []


def test_its_parameter_file_names_parameters_that_the_pipeline_has(variant):
    names = {parameter.name for parameter in compiled(variant).parameters}
    for entry in json.loads((variant / "ml_pipelines/training/parameters.json").read_text()):
        assert entry["Name"] in names


def test_only_what_the_answers_call_for_is_there(variant):
    settings = (variant / "headgate.yaml").read_text()
    assert (variant / "algorithms/training/train").exists() == ("algorithm: script" in settings)
    assert (variant / "algorithms/inference/predict").exists() == ("algorithm: script" in settings)
    bundled = [path.name for path in (variant / "data").glob("*.csv")]
    assert bundled == [name for name in ("diabetes.csv", "breast_cancer.csv") if f"data/{name}" in settings]


def test_its_documents_have_no_template_left_in_them(variant):
    for file in variant.rglob("*"):
        if file.is_file() and ".git/" not in str(file) and file.suffix in {".md", ".yaml", ".json", ".toml", ".py"}:
            text = file.read_text()
            assert "{%" not in text, file
            assert "{{" not in text or file.suffix == ".py", file


def test_it_is_up_to_date_when_it_is_new(variant):
    assert run(["update", "--check"]) == 0


@pytest.mark.parametrize("name", ["classification", "script"])
def test_its_own_tests_pass(projects, name):
    """Between them, these two have every step that the template can make."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=projects / name / "my-model",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_data_set_of_the_other_task_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["new", "my-model", "--yes", "--data", "task=classification", "--data", "dataset=diabetes"]
    assert run(arguments) == 2
    assert "'diabetes' is not data for classification" in capsys.readouterr().err


def test_own_data_needs_a_target(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["new", "my-model", "--yes", "--data", "dataset=own"]) == 2
    assert "--data target=VALUE" in capsys.readouterr().err
