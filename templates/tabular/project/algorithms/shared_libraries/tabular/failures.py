"""How a step says that it failed: one clear message on standard error and where SageMaker looks for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Callable

PROCESSING_MESSAGE = "/opt/ml/output/message"
TRAINING_MESSAGE = "/opt/ml/output/failure"


class StepError(Exception):
    """Something that the person who runs the step can mend: wrong data, a wrong argument."""


def run(step: Callable[[], None], message_file: str) -> int:
    """Run a step and return its exit code: 0, or 1 after a StepError.

    The message becomes the job's ExitMessage (processing) or FailureReason (training). Any other exception is a bug
    in the step and keeps its traceback.
    """
    try:
        step()
    except StepError as error:
        print(f"error: {error}", file=sys.stderr)
        path = Path(message_file)
        if os.access(path.parent, os.W_OK):
            path.write_text(f"{error}\n", encoding="utf-8")
        return 1
    return 0
