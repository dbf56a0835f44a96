"""The plugin's section of headgate.yaml as frozen values. schema.json has checked types and filled in defaults."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from headgate.aws.properties import LONGEST_VALUE, fits_property
from headgate.errors import UserError

Algorithm: TypeAlias = Literal["xgboost", "linear-learner", "script"]
Direction: TypeAlias = Literal["minimize", "maximize"]
Kind: TypeAlias = Literal["regression", "binary", "multiclass"]
Scalar: TypeAlias = str | int | float | bool

# The metrics that evaluate knows, as SageMaker's model quality statistics name them, and which way each is better.
METRICS: Mapping[Kind, Mapping[str, Direction]] = {
    "regression": {"rmse": "minimize", "mse": "minimize", "mae": "minimize", "r2": "maximize"},
    "binary": {
        "f1": "maximize",
        "auc": "maximize",
        "accuracy": "maximize",
        "precision": "maximize",
        "recall": "maximize",
        "true_positive_rate": "maximize",
        "true_negative_rate": "maximize",
        "false_positive_rate": "minimize",
        "false_negative_rate": "minimize",
    },
    "multiclass": {
        "accuracy": "maximize",
        "weighted_f1": "maximize",
        "weighted_precision": "maximize",
        "weighted_recall": "maximize",
    },
}

PROPERTY_ALPHABET = "letters, digits, spaces and _ . : / = + - @"


@dataclass(frozen=True, slots=True)
class Split:
    """Fractions of the rows, and the seed of the division."""

    test: float
    validation: float
    seed: int


@dataclass(frozen=True, slots=True)
class SearchRange:
    """What tuning searches for one hyperparameter: numbers between two bounds, or `values`."""

    low: float = 0
    high: float = 0
    integer: bool = False
    scaling: Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"] = "Auto"
    values: tuple[Scalar, ...] = ()


@dataclass(frozen=True, slots=True)
class Tuning:
    """`objective` and `direction` are empty where the algorithm's own are meant."""

    enabled: bool
    ranges: Mapping[str, SearchRange]
    strategy: Literal["Bayesian", "Random", "Grid", "Hyperband"]
    objective: str
    direction: Literal["", "Minimize", "Maximize"]
    max_jobs: int
    max_parallel: int
    early_stopping: bool


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The metric that decides. `threshold` is in its units, None for no threshold."""

    metric: str
    direction: Direction
    threshold: float | None
    compare_with_best: bool
    min_improvement: float


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """Instance type, how many, and GB of disk on each."""

    type: str
    count: int
    volume_gb: int


@dataclass(frozen=True, slots=True)
class Folders:
    """Absolute paths of the steps' code."""

    preprocess: Path
    train: Path
    inference: Path
    evaluate: Path
    shared: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """See schema.json for what each means."""

    data: str
    target: str
    pipeline: str
    kind: Kind
    classes: int
    features: tuple[str, ...]
    categorical: tuple[str, ...]
    scale: bool
    split: Split
    seed: int
    algorithm: Algorithm
    hyperparameters: Mapping[str, Scalar]
    tuning: Tuning
    evaluation: Evaluation
    processing: InstanceSettings
    training: InstanceSettings
    transform: InstanceSettings
    inference_instances: tuple[str, ...]
    max_runtime_seconds: int
    group: str
    approval: str
    cache_after: str | None
    folders: Folders
    xgboost_version: str
    sklearn_version: str
    processing_image: str
    training_image: str

    @property
    def is_local(self) -> bool:
        """Whether the data is a file or folder of the project."""
        return not self.data.startswith("s3://")

    @property
    def task(self) -> str:
        """`regression` or `classification`, as the steps are told."""
        return "regression" if self.kind == "regression" else "classification"


