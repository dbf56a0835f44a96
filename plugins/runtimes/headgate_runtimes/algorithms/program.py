"""The program of a built-in algorithm, as a container of SageMaker's is started: `python -m <package> train|serve`."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

ROOT_VARIABLE = "HEADGATE_ML_ROOT"
"""Names what stands for `/opt/ml`, where jobs are redirected instead of having one of their own."""


def main(package: str, arguments: list[str]) -> int:
    """Run `train.main` or `serve.main` of an algorithm's package; the other one's libraries are not imported."""
    if arguments not in (["train"], ["serve"]):
        sys.stderr.write(f"usage: python -m {package} train|serve\n")
        return 2
    root = Path(os.environ.get(ROOT_VARIABLE, "/opt/ml"))
    code: int = importlib.import_module(f"{package}.{arguments[0]}").main(root)
    return code
