"""The plugin's hooks. Import-light: what builds the pipeline is imported when a pipeline is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headgate.plugins import hookimpl
from headgate.plugins.contributions import RecorderSpec
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


@hookimpl
def headgate_recorders(project: Project, settings: Mapping[str, Any]) -> Iterable[RecorderSpec]:
    """MLflow, unless it is switched off; a SQLite store in the project's state folder unless a server is named."""
    mlflow = settings["mlflow"]
    if not mlflow["enabled"]:
        return []
    from headgate.aws.sessions import state_folder

    state = state_folder(project.root, os.environ)
    config = {
        "experiment": mlflow["experiment"] or project.name,
        "tracking_uri": mlflow["tracking_uri"] or f"sqlite:///{state / 'mlflow.db'}",
        "artifact_location": None if mlflow["tracking_uri"] else (state / "mlartifacts").as_uri(),
    }
    return [RecorderSpec("mlflow", "headgate_training.recorder", config)]
