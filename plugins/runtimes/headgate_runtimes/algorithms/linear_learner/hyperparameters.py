"""Linear Learner's hyperparameters, as SageMaker documents them ("Linear learner hyperparameters").

`auto` stands for the documented default, except for the learning rate, for which as many rates as there are models are
tried (see `fit.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.hyperparameters import Choice, Number, Rule, parse

REGRESSOR = "regressor"
BINARY = "binary_classifier"
MULTICLASS = "multiclass_classifier"
_AUTO = ("auto",)
_BOOLEAN = ("true", "false")
_MAYBE = ("auto", "true", "false")
LOSSES: Mapping[str, tuple[str, ...]] = {
    REGRESSOR: (
        "squared_loss",
        "absolute_loss",
        "eps_insensitive_squared_loss",
        "eps_insensitive_absolute_loss",
        "quantile_loss",
        "huber_loss",
    ),
    BINARY: ("logistic", "hinge_loss"),
    MULTICLASS: ("softmax_loss",),
}
"""The losses of each predictor type; the first is what `auto` means."""
CRITERIA = (
    "accuracy",
    "f_beta",
    "precision_at_target_recall",
    "recall_at_target_precision",
    "loss_function",
)

RULES: tuple[Rule, ...] = (
    Choice("predictor_type", (BINARY, MULTICLASS, REGRESSOR), required=True),
    Number("num_classes", integer=True, low=3, high=1_000_000),
    Number("feature_dim", integer=True, low=1, words=_AUTO),
    Number("accuracy_top_k", integer=True, low=1),
    Choice("balance_multiclass_weights", _BOOLEAN),
    Number("beta_1", low=0, high=1, words=_AUTO),
    Number("beta_2", low=0, high=1, words=_AUTO),
    Number("bias_lr_mult", low=0, open_low=True, words=_AUTO),
    Number("bias_wd_mult", low=0, words=_AUTO),
    Choice("binary_classifier_model_selection_criteria", CRITERIA),
    Number("early_stopping_patience", integer=True, low=1),
    Number("early_stopping_tolerance", low=0, open_low=True),
    Number("epochs", integer=True, low=1),
    Number("f_beta", low=0, open_low=True),
    Number("huber_delta", low=0, open_low=True),
    Number("init_bias"),
    Choice("init_method", ("uniform", "normal")),
    Number("init_scale", low=0, open_low=True),
    Number("init_sigma", low=0, open_low=True),
    Number("l1", low=0, words=_AUTO),
    Number("learning_rate", low=0, open_low=True, words=_AUTO),
    Choice("loss", ("auto", *(loss for losses in LOSSES.values() for loss in losses))),
    Number("loss_insensitivity", low=0, open_low=True),
    Number("lr_scheduler_factor", low=0, high=1, words=_AUTO),
    Number("lr_scheduler_minimum_lr", low=0, open_low=True, words=_AUTO),
    Number("lr_scheduler_step", integer=True, low=1, words=_AUTO),
    Number("margin", low=0, open_low=True),
    Number("mini_batch_size", integer=True, low=1),
    Number("momentum", low=0, high=1, open_high=True, words=_AUTO),
    Choice("normalize_data", _MAYBE),
    Choice("normalize_label", _MAYBE),
    Number("num_calibration_samples", integer=True, low=1),
    Number("num_models", integer=True, low=1, words=_AUTO),
    Number("num_point_for_scaler", integer=True, low=1),
    Choice("optimizer", ("auto", "sgd", "adam", "rmsprop")),
    Number("positive_example_weight_mult", low=0, open_low=True, words=("auto", "balanced")),
    Number("quantile", low=0, high=1, open_low=True, open_high=True),
    Number("target_precision", low=0, high=1),
    Number("target_recall", low=0, high=1),
    Choice("unbias_data", _MAYBE),
    Choice("unbias_label", _MAYBE),
    Choice("use_bias", _BOOLEAN),
    Choice("use_lr_scheduler", _BOOLEAN),
    Number("wd", low=0, words=_AUTO),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Hyperparameters, read, with the defaults filled in. `learning_rate` None asks for a search."""

    predictor_type: str
    loss: str
    num_classes: int
    feature_dim: int | None
    epochs: int
    mini_batch_size: int
    optimizer: str
    learning_rate: float | None
    num_models: int
    l1: float
    wd: float
    momentum: float
    beta_1: float
    beta_2: float
    bias_lr_mult: float
    bias_wd_mult: float
    use_bias: bool
    normalize_data: bool
    normalize_label: bool
    unbias_data: bool
    unbias_label: bool
    num_point_for_scaler: int
    init_method: str
    init_scale: float
    init_sigma: float
    init_bias: float
    use_lr_scheduler: bool
    lr_scheduler_step: int
    lr_scheduler_factor: float
    lr_scheduler_minimum_lr: float
    early_stopping_patience: int
    early_stopping_tolerance: float
    criteria: str
    f_beta: float
    target_precision: float
    target_recall: float
    num_calibration_samples: int
    positive_example_weight_mult: float | str
    balance_multiclass_weights: bool
    accuracy_top_k: int
    quantile: float
    huber_delta: float
    loss_insensitivity: float
    margin: float


