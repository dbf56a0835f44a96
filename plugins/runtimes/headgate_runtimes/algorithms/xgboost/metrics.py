"""The metrics that SageMaker's XGBoost adds to the library's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Evaluation = Callable[[Any, Any], list[tuple[str, float]]]


def _matrix(labels: Values, found: Values) -> Values:
    """The confusion matrix over the classes that occur: true classes in rows."""
    classes = np.union1d(labels, found)
    table = np.zeros((len(classes), len(classes)))
    np.add.at(table, (np.searchsorted(classes, labels), np.searchsorted(classes, found)), 1)
    return table


def _share(part: Values, whole: Values) -> Values:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def _precisions(table: Values) -> Values:
    return _share(np.diag(table).copy(), table.sum(axis=0))


def _recalls(table: Values) -> Values:
    return _share(np.diag(table).copy(), table.sum(axis=1))


def _f1s(table: Values) -> Values:
    return _share(2 * np.diag(table), table.sum(axis=0) + table.sum(axis=1))


def _accuracy(table: Values) -> float:
    return float(np.trace(table) / table.sum())


def _balanced(table: Values) -> float:
    present = table.sum(axis=1) > 0
    return float(_recalls(table)[present].mean())


def _binary(scores: Callable[[Values], Values]) -> Callable[[Values], float]:
    def of_class_one(table: Values) -> float:
        if table.shape[0] > 2:
            raise ValueError("this metric is for two classes")
        return float(scores(table)[-1])

    return of_class_one


CLASSIFICATION: Mapping[str, Callable[[Values], float]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced,
    "f1": lambda table: float(_f1s(table).mean()),
    "f1_macro": lambda table: float(_f1s(table).mean()),
    "f1_binary": _binary(_f1s),
    "precision": _binary(_precisions),
    "precision_macro": lambda table: float(_precisions(table).mean()),
    "precision_micro": _accuracy,
    "recall": _binary(_recalls),
    "recall_macro": lambda table: float(_recalls(table).mean()),
    "recall_micro": _accuracy,
}
"""Metrics that SageMaker adds to XGBoost's, from a confusion matrix; as scikit-learn defines them."""


def _mse(labels: Values, predictions: Values) -> float:
    return float(np.mean((labels - predictions) ** 2))


def _r2(labels: Values, predictions: Values) -> float:
    spread = float(np.sum((labels - labels.mean()) ** 2))
    return 1 - float(np.sum((labels - predictions) ** 2)) / spread if spread else 0.0


REGRESSION: Mapping[str, Callable[[Values, Values], float]] = {"mse": _mse, "r2": _r2}
ADDED = frozenset(CLASSIFICATION) | frozenset(REGRESSION)


def class_labels(predictions: Values, objective: str) -> Values:
    """The classes that predictions of an objective stand for."""
    if predictions.ndim > 1:
        return np.asarray(predictions.argmax(axis=1), dtype=np.float64)
    if objective in {"multi:softmax", "binary:hinge"}:
        return predictions
    return (predictions > (0.0 if objective == "binary:logitraw" else 0.5)).astype(np.float64)


def evaluation(names: Sequence[str], objective: str) -> Evaluation:
    """A `custom_metric` of `xgboost.train` for metrics that SageMaker adds."""

    def evaluate(predictions: Any, data: Any) -> list[tuple[str, float]]:
        labels = np.asarray(data.get_label(), dtype=np.float64)
        given = np.asarray(predictions, dtype=np.float64)
        table = _matrix(labels, class_labels(given, objective)) if set(names) & CLASSIFICATION.keys() else None
        results = []
        for name in names:
            if name in REGRESSION:
                results.append((name, REGRESSION[name](labels, given)))
            elif table is not None:
                results.append((name, CLASSIFICATION[name](table)))
        return results

    return evaluate
