"""Serving of the built-in XGBoost algorithm: CSV, LIBSVM or RecordIO-protobuf in, scores out.

Answers are SageMaker's: scores a line for text/csv, `{"predictions": [{"score": …}]}` for JSON, and with the variable
`SAGEMAKER_INFERENCE_OUTPUT` the content keys that it selects ("XGBoost: selectable inference output").
"""

from __future__ import annotations

import json
import math
import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.recordio import parse_recordio
from headgate_runtimes.algorithms.tables import parse_csv, parse_libsvm
from headgate_runtimes.algorithms.xgboost.data import CSV, LIBSVM, PARQUET, content_kind, sparse_matrix
from headgate_runtimes.algorithms.xgboost.quick_import import import_xgboost
from headgate_runtimes.serving.codecs import CSV as TEXT_CSV
from headgate_runtimes.serving.codecs import JSON, JSON_LINES, encode, media_type
from headgate_runtimes.serving.http import BadRequestError, Request, Response, serve

_ACCEPTS = (TEXT_CSV, JSON, JSON_LINES)
_CLASS_KEYS = ("predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores")
_UNLIKELY = {"binary:logitraw", "binary:hinge", "multi:softmax"}
"""Objectives whose predictions are no probabilities."""


def load_booster(folder: Path) -> Any:
    """The Booster of a model folder, whether pickled or in the library's own format.

    Raises:
        CustomerError: there is no model file, or more than one, or it is no Booster.
    """
    xgboost = import_xgboost()
    files = [file for file in sorted(folder.iterdir()) if file.is_file() and not file.name.startswith(".")]
    if not files:
        raise CustomerError(f"no model file in {folder}: model.tar.gz must hold 'xgboost-model'")
    file = next((entry for entry in files if entry.name == "xgboost-model"), files[0])
    content = file.read_bytes()
    try:
        booster = pickle.loads(content)  # noqa: S301  the model is the user's own code already
    except xgboost.core.XGBoostError as error:
        raise CustomerError(
            f"model file {file.name} was pickled by a version of XGBoost that the installed {xgboost.__version__} "
            "cannot read; load it with the version that wrote it, and save it with Booster.save_model"
        ) from error
    except Exception:
        booster = xgboost.Booster()
        try:
            booster.load_model(bytearray(content))
        except xgboost.core.XGBoostError as error:
            raise CustomerError(f"model file {file.name} is no XGBoost model: {str(error).splitlines()[0]}") from error
    booster = booster.get_booster() if hasattr(booster, "get_booster") else booster
    if not isinstance(booster, xgboost.Booster):
        raise CustomerError(f"model file {file.name} holds a {type(booster).__name__}, not an XGBoost model")
    booster.set_param({"nthread": 1})
    return booster


def parse_body(body: bytes, content_type: str | None) -> Any:
    """A request's rows as a DMatrix; they hold no label.

    Raises:
        BadRequestError: 415 for a content type that XGBoost does not read, 400 for a body that is not of its type.
    """
    xgboost = import_xgboost()
    try:
        kind = content_kind(content_type or "") if content_type or not _looks_like_csv(body) else CSV
    except CustomerError as error:
        raise BadRequestError(str(error), 415) from error
    try:
        if kind == CSV:
            return xgboost.DMatrix(parse_csv(body, "payload"), nthread=1)
        if kind == LIBSVM:
            return sparse_matrix(xgboost, parse_libsvm(_with_labels(body.decode("utf-8")), "payload"))
        if kind == PARQUET:
            raise BadRequestError("content type 'application/x-parquet' is for training only", 415)
        return xgboost.DMatrix(np.array([features.dense() for features, _ in parse_recordio(body, "payload")]))
    except (CustomerError, UnicodeDecodeError) as error:
        raise BadRequestError(str(error)) from error


def _looks_like_csv(body: bytes) -> bool:
    """Whether a body of no stated type has commas and none of LIBSVM's colons in its first line.

    AWS's examples send such bodies. The container of SageMaker reads them as LIBSVM lines without any feature, so that
    every row gets the same score; what was meant is answered instead.
    """
    line = body.lstrip().partition(b"\n")[0]
    return b"," in line and b":" not in line


