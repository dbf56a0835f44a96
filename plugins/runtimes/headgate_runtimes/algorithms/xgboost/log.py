r"""XGBoost's log lines, and the metrics that SageMaker reads from them.

On SageMaker a tab in a log line arrives in CloudWatch as `#011`, and the algorithm's own metric definitions expect it:
`.*\[[0-9]+\].*#011validation-rmse:(\S+)`. So the lines are written that way here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate_runtimes.algorithms.xgboost.hyperparameters import METRICS

TAB = "#011"


def metric_definitions() -> dict[str, str]:
    """The metrics that SageMaker knows of this algorithm: name to regular expression."""
    return {
        f"{data}:{metric}": rf".*\[[0-9]+\].*{TAB}{data}-{metric}:(\S+)"
        for data in ("train", "validation")
        for metric in METRICS
    }


def metric_line(iteration: int, history: Mapping[str, Mapping[str, Sequence[Any]]]) -> str:
    """One round's log line: `[0]#011train-rmse:1.23456#011validation-rmse:1.34567`."""
    parts = [
        f"{TAB}{data}-{metric}:{float(scores[-1]):.5f}"
        for data, metrics in history.items()
        for metric, scores in metrics.items()
    ]
    return f"[{iteration}]{''.join(parts)}"
