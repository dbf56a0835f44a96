"""Metrics of predictions, in the shape of SageMaker's model quality statistics.

Names and nesting are those of Model Monitor's reports ('Model quality metrics' in the SageMaker documentation): a group
such as `regression_metrics`, and for each metric a `value` and its `standard_deviation`, here over bootstrap samples.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

GROUPS = {
    "regression": "regression_metrics",
    "binary": "binary_classification_metrics",
    "multiclass": "multiclass_classification_metrics",
}
BOOTSTRAP_SAMPLES = 50


def regression(truth: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    """mae, mse, rmse and r2 of n numbers against n predictions."""
    errors = predicted - truth
    mse = float(np.mean(errors**2))
    spread = float(np.mean((truth - truth.mean()) ** 2))
    return {
        "mae": float(np.mean(np.abs(errors))),
        "mse": mse,
        "rmse": mse**0.5,
        "r2": 1.0 - mse / spread if spread else 0.0,
    }


def binary(truth: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Metrics of n labels (0 or 1) against n probabilities of class 1, decided at 0.5."""
    predicted = (probability >= 0.5).astype(int)
    tp = float(np.sum((predicted == 1) & (truth == 1)))
    fp = float(np.sum((predicted == 1) & (truth == 0)))
    fn = float(np.sum((predicted == 0) & (truth == 1)))
    tn = float(np.sum((predicted == 0) & (truth == 0)))
    precision, recall = _ratio(tp, tp + fp), _ratio(tp, tp + fn)
    return {
        "accuracy": _ratio(tp + tn, len(truth)),
        "precision": precision,
        "recall": recall,
        "f1": _ratio(2 * precision * recall, precision + recall),
        "auc": auc(truth, probability),
        "true_positive_rate": recall,
        "true_negative_rate": _ratio(tn, tn + fp),
        "false_positive_rate": _ratio(fp, tn + fp),
        "false_negative_rate": _ratio(fn, tp + fn),
    }


def multiclass(truth: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Metrics of n labels against n x k class probabilities; the weighted ones weigh classes by their rows."""
    predicted = probability.argmax(axis=1)
    total = {"weighted_precision": 0.0, "weighted_recall": 0.0, "weighted_f1": 0.0}
    for label in range(probability.shape[1]):
        weight = float(np.mean(truth == label))
        tp = float(np.sum((predicted == label) & (truth == label)))
        precision = _ratio(tp, float(np.sum(predicted == label)))
        recall = _ratio(tp, float(np.sum(truth == label)))
        total["weighted_precision"] += weight * precision
        total["weighted_recall"] += weight * recall
        total["weighted_f1"] += weight * _ratio(2 * precision * recall, precision + recall)
    return {"accuracy": float(np.mean(predicted == truth)), **total}


def auc(truth: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve by the rank-sum (Mann-Whitney U); ties count half. 0.5 when one class is missing."""
    positives, negatives = int(np.sum(truth == 1)), int(np.sum(truth == 0))
    if not positives or not negatives:
        return 0.5
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[truth == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> dict[str, dict[str, int]]:
    """Rows by true class, then by predicted class."""
    return {
        str(actual): {str(label): int(np.sum((truth == actual) & (predicted == label))) for label in range(classes)}
        for actual in range(classes)
    }


def report(kind: str, truth: np.ndarray, predicted: np.ndarray, seed: int) -> dict[str, Any]:
    """The metric group of one kind of task: `regression`, `binary` or `multiclass`."""
    measure = {"regression": regression, "binary": binary, "multiclass": multiclass}[kind]
    values = measure(truth, predicted)
    spread = _bootstrap(measure, truth, predicted, seed)
    group: dict[str, Any] = {
        name: {"value": value, "standard_deviation": spread[name]} for name, value in sorted(values.items())
    }
    if kind != "regression":
        labels = (predicted >= 0.5).astype(int) if kind == "binary" else predicted.argmax(axis=1)
        group["confusion_matrix"] = confusion(truth, labels, 2 if kind == "binary" else predicted.shape[1])
    return {GROUPS[kind]: group}


def _bootstrap(measure: Callable, truth: np.ndarray, predicted: np.ndarray, seed: int) -> dict[str, float]:
    random = np.random.RandomState(seed)  # its stream is frozen, unlike default_rng's
    samples = [random.randint(0, len(truth), len(truth)) for _ in range(BOOTSTRAP_SAMPLES)]
    rounds = [measure(truth[rows], predicted[rows]) for rows in samples]
    return {name: float(np.std([each[name] for each in rounds])) for name in rounds[0]}


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0
