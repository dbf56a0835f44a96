"""How good a linear model is, and at which score an example counts as positive."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headgate_runtimes.algorithms.linear_learner.fit import Data, Linear
from headgate_runtimes.algorithms.linear_learner.hyperparameters import BINARY, REGRESSOR, Plan
from headgate_runtimes.algorithms.linear_learner.losses import OBJECTIVES, Values, loss_function, probability, softmax

Flags = NDArray[np.bool_]


def measure(model: Linear, threshold: float, data: Data, plan: Plan) -> dict[str, float]:
    """The measures that SageMaker reports for a predictor type, by the names in its log lines."""
    scores = model.scores(data.features)
    raw = scores[:, None, :] if plan.num_classes > 1 else scores
    objective = float(loss_function(plan)(raw, data.labels)[0].mean())
    measures = {OBJECTIVES[plan.loss]: objective}
    if plan.predictor_type == REGRESSOR:
        return measures | _regression(scores[:, 0], data.labels)
    if plan.predictor_type == BINARY:
        return measures | _binary(output_scores(scores, plan)[:, 0], data.labels, threshold, plan.f_beta)
    return measures | _multiclass(scores, data.labels, plan)


def output_scores(scores: Values, plan: Plan) -> Values:
    """What a prediction's `score` is: a probability with logistic and softmax loss, else the score itself."""
    if plan.loss == "logistic":
        return probability(scores)
    return softmax(scores) if plan.loss == "softmax_loss" else scores


def _regression(predictions: Values, labels: Values) -> dict[str, float]:
    error = predictions - labels
    mse = float(np.mean(error**2))
    mae = float(np.mean(np.abs(error)))
    spread = float(np.mean((labels - labels.mean()) ** 2))
    return {"mse": mse, "rmse": mse**0.5, "absolute_loss": mae, "mae": mae, "r2": 1 - mse / spread if spread else 0.0}


def _binary(scores: Values, labels: Values, threshold: float, beta: float) -> dict[str, float]:
    found = scores > threshold
    precision, recall, f_beta = _rates(found, labels == 1, beta)
    return {
        "binary_classification_accuracy": float(np.mean(found == (labels == 1))),
        f"binary_f_{beta:.3f}": f_beta,
        "precision": precision,
        "recall": recall,
        "roc_auc_score": _area(scores, labels),
    }


def _rates(found: Flags, true: Flags, beta: float) -> tuple[float, float, float]:
    """Precision, recall and F-beta; zero where they are not defined."""
    hits = float(np.sum(found & true))
    precision = hits / float(found.sum()) if found.any() else 0.0
    recall = hits / float(true.sum()) if true.any() else 0.0
    below = beta**2 * precision + recall
    return precision, recall, (1 + beta**2) * precision * recall / below if below else 0.0


def _area(scores: Values, labels: Values) -> float:
    """The area under the ROC curve, by the ranks of the positive examples; ties count half."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    positive = labels == 1
    count, others = float(positive.sum()), float((~positive).sum())
    if not count or not others:
        return 0.0
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * others))


def _multiclass(scores: Values, labels: Values, plan: Plan) -> dict[str, float]:
    classes = labels.astype(np.int64)
    found = scores.argmax(axis=1)
    k = min(plan.accuracy_top_k, plan.num_classes)
    top = np.argsort(-scores, axis=1)[:, :k]
    rates = [_rates(found == index, classes == index, plan.f_beta) for index in range(plan.num_classes)]
    precision, recall, f_beta = (float(np.mean(column)) for column in zip(*rates, strict=True))
    return {
        "multiclass_accuracy": float(np.mean(found == classes)),
        f"multiclass_top_k_accuracy_{plan.accuracy_top_k}": float(np.mean((top == classes[:, None]).any(axis=1))),
        "macro_precision": precision,
        "macro_recall": recall,
        f"macro_f_{plan.f_beta:.3f}": f_beta,
    }


def choose_threshold(scores: Values, labels: Values, plan: Plan) -> float:
    """The score above which an example is positive, by `binary_classifier_model_selection_criteria`.

    Candidates lie half-way between neighbouring scores; of equally good ones the one nearest to the natural threshold
    (0.5 for probabilities, 0 for hinge loss) is taken.
    """
    natural = 0.5 if plan.loss == "logistic" else 0.0
    if plan.criteria == "loss_function" or not len(scores):
        return natural
    scores, labels = scores[: plan.num_calibration_samples], labels[: plan.num_calibration_samples]
    order = np.argsort(-scores, kind="stable")
    ranked, true = scores[order], labels[order] == 1
    hits = np.concatenate([[0], np.cumsum(true)]).astype(float)
    found = np.arange(len(ranked) + 1, dtype=float)
    ends = np.concatenate([[True], ranked[1:] != ranked[:-1], [True]])
    goodness = _goodness(hits, found, float(true.sum()), plan)
    highest = ranked[0] + 1.0
    above = np.concatenate([[highest], ranked])
    below = np.concatenate([ranked, [ranked[-1] - 1.0]])
    thresholds = (above + below) / 2
    candidates = np.flatnonzero(ends & (goodness >= goodness[ends].max() - 1e-12))
    best = candidates[np.argmin(np.abs(thresholds[candidates] - natural))]
    span = (below[best], above[best])
    return float(natural) if span[0] <= natural < span[1] else float(thresholds[best])


def _goodness(hits: Values, found: Values, positives: float, plan: Plan) -> Values:
    """How good it is to call the first 0, 1, 2, … examples positive."""
    total = found[-1]
    precision = np.divide(hits, found, out=np.zeros_like(hits), where=found > 0)
    recall = hits / max(positives, 1.0)
    if plan.criteria == "accuracy":
        return np.asarray((hits + (total - positives) - (found - hits)) / total)
    if plan.criteria == "precision_at_target_recall":
        return np.where(recall >= plan.target_recall, precision, -1.0)
    if plan.criteria == "recall_at_target_precision":
        return np.where(precision >= plan.target_precision, recall, -1.0)
    below = plan.f_beta**2 * precision + recall
    above = (1 + plan.f_beta**2) * precision * recall
    return np.divide(above, below, out=np.zeros_like(below), where=below > 0)
