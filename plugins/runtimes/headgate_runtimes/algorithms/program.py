"""The program of a built-in algorithm, as a container of SageMaker's is started: `python -m <package> train|serve`."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

_ROOT = Path("/opt/ml")


def main(package: str, arguments: list[str]) -> int:
    """Run `train.main` or `serve.main` of an algorithm's package; the other one's libraries are not imported."""
    if arguments not in (["train"], ["serve"]):
        sys.stderr.write(f"usage: python -m {package} train|serve\n")
        return 2
    code: int = importlib.import_module(f"{package}.{arguments[0]}").main(_ROOT)
    return code
