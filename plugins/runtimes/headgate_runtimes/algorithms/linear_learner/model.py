"""The model file of Linear Learner here: `model_algo-1`, JSON of plain coefficients in the data's own units.

SageMaker's own file of that name is an archive of MXNet, which nothing here can read; neither can it read this one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.linear_learner.fit import Linear
from headgate_runtimes.algorithms.linear_learner.hyperparameters import BINARY, REGRESSOR
from headgate_runtimes.algorithms.linear_learner.losses import Values, probability, softmax

FILE = "model_algo-1"
_FORMAT = "headgate-linear-learner/1"


@dataclass(frozen=True, slots=True)
class Predictor:
    """A trained model, ready to predict. `threshold` is the score above which an example is positive."""

    predictor_type: str
    loss: str
    linear: Linear
    threshold: float

    @property
    def features(self) -> int:
        return int(self.linear.weights.shape[0])

    def predict(self, rows: Values) -> list[dict[str, Any]]:
        """SageMaker's answer for each row: `score`, and `predicted_label` for classifiers."""
        scores = self.linear.scores(rows)
        if self.predictor_type == REGRESSOR:
            return [{"score": value} for value in scores[:, 0].tolist()]
        if self.predictor_type == BINARY:
            values = (probability(scores) if self.loss == "logistic" else scores)[:, 0].tolist()
            return [{"score": value, "predicted_label": int(value > self.threshold)} for value in values]
        chances = softmax(scores)
        labels = chances.argmax(axis=1).tolist()
        return [{"score": row, "predicted_label": label} for row, label in zip(chances.tolist(), labels, strict=True)]

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        content = {
            "format": _FORMAT,
            "predictor_type": self.predictor_type,
            "loss": self.loss,
            "threshold": self.threshold,
            "weights": self.linear.weights.tolist(),
            "bias": self.linear.bias.tolist(),
        }
        (folder / FILE).write_text(json.dumps(content), encoding="utf-8")

    @staticmethod
    def load(folder: Path) -> Predictor:
        """Read a model folder.

        Raises:
            CustomerError: there is no model file, or it is not of this format.
        """
        file = folder / FILE
        if not file.is_file():
            raise CustomerError(f"no model file '{FILE}' in {folder}")
        try:
            content: Mapping[str, Any] = json.loads(file.read_bytes())
        except ValueError:
            content = {}
        if content.get("format") != _FORMAT:
            raise CustomerError(
                f"model file {file.name} was not written by the local cloud's Linear Learner; train it here to "
                "serve it here"
            )
        linear = Linear(np.asarray(content["weights"]), np.asarray(content["bias"]))
        return Predictor(content["predictor_type"], content["loss"], linear, float(content["threshold"]))
