"""Real data for the built-in algorithms, and a way to train on it in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headgate_runtimes.algorithms.contract import Channel, TrainingJob


@dataclass(frozen=True)
class Split:
    """A data set of scikit-learn's, shuffled and divided: four fifths to train."""

    train: np.ndarray
    validation: np.ndarray

    @staticmethod
    def of(features: np.ndarray, labels: np.ndarray) -> Split:
        table = np.column_stack([labels, features])[np.random.default_rng(1).permutation(len(labels))]
        cut = int(0.8 * len(table))
        return Split(table[:cut], table[cut:])


def as_csv(table: np.ndarray) -> str:
    return "".join(",".join(repr(float(value)) for value in row) + "\n" for row in table)


@pytest.fixture(scope="session")
def diabetes() -> Split:
    from sklearn.datasets import load_diabetes

    return Split.of(*load_diabetes(return_X_y=True))


@pytest.fixture(scope="session")
def cancer() -> Split:
    from sklearn.datasets import load_breast_cancer

    return Split.of(*load_breast_cancer(return_X_y=True))


@pytest.fixture(scope="session")
def iris() -> Split:
    from sklearn.datasets import load_iris

    return Split.of(*load_iris(return_X_y=True))


@pytest.fixture
def csv_text() -> Callable[[np.ndarray], str]:
    return as_csv


@pytest.fixture
def make_job(tmp_path: Path) -> Callable[..., TrainingJob]:
    """Makes a training job whose channels are tables (written as CSV), texts or bytes."""

    def make(
        channels: Mapping[str, Any],
        content_type: str = "text/csv",
        hosts: tuple[str, ...] = ("algo-1",),
        host: str = "algo-1",
        checkpoints: Path | None = None,
        **hyperparameters: object,
    ) -> TrainingJob:
        root = tmp_path / f"ml-{host}"
        found = {}
        for name, content in channels.items():
            folder = root / "input" / "data" / name
            folder.mkdir(parents=True, exist_ok=True)
            text = as_csv(content) if isinstance(content, np.ndarray) else content
            (folder / "data").write_bytes(text.encode() if isinstance(text, str) else text)
            found[name] = Channel(name, folder, content_type)
        strings = {name: str(value) for name, value in hyperparameters.items()}
        return TrainingJob(root, strings, found, hosts, host, checkpoints)

    return make
