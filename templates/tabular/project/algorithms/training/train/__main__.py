"""Train: this project's own model, with scikit-learn, under SageMaker's script mode.

Reads    the channels `train` and `validation` (SM_CHANNEL_TRAIN, SM_CHANNEL_VALIDATION): target first, no header
Writes   model.joblib into SM_MODEL_DIR, and beside it code/, the code that serves it
Prints   `validation:<metric>=<number>` lines, which SageMaker collects as the job's metrics
Arguments are the hyperparameters. The same data, hyperparameters and seed give the same bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Sequence

import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from tabular import failures, metrics
from tabular.failures import StepError

HERE = Path(__file__).parent
# In a container the inference code is shipped beside this file; in the project it has a folder of its own.
INFERENCE = HERE / "predict" if (HERE / "predict").is_dir() else HERE.parents[1] / "inference" / "predict"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the step. Raises StepError when a channel is not what preprocess writes."""
    arguments = parse(argv)
    truth, features = read(arguments.train)
    model = make(arguments).fit(features, truth)
    joblib.dump(model, arguments.model_dir / "model.joblib")
    pack_code(arguments.model_dir / "code")
    for name, value in measure(model, *read(arguments.validation)).items():
        print(f"validation:{name}={value:.6f}")


def pack_code(folder: Path) -> None:
    """Put the inference code into the model's archive: what was trained is served by what was trained with it."""
    folder.mkdir(exist_ok=True)
    for file in sorted(INFERENCE.glob("*.py")):
        if file.name != "__main__.py":
            shutil.copyfile(file, folder / file.name)


def make(arguments: argparse.Namespace) -> Any:
    """The model before it is fitted. One thread: the order of sums is part of the result."""
    kind = RandomForestRegressor if arguments.task == "regression" else RandomForestClassifier
    return kind(
        n_estimators=arguments.n_estimators,
        max_depth=arguments.max_depth or None,
        min_samples_leaf=arguments.min_samples_leaf,
        max_features=arguments.max_features,
        random_state=arguments.seed,
        n_jobs=1,
    )


def measure(model: Any, truth: np.ndarray, features: np.ndarray) -> dict[str, float]:
    """Metrics by name, as evaluate measures them."""
    if not hasattr(model, "predict_proba"):
        return metrics.regression(truth, model.predict(features))
    probability = model.predict_proba(features)
    if probability.shape[1] == 2:
        return metrics.binary(truth.astype(int), probability[:, 1])
    return metrics.multiclass(truth.astype(int), probability)


def read(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Targets (n) and features (n x m) of all CSV files of a channel."""
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise StepError(f"the channel {folder.name} has no .csv file")
    try:
        values = np.concatenate([np.loadtxt(file, delimiter=",", ndmin=2) for file in files])
    except ValueError as error:
        raise StepError(f"the channel {folder.name} is not a table of numbers without a header: {error}") from error
    return values[:, 0], values[:, 1:]


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="train", description=__doc__)
    parser.add_argument("--task", choices=("regression", "classification"), required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--n_estimators", type=int, default=200)
    parser.add_argument("--max_depth", type=int, default=0, help="0: until leaves are pure")
    parser.add_argument("--min_samples_leaf", type=int, default=3)
    parser.add_argument("--max_features", type=float, default=0.5, help="fraction of the features tried at each split")
    parser.add_argument(
        "--train", type=Path, default=Path(os.environ.get("SM_CHANNEL_TRAIN", "/opt/ml/input/data/train"))
    )
    parser.add_argument(
        "--validation",
        type=Path,
        default=Path(os.environ.get("SM_CHANNEL_VALIDATION", "/opt/ml/input/data/validation")),
    )
    parser.add_argument("--model-dir", type=Path, default=Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model")))
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(failures.run(main, failures.TRAINING_MESSAGE))
