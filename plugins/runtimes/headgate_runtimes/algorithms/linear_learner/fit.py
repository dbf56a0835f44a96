"""Mini-batch training of several linear models side by side; the best by validation loss is kept.

SageMaker trains `num_models` models in parallel with different settings and keeps the best. Here they differ in their
learning rate when that is `auto`: from 0.005, the documented start, up to 0.5 in equal ratios. A given learning rate is
used as it is, and one model suffices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from headgate_runtimes.algorithms.errors import AlgorithmFailure
from headgate_runtimes.algorithms.linear_learner.hyperparameters import BINARY, MULTICLASS, Plan
from headgate_runtimes.algorithms.linear_learner.losses import Loss, Values, loss_function

SEED = 0
_RATES = (0.005, 0.5)


@dataclass(frozen=True, slots=True)
class Data:
    """Rows of features (rows, features) and their labels (rows,)."""

    features: Values
    labels: Values


@dataclass(frozen=True, slots=True)
class Scaler:
    """Shift and scale of each feature and of the label; all zeros and ones when nothing is normalized."""

    shift: Values
    scale: Values
    label_shift: float
    label_scale: float

    @staticmethod
    def of(data: Data, plan: Plan) -> Scaler:
        """Learn from the first rows, as many as `num_point_for_scaler`."""
        sample = data.features[: plan.num_point_for_scaler]
        labels = data.labels[: plan.num_point_for_scaler]
        width = sample.shape[1]
        spread = sample.std(axis=0)
        return Scaler(
            shift=sample.mean(axis=0) if plan.unbias_data else np.zeros(width),
            scale=np.where(spread > 0, spread, 1.0) if plan.normalize_data else np.ones(width),
            label_shift=float(labels.mean()) if plan.unbias_label else 0.0,
            label_scale=float(labels.std()) or 1.0 if plan.normalize_label else 1.0,
        )

    def apply(self, data: Data) -> Data:
        return Data((data.features - self.shift) / self.scale, (data.labels - self.label_shift) / self.label_scale)


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear model in the data's own units: weights (features, outputs), bias (outputs,)."""

    weights: Values
    bias: Values

    def scores(self, features: Values) -> Values:
        return np.asarray(features @ self.weights + self.bias)


def fit(train: Data, validation: Data | None, plan: Plan, report: Callable[[int, float, float | None], None]) -> Linear:
    """Train, and give the best model.

    Args:
        train: what to learn from.
        validation: what to choose and to stop by; None uses the training loss.
        plan: the hyperparameters.
        report: told after each epoch the best model's training and validation loss.

    Raises:
        AlgorithmFailure: no model's loss was ever finite.
    """
    scaler = Scaler.of(train, plan)
    scaled = scaler.apply(train)
    held = scaler.apply(validation) if validation else None
    weights = example_weights(train.labels, train.labels, plan)
    held_weights = example_weights(validation.labels, train.labels, plan) if validation else weights
    models = _Models(plan, train.features.shape[1])
    random = np.random.default_rng(SEED)
    models.initialize(random)
    best_loss, best, waited = np.inf, models.take(0), 0
    for epoch in range(plan.epochs):
        order = random.permutation(len(scaled.labels))
        for start in range(0, len(order), plan.mini_batch_size):
            rows = order[start : start + plan.mini_batch_size]
            models.step(scaled.features[rows], scaled.labels[rows], weights[rows])
        losses = models.losses(scaled, weights)
        judged = models.losses(held, held_weights) if held else losses
        winner = int(np.argmin(np.where(np.isfinite(judged), judged, np.inf)))
        report(epoch, float(losses[winner]), float(judged[winner]) if held else None)
        waited = 0 if judged[winner] < best_loss * (1 - plan.early_stopping_tolerance) else waited + 1
        if judged[winner] < best_loss:
            best_loss, best = float(judged[winner]), models.take(winner)
        if waited >= plan.early_stopping_patience:
            break
    if not np.isfinite(best_loss):
        raise AlgorithmFailure("training diverged: lower learning_rate, or set it to auto")
    return _unscaled(best, scaler)


def _unscaled(model: Linear, scaler: Scaler) -> Linear:
    """Fold the scaling into the model, so that it takes the data as it comes."""
    weights = model.weights / scaler.scale[:, None] * scaler.label_scale
    bias = model.bias * scaler.label_scale + scaler.label_shift - scaler.shift @ weights
    return Linear(weights, bias)


