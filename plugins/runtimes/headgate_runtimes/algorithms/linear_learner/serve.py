"""Serving of the built-in Linear Learner: CSV, JSON, JSON Lines or RecordIO-protobuf in, `predictions` out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.linear_learner.losses import Values
from headgate_runtimes.algorithms.linear_learner.model import Predictor
from headgate_runtimes.algorithms.recordio import parse_recordio, write_labels
from headgate_runtimes.algorithms.tables import parse_csv
from headgate_runtimes.serving.codecs import CSV, JSON, JSON_LINES, media_type
from headgate_runtimes.serving.http import BadRequestError, Request, Response, serve

RECORDIO = "application/x-recordio-protobuf"
_INPUTS = (CSV, JSON, JSON_LINES, RECORDIO)
_OUTPUTS = (JSON, JSON_LINES, RECORDIO)


class LinearModel:
    """Answers invocations with a linear model."""

    def __init__(self, predictor: Predictor, accept: str) -> None:
        self._predictor = predictor
        self._accept = accept

    def invoke(self, request: Request) -> Response:
        accept = media_type(request.accept or self._accept)
        if accept not in _OUTPUTS:
            raise BadRequestError(f"accept '{accept}' is not supported: {', '.join(_OUTPUTS)}", 406)
        rows = parse_rows(request.body, request.content_type)
        if rows.shape[1] != self._predictor.features:
            raise BadRequestError(
                f"the payload has {rows.shape[1]} features, and the model was trained with {self._predictor.features}"
            )
        predictions = self._predictor.predict(rows)
        if accept == JSON:
            return Response(json.dumps({"predictions": predictions}).encode(), accept)
        if accept == RECORDIO:
            return Response(write_labels(predictions), accept)
        return Response("".join(json.dumps(prediction) + "\n" for prediction in predictions).encode(), accept)


def parse_rows(body: bytes, content_type: str | None) -> Values:
    """A request's rows of features.

    Raises:
        BadRequestError: 415 for a content type that Linear Learner does not read, 400 for a body not of its type.
    """
    kind = media_type(content_type)
    if kind not in _INPUTS:
        raise BadRequestError(f"content type '{content_type}' is not supported: {', '.join(_INPUTS)}", 415)
    if not body.strip():
        raise BadRequestError("the payload is empty")
    try:
        if kind == CSV:
            return parse_csv(body, "payload").astype(np.float64)
        if kind == RECORDIO:
            return np.array([features.dense() for features, _ in parse_recordio(body, "payload")])
        if kind == JSON_LINES:
            instances = [json.loads(line) for line in body.splitlines() if line.strip()]
        else:
            instances = json.loads(body)["instances"]
        rows = np.array([_features(instance) for instance in instances], dtype=np.float64)
    except CustomerError as error:
        raise BadRequestError(str(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise BadRequestError(
            f"the payload is not what Linear Learner reads as {kind}: {error!r}; the form is "
            '{"instances": [{"features": [1.5, 2.0]}]}, or one instance a line'
        ) from error
    return rows


def _features(instance: Any) -> list[float]:
    """`{"features": […]}`, or `{"data": {"features": {"values": […]}}}`, with `keys` and `shape` when sparse."""
    content = instance["features"] if "features" in instance else instance["data"]["features"]
    if isinstance(content, list):
        return content
    values: list[float] = content["values"]
    if "keys" not in content:
        return values
    row = [0.0] * int(content["shape"][0])
    for key, value in zip(content["keys"], values, strict=True):
        row[int(key)] = value
    return row


def load_model(root: Path) -> LinearModel:
    """The model of this process's environment."""
    accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
    return LinearModel(Predictor.load(root / "model"), accept)


def main(root: Path) -> int:
    """Serve until TERM; returns the exit code."""
    return serve(lambda: load_model(root))
