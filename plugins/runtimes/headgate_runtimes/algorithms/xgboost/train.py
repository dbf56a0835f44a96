"""Training of the built-in XGBoost algorithm: channels in, `xgboost-model` out."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import warnings
from pathlib import Path
from typing import Any

from headgate_runtimes.algorithms.contract import TrainingJob
from headgate_runtimes.algorithms.errors import AlgorithmFailure, CustomerError
from headgate_runtimes.algorithms.xgboost.data import load_channel
from headgate_runtimes.algorithms.xgboost.group import join_hosts, tracker_port
from headgate_runtimes.algorithms.xgboost.hyperparameters import MAXIMIZED, Plan, plan
from headgate_runtimes.algorithms.xgboost.labels import check_labels
from headgate_runtimes.algorithms.xgboost.log import metric_line
from headgate_runtimes.algorithms.xgboost.metrics import ADDED, evaluation
from headgate_runtimes.algorithms.xgboost.quick_import import import_xgboost

MODEL = "xgboost-model"
CHECKPOINT = "xgboost-checkpoint"
_PICKLED_BEFORE = (1, 3)
_KEPT_CHECKPOINTS = 5
_CUSTOMER = (
    "label must be in",
    "label must be nonnegative",
    "label must be positive",
    "label must be non-negative",
    "labels must be in",
    "base_score must be in",
    "feature_names mismatch",
    "only pos or neg samples",
    "this metric is for two classes",
    "values out of bounds",
    "value 0 for parameter",
    "should be greater equal to",
    "should be smaller than num_class",
    "relevance degree",
    "the size of predt",
)
"""Parts of the library's messages that speak of the data or the hyperparameters, not of itself."""


def train(job: TrainingJob, version: tuple[int, int], environment: dict[str, str]) -> None:
    """Train as the job says, and leave the model in its model folder.

    Args:
        job: channels `train` (required) and `validation`, hyperparameters, hosts.
        version: of the image; before 1.3 the model file is a pickled Booster.
        environment: for the tracker's address when there are several hosts.

    Raises:
        CustomerError: bad data or hyperparameters.
        AlgorithmFailure: the library could not train.
    """
    todo = plan(job.hyperparameters, version)
    unknown = sorted(set(job.channels) - {"train", "validation", "code"})
    if "train" not in job.channels:
        raise CustomerError("channel 'train' is required")
    if unknown:
        raise CustomerError(f"channel '{unknown[0]}' is not one of XGBoost's: train, validation")
    xgboost = import_xgboost()
    if todo.ignored:
        _say(f"note: hyperparameters without effect in XGBoost {xgboost.__version__}: {', '.join(todo.ignored)}")
    port = tracker_port(environment.get("TRAINING_JOB_NAME", ""))
    with join_hosts(xgboost, job.hosts, job.current_host, port):
        data = [
            (load_channel(xgboost, job.channels[name], csv_weights=todo.csv_weights), name)
            for name in ("train", "validation")
            if name in job.channels
        ]
        for matrix, name in data:
            _say(f"{name.capitalize()} matrix has {matrix.num_row()} rows and {matrix.num_col()} columns")
            _check_labels(matrix, name, todo)
        _same_width(data)
        booster = _boost(xgboost, job, todo, data)
    if job.is_master:
        save_model(booster, job.model_folder, version)