def plan(given: Mapping[str, str]) -> Plan:
    """Read and check a request's hyperparameters.

    Raises:
        CustomerError: names each hyperparameter that is unknown, missing, wrong, or does not go with another.
    """
    values = parse(RULES, given, {}, "Linear Learner")
    kind = values["predictor_type"]
    loss = values.get("loss", "auto")
    if loss not in {"auto", *LOSSES[kind]}:
        raise CustomerError(
            f"hyperparameter 'loss' must be one of {', '.join(LOSSES[kind])} with predictor_type {kind}, not '{loss}'"
        )
    if kind == MULTICLASS and "num_classes" not in values:
        raise CustomerError(f"hyperparameter 'num_classes' is required with predictor_type {MULTICLASS}")
    if kind != REGRESSOR and values.get("normalize_label") == "true":
        raise CustomerError(f"hyperparameter 'normalize_label' goes with predictor_type {REGRESSOR} only")
    return _plan(values, kind, LOSSES[kind][0] if loss == "auto" else loss)


def _plan(values: Mapping[str, Any], kind: str, loss: str) -> Plan:
    def number(name: str, default: float) -> float:
        value = values.get(name, "auto")
        return default if isinstance(value, str) else value

    def truth(name: str, *, default: bool) -> bool:
        value = values.get(name, "auto")
        return default if value == "auto" else value == "true"

    optimizer = values.get("optimizer", "auto")
    rate = values.get("learning_rate", "auto")
    dimension = values.get("feature_dim", "auto")
    normalize = truth("normalize_data", default=True)
    normalize_label = truth("normalize_label", default=kind == REGRESSOR)
    weight = values.get("positive_example_weight_mult", 1.0)
    return Plan(
        predictor_type=kind,
        loss=loss,
        num_classes=int(values.get("num_classes", 0)) if kind == MULTICLASS else 1,
        feature_dim=None if dimension == "auto" else int(dimension),
        epochs=int(number("epochs", 15)),
        mini_batch_size=int(number("mini_batch_size", 1000)),
        optimizer="adam" if optimizer == "auto" else optimizer,
        learning_rate=None if rate == "auto" else float(rate),
        num_models=int(number("num_models", 32)),
        l1=number("l1", 0.0),
        wd=number("wd", 0.0),
        momentum=number("momentum", 0.9),
        beta_1=number("beta_1", 0.9),
        beta_2=number("beta_2", 0.999),
        bias_lr_mult=number("bias_lr_mult", 10.0),
        bias_wd_mult=number("bias_wd_mult", 0.0),
        use_bias=truth("use_bias", default=True),
        normalize_data=normalize,
        normalize_label=normalize_label,
        unbias_data=truth("unbias_data", default=normalize),
        unbias_label=truth("unbias_label", default=normalize_label),
        num_point_for_scaler=int(number("num_point_for_scaler", 10_000)),
        init_method=values.get("init_method", "uniform"),
        init_scale=number("init_scale", 0.07),
        init_sigma=number("init_sigma", 0.01),
        init_bias=number("init_bias", 0.0),
        use_lr_scheduler=truth("use_lr_scheduler", default=True),
        lr_scheduler_step=int(number("lr_scheduler_step", 100)),
        lr_scheduler_factor=number("lr_scheduler_factor", 0.99),
        lr_scheduler_minimum_lr=number("lr_scheduler_minimum_lr", 1e-5),
        early_stopping_patience=int(number("early_stopping_patience", 3)),
        early_stopping_tolerance=number("early_stopping_tolerance", 0.001),
        criteria=values.get("binary_classifier_model_selection_criteria", "accuracy"),
        f_beta=number("f_beta", 1.0),
        target_precision=number("target_precision", 0.8),
        target_recall=number("target_recall", 0.8),
        num_calibration_samples=int(number("num_calibration_samples", 10_000_000)),
        positive_example_weight_mult=1.0 if weight == "auto" else weight,
        balance_multiclass_weights=truth("balance_multiclass_weights", default=False),
        accuracy_top_k=int(number("accuracy_top_k", 3)),
        quantile=number("quantile", 0.5),
        huber_delta=number("huber_delta", 1.0),
        loss_insensitivity=number("loss_insensitivity", 0.01),
        margin=number("margin", 1.0),
    )
