"""The plugin's hooks. Import-light: what builds the pipeline is imported when a pipeline is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from headgate.plugins import hookimpl
from headgate.spec.project import Project

if TYPE_CHECKING:
    from headgate.pipelines import Pipeline

HEADGATE_API = 1


@hookimpl
def headgate_settings_schema() -> Path:
    """The settings under `plugins.training`."""
    return Path(__file__).with_name("schema.json")


@hookimpl
def headgate_pipelines(project: Project, settings: Mapping[str, object]) -> Iterable[Pipeline]:
    """The training pipeline; a project without a `training` section has none."""
    from headgate_training.pipeline import training_pipeline
    from headgate_training.settings import read_settings

    return [training_pipeline(project, read_settings(settings, project=project.name, root=project.root))]
