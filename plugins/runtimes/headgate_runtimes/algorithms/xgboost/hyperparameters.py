"""XGBoost's hyperparameters, as SageMaker documents them ("XGBoost Hyperparameters" of the developer guide)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.hyperparameters import Choice, Number, Rule, Text, Words, parse

MAXIMIZED = (
    "accuracy",
    "auc",
    "aucpr",
    "balanced_accuracy",
    "f1",
    "f1_binary",
    "f1_macro",
    "map",
    "ndcg",
    "precision",
    "precision_macro",
    "precision_micro",
    "r2",
    "recall",
    "recall_macro",
    "recall_micro",
)
MINIMIZED = (
    "aft-nloglik",
    "cox-nloglik",
    "error",
    "gamma-deviance",
    "gamma-nloglik",
    "interval-regression-accuracy",
    "logloss",
    "mae",
    "mape",
    "merror",
    "mlogloss",
    "mphe",
    "mse",
    "poisson-nloglik",
    "rmse",
    "rmsle",
    "tweedie-nloglik",
)
METRICS = MAXIMIZED + MINIMIZED
OBJECTIVES = (
    "binary:hinge",
    "binary:logistic",
    "binary:logitraw",
    "count:poisson",
    "multi:softmax",
    "multi:softprob",
    "rank:map",
    "rank:ndcg",
    "rank:pairwise",
    "reg:absoluteerror",
    "reg:gamma",
    "reg:linear",
    "reg:logistic",
    "reg:pseudohubererror",
    "reg:squarederror",
    "reg:squaredlogerror",
    "reg:tweedie",
    "survival:aft",
    "survival:cox",
)
_UPDATERS = (
    "coord_descent",
    "grow_colmaker",
    "grow_histmaker",
    "grow_quantile_histmaker",
    "prune",
    "refresh",
    "shotgun",
    "sync",
)
_BOOLEAN = ("true", "false")

RULES: tuple[Rule, ...] = (
    Number("num_round", integer=True, low=1, required=True),
    Number("csv_weights", integer=True, low=0, high=1),
    Number("early_stopping_rounds", integer=True, low=1),
    Choice("booster", ("gbtree", "gblinear", "dart")),
    Number("verbosity", integer=True, low=0, high=3),
    Number("silent", integer=True, low=0, high=1),
    Number("nthread", integer=True, low=1),
    Number("eta", low=0, high=1),
    Number("gamma", low=0),
    Number("max_depth", integer=True, low=0),
    Number("min_child_weight", low=0),
    Number("max_delta_step", low=0),
    Number("subsample", low=0, high=1, open_low=True),
    Number("colsample_bytree", low=0, high=1, open_low=True),
    Number("colsample_bylevel", low=0, high=1, open_low=True),
    Number("colsample_bynode", low=0, high=1, open_low=True),
    Number("lambda", low=0),
    Number("alpha", low=0),
    Choice("tree_method", ("auto", "exact", "approx", "hist", "gpu_hist")),
    Number("sketch_eps", low=0, high=1, open_low=True, open_high=True),
    Number("scale_pos_weight", low=0, open_low=True),
    Words("updater", _UPDATERS),
    Choice("dsplit", ("row", "col")),
    Number("refresh_leaf", integer=True, low=0, high=1),
    Choice("process_type", ("default", "update")),
    Choice("grow_policy", ("depthwise", "lossguide")),
    Number("max_leaves", integer=True, low=0),
    Number("max_bin", integer=True, low=0),
    Choice("predictor", ("auto", "cpu_predictor", "gpu_predictor")),
    Text("monotone_constraints", "a tuple of -1, 0 and 1, such as (1,0,-1)"),
    Text("interaction_constraints", "a list of lists of feature numbers, such as [[0,1],[2,3]]"),
    Choice("sample_type", ("uniform", "weighted")),
    Choice("normalize_type", ("tree", "forest")),
    Number("rate_drop", low=0, high=1),
    Number("one_drop", integer=True, low=0, high=1),
    Number("skip_drop", low=0, high=1),
    Number("lambda_bias", low=0, high=1),
    Number("tweedie_variance_power", low=1, high=2, open_low=True, open_high=True),
    Choice("objective", OBJECTIVES),
    Number("num_class", integer=True, low=2),
    Number("base_score", low=0),
    Words("eval_metric", METRICS, thresholds=("error", "ndcg", "map")),
    Number("seed", integer=True, low=-(2**31), high=2**31 - 1, open_low=True),
    Number("num_parallel_tree", integer=True, low=1),
    Choice("save_model_on_termination", _BOOLEAN),
    Choice("aft_loss_distribution", ("normal", "logistic", "extreme")),
    Number("aft_loss_distribution_scale", low=0),
    Choice("deterministic_histogram", _BOOLEAN),
    Choice("single_precision_histogram", _BOOLEAN),
    Choice("sampling_method", ("uniform", "gradient_based")),
    Number("prob_buffer_row", low=1, open_low=True),
    Choice("use_dask_gpu_training", _BOOLEAN),
    Number("_kfold", integer=True, low=2),
    Number("_num_cv_round", integer=True, low=1),
    Choice("_tuning_objective_metric", tuple(f"validation:{metric}" for metric in METRICS)),
)
ALIASES = {"learning_rate": "eta", "min_split_loss": "gamma", "reg_lambda": "lambda", "reg_alpha": "alpha"}
SINCE = {
    "_kfold": (1, 2),
    "_num_cv_round": (1, 2),
    "aft_loss_distribution": (1, 2),
    "aft_loss_distribution_scale": (1, 2),
    "deterministic_histogram": (1, 2),
    "single_precision_histogram": (1, 2),
    "prob_buffer_row": (1, 3),
    "sampling_method": (1, 3),
    "use_dask_gpu_training": (1, 7),
}
"""The version of the image that first had a hyperparameter."""
UNTIL = {"silent": (1, 2), "single_precision_histogram": (1, 7)}
"""The version of the image that no longer has a hyperparameter."""
WITHOUT_EFFECT = frozenset(
    {
        "sketch_eps",
        "dsplit",
        "predictor",
        "deterministic_histogram",
        "single_precision_histogram",
        "prob_buffer_row",
        "silent",
    }
)
"""Hyperparameters of older versions that change nothing in the library that trains here."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Hyperparameters, read: those of the library, and those of the algorithm around it."""

    parameters: Mapping[str, Any]
    num_round: int
    metrics: tuple[str, ...]
    """What to evaluate, in order; empty for the objective's own metric."""
    stopping_metric: str | None
    early_stopping_rounds: int | None
    csv_weights: bool
    save_on_termination: bool
    ignored: tuple[str, ...]
    """Hyperparameters given that have no effect here; the log says so."""


