"""`train` or `serve`, as a container of SageMaker's is started."""

from __future__ import annotations

import sys

from headgate_runtimes.algorithms.program import main

if __name__ == "__main__":
    sys.exit(main("headgate_runtimes.algorithms.linear_learner", sys.argv[1:]))
