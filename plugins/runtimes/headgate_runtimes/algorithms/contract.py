"""A built-in algorithm's side of the training contract: what is under `/opt/ml`, and how a failure is reported."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate_runtimes.algorithms.errors import AlgorithmFailure, CustomerError

CUSTOMER_EXIT = 2
ALGORITHM_EXIT = 1


@dataclass(frozen=True, slots=True)
class Channel:
    """An input channel: its folder, and its content type in lower case ('' when the request gives none)."""

    name: str
    folder: Path
    content_type: str


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """What a training job is told. `hyperparameters` are strings, as in hyperparameters.json."""

    root: Path
    hyperparameters: Mapping[str, str]
    channels: Mapping[str, Channel]
    hosts: tuple[str, ...]
    current_host: str
    checkpoints: Path | None = None

    @property
    def model_folder(self) -> Path:
        return self.root / "model"

    @property
    def is_master(self) -> bool:
        """Whether this is the host that writes the model."""
        return self.current_host == min(self.hosts)


def read_job(root: Path) -> TrainingJob:
    """Read `/opt/ml/input/config`.

    Raises:
        CustomerError: a channel is streamed (Pipe mode), which these algorithms do not read.
    """
    config = root / "input" / "config"
    channels = {}
    for name, settings in _read(config / "inputdataconfig.json").items():
        if settings.get("TrainingInputMode") == "Pipe":
            raise CustomerError(f"channel '{name}' asks for Pipe mode, which is not supported: use File or FastFile")
        content = str(settings.get("ContentType") or "").strip().lower()
        channels[name] = Channel(name, root / "input" / "data" / name, content)
    resources = _read(config / "resourceconfig.json")
    checkpoints = _read(config / "checkpointconfig.json").get("LocalPath")
    return TrainingJob(
        root=root,
        hyperparameters={name: str(value) for name, value in _read(config / "hyperparameters.json").items()},
        channels=channels,
        hosts=tuple(resources.get("hosts", ("algo-1",))),
        current_host=str(resources.get("current_host", "algo-1")),
        checkpoints=Path(checkpoints) if checkpoints else None,
    )


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return content


def report(root: Path, train: Callable[[TrainingJob], None]) -> int:
    """Train, and turn what goes wrong into SageMaker's failure file and exit code.

    Returns:
        0; 2 for the customer's errors ('ClientError: …'); 1 for all others.
    """
    try:
        train(read_job(root))
    except CustomerError as error:
        _fail(root, f"ClientError: {error}")
        return CUSTOMER_EXIT
    except AlgorithmFailure as error:
        _fail(root, str(error))
        return ALGORITHM_EXIT
    except Exception as error:
        _fail(root, f"{type(error).__name__}: {error}\n{traceback.format_exc()}")
        return ALGORITHM_EXIT
    return 0


def _fail(root: Path, text: str) -> None:
    sys.stdout.flush()
    sys.stderr.write(f"{text}\n")
    folder = root / "output"
    folder.mkdir(exist_ok=True)
    (folder / "failure").write_text(text, encoding="utf-8")