def rules(version: tuple[int, int]) -> tuple[Rule, ...]:
    """The hyperparameters that an image of this version has."""
    return tuple(
        rule
        for rule in RULES
        if SINCE.get(rule.name, (0, 0)) <= version and (rule.name not in UNTIL or version < UNTIL[rule.name])
    )


def plan(given: Mapping[str, str], version: tuple[int, int]) -> Plan:
    """Read and check a request's hyperparameters for an image of this version.

    Raises:
        CustomerError: names each hyperparameter that is unknown, missing, wrong, or does not go with another.
    """
    values = parse(rules(version), given, ALIASES, f"XGBoost {version[0]}.{version[1]}")
    _check_together(values)
    objective = values.get("objective")
    if objective == "reg:linear":
        values["objective"] = "reg:squarederror"
    tuned = values.pop("_tuning_objective_metric", None)
    metrics = list(values.pop("eval_metric", []))
    tuned_metric = tuned.removeprefix("validation:") if tuned else None
    if tuned_metric and tuned_metric not in metrics:
        metrics.append(tuned_metric)
    rounds = values.pop("early_stopping_rounds", None)
    ignored = tuple(sorted(WITHOUT_EFFECT & values.keys()))
    csv_weights = bool(values.pop("csv_weights", 0))
    save = values.pop("save_model_on_termination", "false") == "true"
    num_round = values.pop("num_round")
    if "updater" in values:
        values["updater"] = ",".join(values["updater"])
    return Plan(
        parameters={name: value for name, value in values.items() if name not in {*ignored, "use_dask_gpu_training"}},
        num_round=num_round,
        metrics=tuple(metrics),
        stopping_metric=(tuned_metric or (metrics[-1] if metrics else None)) if rounds else None,
        early_stopping_rounds=rounds,
        csv_weights=csv_weights,
        save_on_termination=save,
        ignored=ignored,
    )


def _check_together(values: Mapping[str, Any]) -> None:
    objective = str(values.get("objective", "reg:squarederror"))
    metrics = {metric.partition("@")[0] for metric in values.get("eval_metric", [])}
    problems = []
    if objective.startswith("multi:") and "num_class" not in values:
        problems.append(f"hyperparameter 'num_class' is required with objective '{objective}'")
    if "num_class" in values and not objective.startswith("multi:"):
        problems.append(f"hyperparameter 'num_class' does not go with objective '{objective}'")
    if metrics & {"auc"} and not objective.startswith(("binary:", "rank:")):
        problems.append(f"hyperparameter 'eval_metric': auc does not go with objective '{objective}'")
    if "aft-nloglik" in metrics and objective != "survival:aft":
        problems.append(f"hyperparameter 'eval_metric': aft-nloglik does not go with objective '{objective}'")
    if values.get("tree_method") == "gpu_hist" or values.get("use_dask_gpu_training") == "true":
        problems.append("hyperparameter 'tree_method': training on a GPU is not available on the local cloud; use hist")
    if "_kfold" in values or "_num_cv_round" in values:
        problems.append("hyperparameter '_kfold': cross validation is not available on the local cloud")
    if "monotone_constraints" in values and values.get("tree_method") not in {"exact", "hist"}:
        problems.append("hyperparameter 'monotone_constraints' needs tree_method exact or hist")
    if problems:
        raise CustomerError("; ".join(problems))
