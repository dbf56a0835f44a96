"""`train` or `serve`, as a container of SageMaker's is started."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path("/opt/ml")


def main(arguments: list[str]) -> int:
    if arguments == ["serve"]:
        from headgate_runtimes.algorithms.xgboost.serve import main as serve

        return serve(ROOT)
    if arguments == ["train"]:
        from headgate_runtimes.algorithms.xgboost.train import main as train

        return train(ROOT)
    sys.stderr.write("usage: python -m headgate_runtimes.algorithms.xgboost train|serve\n")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