def _with_labels(text: str) -> str:
    """LIBSVM lines may leave the label out when they ask for a prediction."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"0 {line}" if ":" in line.split()[0] else line for line in lines)


class BoosterModel:
    """Answers invocations with a Booster. `selected` are the content keys of SAGEMAKER_INFERENCE_OUTPUT."""

    def __init__(self, booster: Any, *, accept: str, selected: Sequence[str], batch: bool) -> None:
        self._booster = booster
        self._accept = accept
        self._selected = tuple(selected)
        self._batch = batch
        learner = json.loads(booster.save_config())["learner"]
        self._objective = str(learner["objective"]["name"])
        self._classes = int(learner["learner_model_param"].get("num_class", 0))
        self._features = int(booster.num_features())

    def invoke(self, request: Request) -> Response:
        if not request.body:
            return Response(b"", "text/plain", 204)
        accept = media_type(request.accept or self._accept)
        if accept not in _ACCEPTS:
            raise BadRequestError(f"accept '{accept}' is not supported: {', '.join(_ACCEPTS)}", 406)
        rows = parse_body(request.body, request.content_type)
        self._check_width(rows.num_col(), request.content_type)
        predictions = self._booster.predict(rows, validate_features=False)
        if self._selected:
            return Response(self._chosen(predictions, accept), accept)
        if self._batch:
            return Response(("\n".join(str(value) for value in predictions.tolist()) + "\n").encode(), accept)
        if accept == TEXT_CSV:
            return Response(encode(predictions, accept), accept)
        scores = [{"score": score} for score in predictions.tolist()]
        return Response(encode({"predictions": scores} if accept == JSON else scores, accept), accept)

    def _check_width(self, width: int, content_type: str | None) -> None:
        sparse = content_kind(content_type or "") == LIBSVM
        if width > self._features or (not sparse and width != self._features):
            raise BadRequestError(f"the payload has {width} features, and the model was trained with {self._features}")

    def _chosen(self, predictions: Any, accept: str) -> bytes:
        rows = [selected_content(value, self._objective, self._classes, self._selected) for value in predictions]
        if accept == JSON:
            return json.dumps({"predictions": rows}).encode()
        if accept == JSON_LINES:
            return "".join(json.dumps(row) + "\n" for row in rows).encode()
        lines = [
            ",".join(f'"{row[key]}"' if isinstance(row[key], list) else str(row[key]) for key in self._selected)
            for row in rows
        ]
        return ("\n".join(lines) + ("\n" if self._batch else "")).encode()


def selected_content(value: Any, objective: str, classes: int, keys: Sequence[str]) -> Mapping[str, Any]:
    """One prediction by content keys; a key that the objective does not have is NaN, as on SageMaker."""
    if objective.startswith("reg:"):
        return {key: float(value) if key == "predicted_score" else math.nan for key in keys}
    vector = np.ndim(value) > 0
    score = float(np.max(value)) if vector else float(value)
    scores = [float(part) for part in value] if vector else [1.0 - score, score]
    if vector:
        label = int(np.argmax(value))
    elif objective in {"binary:hinge", "multi:softmax"}:
        label = int(value)
    else:
        label = int(score > (0.0 if objective == "binary:logitraw" else 0.5))
    likely = objective not in _UNLIKELY
    known = dict(
        zip(
            _CLASS_KEYS,
            (
                label,
                list(range(classes)) if classes else [0, 1],
                score if likely else math.nan,
                scores if likely else math.nan,
                score,
                scores,
            ),
            strict=True,
        )
    )
    return {key: known.get(key, math.nan) for key in keys}


def load_model(root: Path) -> BoosterModel:
    """The model of this process's environment."""
    keys = os.environ.get("SAGEMAKER_INFERENCE_OUTPUT", "").replace(" ", "").lower()
    return BoosterModel(
        load_booster(root / "model"),
        accept=os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", TEXT_CSV),
        selected=[key for key in keys.split(",") if key],
        batch=bool(os.environ.get("SAGEMAKER_BATCH")),
    )


def main(root: Path) -> int:
    """Serve until TERM; returns the exit code."""
    return serve(lambda: load_model(root))
