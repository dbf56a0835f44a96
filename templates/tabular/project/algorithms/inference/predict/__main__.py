"""Predict: score a CSV file of encoded rows with an unpacked model, through the code that serves it.

python algorithms/inference/predict --model-dir model --data rows.csv
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Sequence

import inference
import numpy as np


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each row."""
    parser = argparse.ArgumentParser(prog="predict", description=__doc__)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="rows of numbers, no header, no target")
    arguments = parser.parse_args(argv)
    rows = np.loadtxt(arguments.data, delimiter=",", ndmin=2)
    np.savetxt(sys.stdout, inference.predict_fn(rows, inference.model_fn(str(arguments.model_dir))), "%.6g", ",")
    return 0


if __name__ == "__main__":
    sys.exit(main())
