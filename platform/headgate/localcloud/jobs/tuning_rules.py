"""When to stop a trial early, and when a tuning job is done: pure functions of what has been seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

from headgate.localcloud.seams import Json

_LEAST_JOBS = 2
"""Earlier jobs that must have got as far before a job is measured against them."""
_LEAST_STEPS = 2
"""Values of its own that a job must have shown."""
_ATTEMPTS = 5
"""Jobs without a result after which SageMaker gives up."""


@dataclass(slots=True)
class Trial:
    """One training job of a tuning job. `value` is its final objective; `curve` is the objective as it came."""

    number: int
    name: str
    parameters: dict[str, str]
    status: str = "InProgress"
    value: float | None = None
    curve: list[float] = field(default_factory=list)
    asked_to_stop: bool = False

    @property
    def ended(self) -> bool:
        return self.status in ("Completed", "Failed", "Stopped")

    @property
    def objective_status(self) -> str:
        if not self.ended:
            return "Pending"
        return "Succeeded" if self.value is not None and self.status != "Failed" else "Failed"

    def as_json(self) -> Json:
        value = {"number": self.number, "name": self.name, "parameters": self.parameters, "status": self.status}
        return {**value, "value": self.value, "objective_status": self.objective_status}


def should_stop(curve: Sequence[float], others: Sequence[Sequence[float]], *, minimize: bool) -> bool:
    """SageMaker's median stopping rule.

    A job stops when its objective is worse than the median, over the earlier jobs that got as far, of the running
    average of their objective up to the same point.
    """
    steps = len(curve)
    if steps < _LEAST_STEPS:
        return False
    averages = [fmean(other[:steps]) for other in others if len(other) >= steps]
    if len(averages) < _LEAST_JOBS:
        return False
    middle = median(averages)
    return curve[-1] > middle if minimize else curve[-1] < middle


def best_of(trials: Sequence[Trial], *, minimize: bool) -> Trial | None:
    """The trial with the best final objective; the earlier one of equals."""
    scored = [trial for trial in trials if trial.objective_status == "Succeeded" and trial.value is not None]
    sign = 1.0 if minimize else -1.0
    return min(scored, key=lambda trial: (sign * (trial.value or 0.0), trial.number), default=None)


@dataclass(frozen=True, slots=True)
class Criteria:
    """TuningJobCompletionCriteria; None where it sets none."""

    minimize: bool
    target: float | None = None
    not_improving: int | None = None

    def met(self, trials: Sequence[Trial]) -> bool:
        """Whether no further trial is needed."""
        best = best_of(trials, minimize=self.minimize)
        if best is None or best.value is None:
            return False
        if self.target is not None and (best.value <= self.target if self.minimize else best.value >= self.target):
            return True
        return self.not_improving is not None and not_improving(trials, self) >= self.not_improving


def not_improving(trials: Sequence[Trial], criteria: Criteria) -> int:
    """How many trials have ended since the best one."""
    best = best_of(trials, minimize=criteria.minimize)
    return sum(1 for trial in trials if trial.ended and best is not None and trial.number > best.number)


def hopeless(trials: Sequence[Trial], *, final: bool) -> str | None:
    """Why a tuning job fails: after five trials, or at its end, without a result."""
    ended = [trial for trial in trials if trial.ended]
    if not ended or (not final and len(ended) < _ATTEMPTS):
        return None
    if all(trial.status == "Failed" for trial in ended):
        return (
            f"No training job succeeded after {len(ended)} attempts. "
            "Please take a look at the training job failures to get more details."
        )
    if all(trial.value is None for trial in ended):
        return (
            f"No objective metrics found after running {len(ended)} training jobs. Please ensure that the custom "
            "algorithm is emitting the objective metric as defined by the regular expression provided."
        )
    return None
