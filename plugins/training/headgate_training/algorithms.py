"""What differs between the algorithms: image, hyperparameters, metrics, how the model answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from headgate.errors import UserError
from headgate_training import images
from headgate_training.settings import METRICS, Scalar, Settings

Objective = tuple[str, Literal["Minimize", "Maximize"]]

# Metrics that the built-in algorithms print by themselves and that fall as the model gets better; all others rise.
FALLING = ("rmse", "mse", "mae", "error", "merror", "logloss", "mlogloss", "loss", "rmsle", "deviance", "nloglik")


@dataclass(frozen=True, slots=True)
class AlgorithmPlan:
    """What the pipeline needs to know of the algorithm.

    `fixed` hyperparameters follow from task and settings; the project's own win where names clash. `content_type` is
    what the channels are declared as. With `scored_by_transform` only the algorithm's own container can open the
    model, so the test rows are scored by a batch transform.
    """

    image: str
    fixed: Mapping[str, Scalar]
    objective: Objective
    content_type: str = "text/csv"
    response_type: str = "text/csv"
    metric_definitions: Mapping[str, str] = field(default_factory=dict)
    has_seed: bool = True
    is_script: bool = False
    scored_by_transform: bool = False


def plan(settings: Settings, region: str) -> AlgorithmPlan:
    """The plan for the algorithm of the settings. Raises UserError for an unknown region."""
    return {"xgboost": _xgboost, "linear-learner": _linear_learner, "script": _script}[settings.algorithm](
        settings, region
    )


def objective(settings: Settings, chosen: AlgorithmPlan) -> Objective:
    """What tuning optimizes. Raises UserError when a script prints no such metric."""
    name = settings.tuning.objective or chosen.objective[0]
    if chosen.is_script and name not in chosen.metric_definitions:
        known = ", ".join(chosen.metric_definitions)
        raise UserError(f"plugins.training.tuning.objective: the script prints no metric '{name}', only {known}")
    if settings.tuning.direction:
        return name, settings.tuning.direction
    if name == chosen.objective[0]:
        return chosen.objective
    last = name.rpartition(":")[2]
    return name, "Minimize" if last in FALLING or last.endswith("_loss") else "Maximize"


def _xgboost(settings: Settings, region: str) -> AlgorithmPlan:
    objectives = {"regression": "reg:squarederror", "binary": "binary:logistic", "multiclass": "multi:softprob"}
    fixed: dict[str, Scalar] = {"objective": objectives[settings.kind], "num_round": 100}
    if settings.kind == "multiclass":
        fixed["num_class"] = settings.classes
    best: dict[str, Objective] = {
        "regression": ("validation:rmse", "Minimize"),
        "binary": ("validation:auc", "Maximize"),
        "multiclass": ("validation:mlogloss", "Minimize"),
    }
    watched = {"regression": ["rmse"], "binary": ["logloss", "auc"], "multiclass": ["mlogloss"]}[settings.kind]
    searched = settings.tuning.objective.rpartition(":")[2]
    if settings.tuning.enabled and searched and searched not in watched:
        watched = [*watched, searched]
    fixed["eval_metric"] = ",".join(watched)
    return AlgorithmPlan(images.xgboost(region, settings.xgboost_version), fixed, best[settings.kind])


def _linear_learner(settings: Settings, region: str) -> AlgorithmPlan:
    types = {"regression": "regressor", "binary": "binary_classifier", "multiclass": "multiclass_classifier"}
    fixed: dict[str, Scalar] = {"predictor_type": types[settings.kind]}
    if settings.kind == "multiclass":
        fixed["num_classes"] = settings.classes
    return AlgorithmPlan(
        images.linear_learner(region),
        fixed,
        ("validation:objective_loss", "Minimize"),
        response_type="application/jsonlines",
        has_seed=False,
        scored_by_transform=True,
    )


def _script(settings: Settings, region: str) -> AlgorithmPlan:
    metric = settings.evaluation.metric
    return AlgorithmPlan(
        images.scikit_learn(region, settings.sklearn_version),
        {"task": settings.task},
        (f"validation:{metric}", "Minimize" if settings.evaluation.direction == "minimize" else "Maximize"),
        metric_definitions={
            f"validation:{name}": rf"validation:{name}=([-+0-9.eEnaif]+)" for name in METRICS[settings.kind]
        },
        is_script=True,
    )