def example_weights(labels: Values, reference: Values, plan: Plan) -> Values:
    """How much each example counts; balance is that of the reference, which is always the training data."""
    weights = np.ones(len(labels))
    if plan.predictor_type == BINARY:
        positive = labels == 1
        multiplier = plan.positive_example_weight_mult
        if multiplier == "balanced":
            multiplier = float((reference != 1).sum() / max((reference == 1).sum(), 1))
        weights[positive] = float(multiplier)
    elif plan.predictor_type == MULTICLASS and plan.balance_multiclass_weights:
        counts = np.bincount(reference.astype(np.int64), minlength=plan.num_classes)
        weights = len(reference) / (plan.num_classes * np.maximum(counts, 1))[labels.astype(np.int64)]
    return weights


class _Models:
    """Weights (models, features + 1, outputs) and the optimizer's memory; the last row of weights is the bias."""

    def __init__(self, plan: Plan, features: int) -> None:
        self.plan = plan
        count = 1 if plan.learning_rate else plan.num_models
        self.rates = np.geomspace(*_RATES, count) if plan.learning_rate is None else np.array([plan.learning_rate])
        self.weights = np.zeros((count, features + 1, plan.num_classes))
        self.first = np.zeros_like(self.weights)
        self.second = np.zeros_like(self.weights)
        self.steps = 0
        self.loss: Loss = loss_function(plan)
        self.rate_factors = np.ones((1, features + 1, 1))
        self.rate_factors[:, -1] = plan.bias_lr_mult if plan.use_bias else 0.0
        self.decay = np.full((1, features + 1, 1), plan.wd)
        self.decay[:, -1] = plan.wd * plan.bias_wd_mult

    def initialize(self, random: np.random.Generator) -> None:
        shape = self.weights[:, :-1].shape[1:]
        plan = self.plan
        if plan.init_method == "uniform":
            start = random.uniform(-plan.init_scale, plan.init_scale, shape)
        else:
            start = random.normal(0.0, plan.init_sigma, shape)
        self.weights[:, :-1] = start
        self.weights[:, -1] = plan.init_bias if plan.use_bias else 0.0

    def _scores(self, features: Values) -> Values:
        scores = np.einsum("rf,mfo->rmo", features, self.weights[:, :-1], optimize=True) + self.weights[:, -1]
        return np.asarray(scores if self.plan.predictor_type == MULTICLASS else scores[:, :, 0])

    def losses(self, data: Data, weights: Values) -> Values:
        """Each model's mean loss."""
        with np.errstate(over="ignore", invalid="ignore"):
            losses = self.loss(self._scores(data.features), data.labels)[0]
            return np.asarray(weights @ losses / weights.sum())

    def step(self, features: Values, labels: Values, weights: Values) -> None:
        """One step of every model down the gradient of a mini-batch."""
        with np.errstate(over="ignore", invalid="ignore"):
            gradient = self.loss(self._scores(features), labels)[1]
            if gradient.ndim == 2:
                gradient = gradient[:, :, None]
            gradient = gradient * weights[:, None, None] / len(labels)
            slope = np.empty_like(self.weights)
            slope[:, :-1] = np.einsum("rf,rmo->mfo", features, gradient, optimize=True)
            slope[:, -1] = gradient.sum(axis=0)
            slope += self.decay * self.weights
            self.steps += 1
            move = self._rate() * self.rate_factors * self._direction(slope)
            self.weights -= move
            if self.plan.l1:
                shrink = self._rate() * self.plan.l1
                kept = self.weights[:, :-1]
                self.weights[:, :-1] = np.sign(kept) * np.maximum(np.abs(kept) - shrink, 0.0)

    def _rate(self) -> Values:
        rates = self.rates
        if self.plan.use_lr_scheduler:
            factor = self.plan.lr_scheduler_factor ** (self.steps // self.plan.lr_scheduler_step)
            rates = np.maximum(rates * factor, self.plan.lr_scheduler_minimum_lr)
        return rates[:, None, None]

    def _direction(self, slope: Values) -> Values:
        plan = self.plan
        if plan.optimizer == "sgd":
            self.first = plan.momentum * self.first + slope
            return np.asarray(self.first)
        self.second = plan.beta_2 * self.second + (1 - plan.beta_2) * slope**2
        spread = np.sqrt(self.second / (1 - plan.beta_2**self.steps)) + 1e-8
        if plan.optimizer == "rmsprop":
            return np.asarray(slope / spread)
        self.first = plan.beta_1 * self.first + (1 - plan.beta_1) * slope
        return np.asarray(self.first / (1 - plan.beta_1**self.steps) / spread)

    def take(self, index: int) -> Linear:
        return Linear(self.weights[index, :-1].copy(), self.weights[index, -1].copy())
