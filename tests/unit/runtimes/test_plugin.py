"""The hooks: which images the plugin runs, with what, and at what cost."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from headgate.localcloud.runtimes import RuntimeRegistry, RuntimeSpec
from headgate.spec.project import ImageRecipe, Project
from headgate_runtimes import plugin
from headgate_runtimes.images import ImageName, repository_pattern


def project(tmp_path: Path, **settings) -> Project:
    images = {"forecaster": ImageRecipe("forecaster", tmp_path / "requirements.txt", ("numpy",), "3.12")}
    return Project("p", tmp_path, tmp_path / "headgate.yaml", images=images, plugin_settings={"runtimes": settings})


@pytest.mark.parametrize(
    ("image", "runtime"),
    [
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3", "scikit-learn"),
        ("683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "xgboost"),
        ("811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1", "xgboost"),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/linear-learner:1", "linear-learner"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.3-cpu-py311", "pytorch"),
        ("763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-inference:2.16-cpu", "tensorflow"),
        (
            "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-training:2.1-transformers4.36-gpu",
            "huggingface",
        ),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/forecaster:latest", "image forecaster"),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com/forecaster", "image forecaster"),
    ],
)
def test_image_finds_its_runtime(tmp_path, image, runtime):
    registry = RuntimeRegistry()
    specs = plugin.headgate_container_runtimes(project(tmp_path))
    registry.replace(tuple(RuntimeSpec.from_json(spec.as_json()) for spec in specs))
    assert registry.find(image).name == runtime
    assert hasattr(registry.load(image), "launch")


def test_images_of_other_names_are_left_alone():
    pattern = repository_pattern("xgboost")
    assert not re.search(pattern, "1.dkr.ecr.us-east-1.amazonaws.com/my-xgboost:1")
    assert not re.search(pattern, "1.dkr.ecr.us-east-1.amazonaws.com/xgboost-neo:1")
    assert re.search(pattern, "xgboost@sha256:00")


def test_own_image_comes_first_with_its_recipe_and_settings(tmp_path):
    specs = list(plugin.headgate_container_runtimes(project(tmp_path, cache="/somewhere")))
    assert specs[0].config == {
        "cache": "/somewhere",
        "image": "forecaster",
        "requirements": str(tmp_path / "requirements.txt"),
        "packages": ["numpy"],
        "python": "3.12",
    }
    json.dumps([spec.as_json() for spec in specs])


def test_settings_have_a_schema():
    schema = json.loads(plugin.headgate_settings_schema().read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"cache": "x", "strict_versions": True}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"caches": "x"}, schema)


def test_listing_and_launching_import_nothing_heavy():
    code = (
        "import sys, headgate_runtimes.plugin, headgate_runtimes.frameworks, headgate_runtimes.own_image;"
        "import headgate_runtimes.algorithms.xgboost.log, headgate_runtimes.algorithms.linear_learner.log;"
        "print(sorted({'numpy', 'pandas', 'sklearn', 'xgboost', 'boto3', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("uri", "repository", "tag", "version", "exact"),
    [
        (
            "1.dkr.ecr.x.amazonaws.com/sagemaker-xgboost:1.0-1-cpu-py3",
            "sagemaker-xgboost",
            "1.0-1-cpu-py3",
            (1, 0),
            True,
        ),
        ("1.dkr.ecr.x.amazonaws.com/xgboost:1", "xgboost", "1", (1, 0), False),
        ("1.dkr.ecr.x.amazonaws.com/team/model@sha256:12", "team/model", "latest", None, False),
        ("bare", "bare", "latest", None, False),
        ("::", "::", "latest", None, False),
    ],
)
def test_image_uri_is_taken_apart(uri, repository, tag, version, exact):
    name = ImageName.parse(uri)
    assert (name.repository, name.tag, name.version, name.exact) == (repository, tag, version, exact)
