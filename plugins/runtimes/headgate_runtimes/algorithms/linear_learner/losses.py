"""The losses of Linear Learner, each with its gradient by the score.

Scores have the shape (rows, models) for regression and two classes, (rows, models, classes) for more; labels (rows,).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from headgate_runtimes.algorithms.linear_learner.hyperparameters import Plan

Values = NDArray[np.float64]
Loss = Callable[[Values, Values], tuple[Values, Values]]
"""Scores and labels to each row's loss (rows, models) and gradient (the scores' shape)."""

OBJECTIVES = {
    "squared_loss": "mse_objective",
    "absolute_loss": "absolute_loss_objective",
    "eps_insensitive_squared_loss": "eps_insensitive_squared_loss_objective",
    "eps_insensitive_absolute_loss": "eps_insensitive_absolute_loss_objective",
    "quantile_loss": "quantile_loss_objective",
    "huber_loss": "huber_loss_objective",
    "logistic": "binary_classification_cross_entropy_objective",
    "hinge_loss": "hinge_loss_objective",
    "softmax_loss": "multiclass_cross_entropy_objective",
}
"""What log lines call the objective of each loss."""


def loss_function(plan: Plan) -> Loss:
    """The loss that the hyperparameters ask for."""
    losses: dict[str, Loss] = {
        "squared_loss": lambda scores, labels: _regression(scores, labels, _squared),
        "absolute_loss": lambda scores, labels: _regression(scores, labels, _absolute),
        "eps_insensitive_squared_loss": lambda scores, labels: _regression(
            scores, labels, lambda error: _squared(_beyond(error, plan.loss_insensitivity))
        ),
        "eps_insensitive_absolute_loss": lambda scores, labels: _regression(
            scores, labels, lambda error: _absolute(_beyond(error, plan.loss_insensitivity))
        ),
        "quantile_loss": lambda scores, labels: _regression(
            scores, labels, lambda error: _pinball(error, plan.quantile)
        ),
        "huber_loss": lambda scores, labels: _regression(scores, labels, lambda error: _huber(error, plan.huber_delta)),
        "logistic": _logistic,
        "hinge_loss": lambda scores, labels: _hinge(scores, labels, plan.margin),
        "softmax_loss": _softmax,
    }
    return losses[plan.loss]


def _regression(
    scores: Values, labels: Values, of_error: Callable[[Values], tuple[Values, Values]]
) -> tuple[Values, Values]:
    return of_error(scores - labels[:, None])


def _squared(error: Values) -> tuple[Values, Values]:
    return error**2, 2 * error


def _absolute(error: Values) -> tuple[Values, Values]:
    return np.abs(error), np.sign(error)


def _beyond(error: Values, insensitivity: float) -> Values:
    """The part of an error outside a band around zero."""
    return np.sign(error) * np.maximum(np.abs(error) - insensitivity, 0.0)


def _pinball(error: Values, quantile: float) -> tuple[Values, Values]:
    above = error > 0
    return (
        np.where(above, (1 - quantile) * error, -quantile * error),
        np.where(above, 1 - quantile, np.where(error < 0, -quantile, 0.0)),
    )


def _huber(error: Values, delta: float) -> tuple[Values, Values]:
    small = np.abs(error) <= delta
    return (
        np.where(small, 0.5 * error**2, delta * (np.abs(error) - 0.5 * delta)),
        np.where(small, error, delta * np.sign(error)),
    )


def probability(scores: Values) -> Values:
    """The logistic function, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * scores)))


def _logistic(scores: Values, labels: Values) -> tuple[Values, Values]:
    signs = 2 * labels[:, None] - 1
    return np.logaddexp(0.0, -signs * scores), probability(scores) - labels[:, None]


def _hinge(scores: Values, labels: Values, margin: float) -> tuple[Values, Values]:
    signs = 2 * labels[:, None] - 1
    short = margin - signs * scores
    return np.maximum(short, 0.0), np.where(short > 0, -signs, 0.0)


def softmax(scores: Values) -> Values:
    """Probabilities of the classes along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _softmax(scores: Values, labels: Values) -> tuple[Values, Values]:
    chances = softmax(scores)
    rows = np.arange(len(labels))
    classes = labels.astype(np.int64)
    gradient = chances.copy()
    gradient[rows, :, classes] -= 1.0
    return -np.log(np.maximum(chances[rows, :, classes], 1e-300)), gradient