def save_model(booster: Any, folder: Path, version: tuple[int, int]) -> None:
    """Write `xgboost-model`: a pickle for images before 1.3, the library's own format since."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / MODEL
    if version < _PICKLED_BEFORE:
        file.write_bytes(pickle.dumps(booster, protocol=4))
    else:
        file.write_bytes(booster.save_raw("ubj"))


def _check_labels(matrix: Any, channel: str, todo: Plan) -> None:
    objective = str(todo.parameters.get("objective", "reg:squarederror"))
    check_labels(matrix.get_label(), channel, objective, int(todo.parameters.get("num_class", 0)))


def _same_width(data: list[tuple[Any, str]]) -> None:
    widths = {name: matrix.num_col() for matrix, name in data}
    if widths.get("validation", 0) > widths["train"]:
        raise CustomerError(
            f"channel 'validation' has {widths['validation']} features, and channel 'train' has {widths['train']}"
        )


def _boost(xgboost: Any, job: TrainingJob, todo: Plan, data: list[tuple[Any, str]]) -> Any:
    objective = str(todo.parameters.get("objective", "reg:squarederror"))
    added = [metric for metric in todo.metrics if metric in ADDED]
    parameters = dict(todo.parameters)
    if own := [metric for metric in todo.metrics if metric not in ADDED]:
        parameters["eval_metric"] = own
    elif added:
        parameters["disable_default_eval_metric"] = 1
    before, done = _last_checkpoint(job.checkpoints)
    callbacks = _callbacks(xgboost, job, todo, [name for _, name in data])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return xgboost.train(
                parameters,
                data[0][0],
                num_boost_round=max(todo.num_round - done, 0),
                evals=data,
                custom_metric=evaluation(added, objective) if added else None,
                callbacks=callbacks,
                xgb_model=before,
                verbose_eval=False,
            )
    except Exception as error:
        text = str(error)
        if isinstance(error, ValueError) or any(part in text.lower() for part in _CUSTOMER):
            raise CustomerError(_plain(text)) from error
        raise AlgorithmFailure(f"XGB train call failed with exception:\n{text}") from error


def _plain(text: str) -> str:
    """The library's message without its own file names and stack."""
    first = text.split("\nStack trace", maxsplit=1)[0].strip()
    return first.rpartition("Check failed: ")[2] or first


def _callbacks(xgboost: Any, job: TrainingJob, todo: Plan, names: list[str]) -> list[Any]:
    class Lines(xgboost.callback.TrainingCallback):  # type: ignore[misc]
        """Writes each round's metrics, keeps checkpoints, and stops in order when the job is stopped."""

        stopping = False

        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            if job.is_master:
                _say(metric_line(epoch, evals_log))
                if job.checkpoints is not None:
                    _write_checkpoint(model, job.checkpoints, epoch)
            return self.stopping

    lines = Lines()
    if todo.save_on_termination:
        signal.signal(signal.SIGTERM, lambda *_: setattr(lines, "stopping", True))
    callbacks: list[Any] = [lines]
    if todo.early_stopping_rounds and "validation" in names:
        metric = todo.stopping_metric
        callbacks.append(
            xgboost.callback.EarlyStopping(
                rounds=todo.early_stopping_rounds,
                data_name="validation",
                metric_name=metric,
                maximize=(metric.partition("@")[0] in MAXIMIZED) if metric else None,
                save_best=True,
            )
        )
    elif todo.early_stopping_rounds:
        _say("note: early_stopping_rounds has no effect without a channel 'validation'")
    return callbacks


def _last_checkpoint(folder: Path | None) -> tuple[str | None, int]:
    """The newest checkpoint and how many rounds it holds."""
    found = _checkpoints(folder) if folder else []
    if not found:
        return None, 0
    rounds, file = found[-1]
    _say(f"Checkpoint loaded from {file}")
    return str(file), rounds + 1


def _checkpoints(folder: Path) -> list[tuple[int, Path]]:
    files = folder.glob(f"{CHECKPOINT}.*.ubj") if folder.is_dir() else []
    return sorted((int(file.name.split(".")[1]), file) for file in files)


def _write_checkpoint(model: Any, folder: Path, iteration: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{CHECKPOINT}.{iteration}.ubj"
    temporary = folder / f".{target.name}"
    temporary.write_bytes(model.save_raw("ubj"))
    temporary.replace(target)
    for _, old in _checkpoints(folder)[:-_KEPT_CHECKPOINTS]:
        old.unlink()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def version_of(environment: dict[str, str]) -> tuple[int, int]:
    """The image's version, from the runtime that started this program."""
    major, _, minor = environment.get("HEADGATE_ALGORITHM_VERSION", "3.0").partition(".")
    return int(major), int(minor or 0)


def main(root: Path) -> int:
    """Train the job staged under `root` (`/opt/ml`); returns the exit code."""
    from headgate_runtimes.algorithms.contract import report

    environment = dict(os.environ)
    return report(root, lambda job: train(job, version_of(environment), environment))
