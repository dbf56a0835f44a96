"""A project on disk with the template's steps, whose training section a test may change."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from headgate.pipelines import Compiled, Pipeline
from headgate.plugins.session import open_project

STEPS = Path(__file__).parents[3] / "templates" / "tabular" / "project" / "algorithms"


@pytest.fixture(scope="session")
def algorithms() -> Path:
    """The steps' code as the template has it."""
    return STEPS


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project's folder, with steps and a little data."""
    shutil.copytree(STEPS, tmp_path / "house" / "algorithms", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    data = tmp_path / "house" / "data" / "rows.csv"
    data.parent.mkdir()
    data.write_text("size,colour,price\n1,red,2\n")
    return tmp_path / "house"


@pytest.fixture
def pipeline(root: Path) -> Callable[..., Pipeline]:
    """The training pipeline of the project with these settings; `project` has other keys of headgate.yaml."""

    def make(project: Mapping[str, Any] | None = None, **settings: Any) -> Pipeline:
        section = {"data": "data/rows.csv", "target": "price", **settings}
        document = {"name": "house", **(project or {}), "plugins": {"training": section}}
        (root / "headgate.yaml").write_text(yaml.safe_dump(document))
        opened = open_project(root)
        pipelines = opened.plugins.pipelines(opened.project)
        assert not opened.warnings, [str(warning) for warning in opened.warnings]
        return pipelines[0]

    return make


@pytest.fixture
def compiled(pipeline: Callable[..., Pipeline]) -> Callable[..., Compiled]:
    """The same, compiled for the bucket `artifacts`."""

    def make(project: Mapping[str, Any] | None = None, **settings: Any) -> Compiled:
        return pipeline(project, **settings).compile(artifact_bucket="artifacts", prefix="house")

    return make


@pytest.fixture
def refusal(root: Path) -> Callable[..., str]:
    """Why the project has no training pipeline with these settings."""

    def make(**settings: Any) -> str:
        section = {"data": "data/rows.csv", "target": "price", **settings}
        (root / "headgate.yaml").write_text(yaml.safe_dump({"name": "house", "plugins": {"training": section}}))
        opened = open_project(root)
        assert opened.plugins.pipelines(opened.project) == ()
        return "\n".join(str(warning) for warning in opened.warnings)

    return make
