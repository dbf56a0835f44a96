"""Training of the built-in Linear Learner: channels in, `model_algo-1` out."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from headgate_runtimes.algorithms.contract import Channel, TrainingJob, report
from headgate_runtimes.algorithms.errors import CustomerError
from headgate_runtimes.algorithms.linear_learner.fit import Data, Linear, fit
from headgate_runtimes.algorithms.linear_learner.hyperparameters import BINARY, MULTICLASS, Plan, plan
from headgate_runtimes.algorithms.linear_learner.log import epoch_line, final_line, progress_line
from headgate_runtimes.algorithms.linear_learner.losses import OBJECTIVES, Values
from headgate_runtimes.algorithms.linear_learner.measures import choose_threshold, measure, output_scores
from headgate_runtimes.algorithms.linear_learner.model import Predictor
from headgate_runtimes.algorithms.recordio import read_recordio
from headgate_runtimes.algorithms.tables import data_files, read_csv

CHANNELS = ("train", "validation", "test")


def train(job: TrainingJob) -> None:
    """Train as the job says, and leave the model in its model folder.

    Raises:
        CustomerError: bad data or hyperparameters, or more than one host.
        AlgorithmFailure: no learning rate converged.
    """
    todo = plan(job.hyperparameters)
    if len(job.hosts) > 1:
        raise CustomerError(
            f"Linear Learner trains on one instance on the local cloud, and the request asks for {len(job.hosts)}: set "
            "InstanceCount to 1"
        )
    if "train" not in job.channels:
        raise CustomerError("channel 'train' is required")
    if unknown := sorted(set(job.channels) - set(CHANNELS)):
        raise CustomerError(f"channel '{unknown[0]}' is not one of Linear Learner's: {', '.join(CHANNELS)}")
    data = {name: load_channel(job.channels[name], todo) for name in CHANNELS if name in job.channels}
    _same_width(data)
    host, objective = job.current_host, OBJECTIVES[todo.loss]

    def epoch_report(epoch: int, loss: float, judged: float | None) -> None:
        _say(epoch_line(host, epoch, "train", objective, loss))
        if judged is not None:
            _say(epoch_line(host, epoch, "validation", objective, judged))
        _say(progress_line(host, epoch, todo.epochs))

    linear = fit(data["train"], data.get("validation"), todo, epoch_report)
    threshold = _threshold(linear, data.get("validation", data["train"]), todo)
    for name, part in data.items():
        for what, value in measure(linear, threshold, part, todo).items():
            _say(final_line(host, name, what, value))
    Predictor(todo.predictor_type, todo.loss, linear, threshold).save(job.model_folder)


def load_channel(channel: Channel, todo: Plan) -> Data:
    """Read a channel and check its labels and width.

    Raises:
        CustomerError: what is wrong, with file and line where there is one.
    """
    kind, *parameters = (part.strip() for part in channel.content_type.split(";"))
    for parameter in parameters:
        if parameter.startswith("label_size") and parameter.replace(" ", "") != "label_size=1":
            raise CustomerError(f"channel '{channel.name}': label_size must be 1")
    files = data_files(channel.folder, channel.name)
    if kind in {"", "application/x-recordio-protobuf"}:
        table = read_recordio(files, channel.name)
    elif kind == "text/csv":
        table = read_csv(files, channel.name)
    else:
        raise CustomerError(
            f"channel '{channel.name}': content type '{channel.content_type}' is not one of Linear Learner's: "
            "text/csv, application/x-recordio-protobuf (the default)"
        )
    if table.shape[1] < 2:
        raise CustomerError(f"channel '{channel.name}' has one column: the label and at least one feature are needed")
    if not np.isfinite(table).all():
        row = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
        raise CustomerError(f"channel '{channel.name}', row {row + 1}: Linear Learner takes no missing values")
    features = table.shape[1] - 1
    if todo.feature_dim not in {None, features}:
        raise CustomerError(
            f"hyperparameter 'feature_dim' is {todo.feature_dim}, and channel '{channel.name}' has {features} features"
        )
    return Data(table[:, 1:].astype(np.float64), _checked_labels(table[:, 0].astype(np.float64), channel.name, todo))


def _checked_labels(labels: Values, channel: str, todo: Plan) -> Values:
    classes = {BINARY: 2, MULTICLASS: todo.num_classes}.get(todo.predictor_type)
    if classes is not None:
        wrong = np.flatnonzero((labels != np.floor(labels)) | (labels < 0) | (labels >= classes))
        if wrong.size:
            raise CustomerError(
                f"channel '{channel}', row {int(wrong[0]) + 1}: label {labels[wrong[0]]:g} is not one of 0 to "
                f"{classes - 1}; the label stands in the first column"
            )
    return labels


def _same_width(data: dict[str, Data]) -> None:
    width = data["train"].features.shape[1]
    for name, part in data.items():
        if part.features.shape[1] != width:
            raise CustomerError(
                f"channel '{name}' has {part.features.shape[1]} features, and channel 'train' has {width}"
            )


def _threshold(linear: Linear, data: Data, todo: Plan) -> float:
    if todo.predictor_type != BINARY:
        return 0.0
    return choose_threshold(output_scores(linear.scores(data.features), todo)[:, 0], data.labels, todo)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(root: Path) -> int:
    """Train the job staged under `root` (`/opt/ml`); returns the exit code."""
    return report(root, train)
