"""What the steps of the training pipeline are made from, and what they hand each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headgate.errors import UserError
from headgate.pipelines import Cache, Instance, Retry, SourceCode, Value
from headgate.spec.project import Project
from headgate.spec.suggest import did_you_mean
from headgate_training import images
from headgate_training.algorithms import AlgorithmPlan
from headgate_training.parameters import Parameters
from headgate_training.settings import Settings

RETRY = (Retry(max_attempts=3),)
"""Throttling and faults of the service are tried again; a step that fails by itself is not."""


@dataclass(frozen=True)
class Plan:
    """Everything that the steps are made from."""

    project: Project
    settings: Settings
    algorithm: AlgorithmPlan
    parameters: Parameters
    sources: Mapping[str, SourceCode]

    @property
    def role(self) -> str:
        """The role that jobs run as; `headgate-execution` is the local cloud's own."""
        return self.project.role_arn or f"arn:aws:iam::{self.project.account}:role/headgate-execution"

    @property
    def cache(self) -> Cache | None:
        return Cache(self.settings.cache_after) if self.settings.cache_after else None

    @property
    def processing_image(self) -> str:
        """What preprocess runs in."""
        own = own_image(self.project, "processing", self.settings.processing_image)
        return own or images.scikit_learn(self.project.region, self.settings.sklearn_version)

    @property
    def processing_instance(self) -> Instance:
        """What preprocess and evaluate run on."""
        return Instance(self.parameters.processing_type, 1, self.settings.processing.volume_gb)

    @property
    def training_image(self) -> str:
        """What trains and serves."""
        return own_image(self.project, "training", self.settings.training_image) or self.algorithm.image

    @property
    def evaluation_image(self) -> str:
        """What evaluate runs in: it must be able to open the model, unless a batch transform does that."""
        if self.settings.algorithm == "xgboost" and not self.settings.processing_image:
            return self.training_image
        return self.processing_image


@dataclass(frozen=True)
class Trained:
    """A trained model: S3 URI, image that serves it, the hyperparameters it was made with, and its training job."""

    model: Value
    image: str
    hyperparameters: Mapping[str, Value]
    job: Value


def own_image(project: Project, setting: str, name: str) -> str | None:
    """An image of the project's by name, or a URI as it is; None when the setting is empty. Raises UserError."""
    if not name:
        return None
    if name in project.images:
        return project.images[name].uri(project.account, project.region)
    if "/" in name:
        return name
    raise UserError(
        f"plugins.training.images.{setting}: there is no image '{name}' under `images` of headgate.yaml "
        f"{did_you_mean(name, project.images)}".rstrip()
    )
