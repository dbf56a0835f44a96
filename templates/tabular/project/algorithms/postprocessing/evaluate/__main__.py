"""Evaluate: measure the model on the test rows, and compare it with the best version so far.

Reads    /opt/ml/processing/input/model/model.tar.gz
         /opt/ml/processing/input/test/test.csv              target first, no header
         /opt/ml/processing/input/predictions/*.out          instead of predicting here, when a batch transform did
Writes   /opt/ml/processing/output/evaluation/
           evaluation.json   the metrics, in the shape of SageMaker's model quality statistics
           result.json       the metric that decides, the best so far, `improvement` over it (0 when there is none), and
                             what the registered version records, as text
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np
from tabular import failures, metrics, models, registry
from tabular.failures import StepError


def registry_client() -> Any:
    """SageMaker's client, wherever the environment says SageMaker is."""
    import boto3

    return boto3.client("sagemaker")


def main(argv: Sequence[str] | None = None, client: Callable[[], Any] = registry_client) -> None:
    """Run the step. Raises StepError when model, data or registry do not fit."""
    arguments = parse(argv)
    truth, features = read_test(arguments.input / "test" / "test.csv")
    with tempfile.TemporaryDirectory() as unpacked:
        model_digest = models.unpack(arguments.input / "model" / "model.tar.gz", Path(unpacked))
        predicted = predict(arguments, Path(unpacked), features)
    report = measure(arguments, truth, predicted)
    (group,) = report.values()
    best = registry.Best()
    if arguments.group:
        versions = registry.recorded(client(), registry.place_of(arguments.group, os.environ), arguments.metric)
        best = registry.best(versions, arguments.direction)
    result = compare(arguments, group, best)
    result["as_text"].update(model_digest=model_digest, test_rows=str(len(truth)))
    write_json(arguments.output / "evaluation" / "evaluation.json", report)
    write_json(arguments.output / "evaluation" / "result.json", result)
    text = result["as_text"]
    print(f"{arguments.metric} {text['shown']} on {len(truth)} test rows; best so far: {text['best']}")


def measure(arguments: argparse.Namespace, truth: np.ndarray, predicted: np.ndarray) -> dict[str, Any]:
    """The metric group of evaluation.json. Raises StepError when predictions do not fit the test rows or the metric."""
    kind = "regression" if arguments.task == "regression" else "binary" if arguments.classes == 2 else "multiclass"
    expected = (len(truth), arguments.classes) if kind == "multiclass" else (len(truth),)
    if predicted.shape != expected:
        raise StepError(f"the model answered with the shape {predicted.shape}, but the test rows need {expected}")
    if not np.isfinite(predicted).all():
        raise StepError("the model predicts values that are not finite numbers")
    report = metrics.report(kind, truth if kind == "regression" else truth.astype(int), predicted, arguments.seed)
    known = [name for name in report[metrics.GROUPS[kind]] if name != "confusion_matrix"]
    if arguments.metric not in known:
        raise StepError(f"there is no metric '{arguments.metric}' for {kind} models, only {', '.join(known)}")
    return report


def compare(arguments: argparse.Namespace, group: dict[str, Any], best: registry.Best) -> dict[str, Any]:
    """What result.json says: the metric that decides, against the best version so far."""
    value = group[arguments.metric]["value"]
    return {
        "metric": arguments.metric,
        "direction": arguments.direction,
        "value": value,
        "improvement": registry.improvement(value, best.value, arguments.direction),
        "best_so_far": {"value": best.value, "model_package": best.model_package, "compared": best.compared},
        "as_text": {
            "metrics": {name: f"{each['value']:.17g}" for name, each in group.items() if name != "confusion_matrix"},
            "shown": f"{value:.6g}",
            "best": "none" if best.value is None else f"{best.value:.6g}",
            "best_model_package": best.model_package or "none",
        },
    }


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_test(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """Targets (n) and features (n x m) of what preprocess wrote."""
    if not file.is_file() or not file.stat().st_size:
        raise StepError(f"{file.name}: there are no test rows")
    try:
        values = np.loadtxt(file, delimiter=",", ndmin=2)
    except ValueError as error:
        raise StepError(f"{file.name}: not a table of numbers without a header: {error}") from error
    if values.shape[1] < 2:
        raise StepError(f"{file.name}: there are no features beside the target")
    return values[:, 0], values[:, 1:]


def predict(arguments: argparse.Namespace, folder: Path, features: np.ndarray) -> np.ndarray:
    """What the model says of the test rows: n numbers or probabilities of class 1, or n x k class probabilities."""
    if arguments.algorithm == "xgboost":
        return models.predict_xgboost(folder, features)
    if arguments.algorithm == "script":
        inference = load_inference(folder / "code" / "inference.py")
        return np.asarray(inference.predict_fn(features, inference.model_fn(str(folder))), dtype="float64")
    return read_predictions(arguments.input / "predictions")


def load_inference(file: Path) -> Any:
    """The serving code out of the model's own archive. Raises StepError when it is not there."""
    if not file.is_file():
        raise StepError("model.tar.gz: there is no code/inference.py in it; train must put it there")
    spec = importlib.util.spec_from_file_location("inference", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_predictions(folder: Path) -> np.ndarray:
    """The answers of a batch transform in JSON Lines: `{"score": ...}` for each test row, in order."""
    files = sorted(folder.rglob("*.out"))
    if not files:
        raise StepError("there are no predictions: the batch transform wrote no .out file")
    lines = [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    try:
        return np.asarray([json.loads(line)["score"] for line in lines], dtype="float64")
    except (ValueError, KeyError, TypeError) as error:
        raise StepError(f"{files[0].name}: not predictions in JSON Lines with a 'score' each: {error!r}") from error


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="evaluate", description=__doc__)
    parser.add_argument("--task", choices=("regression", "classification"), required=True)
    parser.add_argument("--classes", type=int, default=2)
    parser.add_argument("--algorithm", choices=("xgboost", "linear-learner", "script"), required=True)
    parser.add_argument("--metric", required=True)
    parser.add_argument("--direction", choices=("minimize", "maximize"), required=True)
    parser.add_argument("--group", default="", help="model package group whose best version to compare with")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--input", type=Path, default=Path("/opt/ml/processing/input"))
    parser.add_argument("--output", type=Path, default=Path("/opt/ml/processing/output"))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(failures.run(main, failures.PROCESSING_MESSAGE))