def read_settings(section: Mapping[str, Any], *, project: str, root: Path) -> Settings:
    """The settings of one project. Raises UserError when they contradict each other."""
    kind: Kind = (
        "regression" if section["task"] == "regression" else "binary" if section["classes"] == 2 else "multiclass"
    )
    split = Split(**section["split"])
    if split.test + split.validation >= 1:
        raise UserError(
            f"plugins.training.split: test {split.test} and validation {split.validation} leave no rows to train on"
        )
    instances = section["instances"]
    if instances["processing"]["count"] != 1:
        raise UserError(
            "plugins.training.instances.processing.count: preprocess and evaluate work on the whole data",
            expected="1; larger data needs a larger type",
        )
    local = not section["data"].startswith("s3://")
    if not local and not fits_property(section["data"]):
        raise UserError(
            f"plugins.training.data: a version cannot record the address {section['data']}",
            expected=f"up to {LONGEST_VALUE} {PROPERTY_ALPHABET}",
        )
    caching = section["caching"] == "always" or (section["caching"] == "auto" and local)
    return Settings(
        data=section["data"],
        target=section["target"],
        pipeline=f"{project}-{section['pipeline']}",
        kind=kind,
        classes=section["classes"] if kind == "multiclass" else 2,
        features=tuple(section["features"]),
        categorical=tuple(section["categorical"]),
        scale=section["scale"],
        split=split,
        seed=section["seed"],
        algorithm=section["algorithm"],
        hyperparameters=dict(section["hyperparameters"]),
        tuning=_tuning(section["tuning"]),
        evaluation=_evaluation(section["evaluation"], kind),
        processing=InstanceSettings(**instances["processing"]),
        training=InstanceSettings(**instances["training"]),
        transform=InstanceSettings(**instances["transform"]),
        inference_instances=tuple(instances["inference"]),
        max_runtime_seconds=section["max_runtime_seconds"],
        group=section["model_package_group"] or project,
        approval=section["approval"],
        cache_after=section["cache_expires_after"] if caching else None,
        folders=Folders(**{name: root / path for name, path in section["steps"].items()}),
        xgboost_version=section["versions"]["xgboost"],
        sklearn_version=section["versions"]["sklearn"],
        processing_image=section["images"]["processing"],
        training_image=section["images"]["training"],
    )


def _tuning(section: Mapping[str, Any]) -> Tuning:
    ranges = {name: _range(name, value) for name, value in section["ranges"].items()}
    if section["enabled"] and not ranges:
        raise UserError("plugins.training.tuning.ranges is empty: tuning needs at least one hyperparameter to search")
    if section["enabled"] and section["strategy"] == "Grid":
        _check_grid(ranges, section["max_jobs"])
    return Tuning(**{**section, "ranges": ranges})


def _check_grid(ranges: Mapping[str, SearchRange], max_jobs: int) -> None:
    """SageMaker's Grid runs every combination of listed values once. Raises UserError."""
    numeric = [name for name, each in ranges.items() if not each.values]
    if numeric:
        raise UserError(f"plugins.training.tuning.ranges.{numeric[0]}: strategy Grid takes lists of `values` only")
    combinations = math.prod(len(each.values) for each in ranges.values())
    if max_jobs != combinations:
        raise UserError(
            f"plugins.training.tuning.max_jobs: strategy Grid runs all combinations, and there are {combinations}",
            expected=str(combinations),
        )


def _range(name: str, value: Mapping[str, Any]) -> SearchRange:
    if "values" in value:
        for each in value["values"]:
            if not fits_property(str(each)):
                raise UserError(
                    f"plugins.training.tuning.ranges.{name}: a version cannot record the value '{each}'",
                    expected=f"up to {LONGEST_VALUE} {PROPERTY_ALPHABET}",
                )
        return SearchRange(values=tuple(value["values"]))
    low, high = value["min"], value["max"]
    if low >= high:
        raise UserError(f"plugins.training.tuning.ranges.{name}: min {low} is not below max {high}")
    integer = value.get("type", "continuous") == "integer"
    if integer and (low != int(low) or high != int(high)):
        raise UserError(f"plugins.training.tuning.ranges.{name}: the bounds of an integer range are integers")
    scaling = value.get("scaling", "Auto")
    if scaling == "Logarithmic" and low <= 0:
        raise UserError(f"plugins.training.tuning.ranges.{name}: a logarithmic range begins above 0, not at {low}")
    return SearchRange(low, high, integer, scaling)


def _evaluation(section: Mapping[str, Any], kind: Kind) -> Evaluation:
    known = METRICS[kind]
    metric = section["metric"] or next(iter(known))
    if metric not in known:
        raise UserError(
            f"plugins.training.evaluation.metric: no metric '{metric}' for {kind} models, only {', '.join(known)}"
        )
    return Evaluation(
        metric=metric,
        direction=section["direction"] or known[metric],
        threshold=section["threshold"],
        compare_with_best=section["compare_with_best"],
        min_improvement=section["min_improvement"],
    )
