"""What a step does about failure and repetition: retry policies and step caching."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from headgate.errors import UserError
from headgate.pipelines.references import Json

RetryOn: TypeAlias = Literal[
    "Step.SERVICE_FAULT",
    "Step.THROTTLING",
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
]
STEP_ERRORS: tuple[RetryOn, ...] = ("Step.SERVICE_FAULT", "Step.THROTTLING")
JOB_ERRORS: tuple[RetryOn, ...] = (
    "SageMaker.JOB_INTERNAL_ERROR",
    "SageMaker.CAPACITY_ERROR",
    "SageMaker.RESOURCE_LIMIT",
)


@dataclass(frozen=True, slots=True)
class Retry:
    """A retry policy. Seconds between attempts grow by `backoff_rate`; give up after attempts or minutes, not both.

    Limits (developer guide, 'Retry policy for pipeline steps'): 1 to 20 attempts, up to 14,400 minutes.
    """

    on: Sequence[RetryOn] = STEP_ERRORS
    max_attempts: int | None = None
    expire_after_minutes: int | None = None
    interval_seconds: int = 1
    backoff_rate: float = 2.0

    def __post_init__(self) -> None:
        if unknown := [error for error in self.on if error not in STEP_ERRORS + JOB_ERRORS]:
            raise UserError(
                f"a retry policy cannot match {unknown[0]!r}", expected="one of " + ", ".join(STEP_ERRORS + JOB_ERRORS)
            )
        if (self.max_attempts is None) == (self.expire_after_minutes is None):
            raise UserError("a retry policy ends after attempts or after minutes: give one of the two")
        if self.max_attempts is not None and not 1 <= self.max_attempts <= 20:
            raise UserError(f"{self.max_attempts} attempts are not possible", expected="1 to 20")
        if self.expire_after_minutes is not None and not 0 < self.expire_after_minutes <= 14_400:
            raise UserError(f"{self.expire_after_minutes} minutes are not possible", expected="1 to 14400")

    def as_json(self) -> dict[str, Json]:
        entry: dict[str, Json] = {"BackoffRate": self.backoff_rate, "IntervalSeconds": self.interval_seconds}
        if self.max_attempts is not None:
            entry["MaxAttempts"] = self.max_attempts
        if self.expire_after_minutes is not None:
            entry["ExpireAfterMin"] = self.expire_after_minutes
        return {**entry, "ExceptionType": list(self.on)}


@dataclass(frozen=True, slots=True)
class Cache:
    """Step caching: reuse a successful run with the same arguments that is younger than an ISO 8601 duration."""

    expire_after: str | None = None

    def as_json(self) -> dict[str, Json]:
        entry: dict[str, Json] = {"Enabled": True}
        if self.expire_after is not None:
            entry["ExpireAfter"] = self.expire_after
        return entry
