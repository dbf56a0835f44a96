r"""XGBoost's log lines, and the metrics that SageMaker reads from them.

The algorithm writes tabs. On SageMaker they arrive in CloudWatch as `#011`, which its metric definitions expect
(`.*\[[0-9]+\].*#011validation-rmse:(\S+)`); the local cloud reads a line in both forms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from headgate_runtimes.algorithms.xgboost.hyperparameters import METRICS

ESCAPED_TAB = "#011"


def metric_definitions() -> dict[str, str]:
    """The metrics that SageMaker knows of this algorithm: name to regular expression."""
    return {
        f"{data}:{metric}": rf".*\[[0-9]+\].*{ESCAPED_TAB}{data}-{metric}:(\S+)"
        for data in ("train", "validation")
        for metric in METRICS
    }


def metric_line(iteration: int, history: Mapping[str, Mapping[str, Sequence[Any]]]) -> str:
    """One round's log line: `[0]`, then `train-rmse:1.23456` and so on, after tabs."""
    parts = [
        f"\t{data}-{metric}:{float(scores[-1]):.5f}"
        for data, metrics in history.items()
        for metric, scores in metrics.items()
    ]
    return f"[{iteration}]{''.join(parts)}"
