"""Whether a failed attempt is repeated, and when: RetryPolicies, and SageMaker's own for passing faults."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions.model import RetryPolicy, Step
from headgate.localcloud.executions.outcomes import (
    CAPACITY_ERROR,
    JOB_INTERNAL_ERROR,
    RESOURCE_LIMIT,
    SERVICE_FAULT,
    THROTTLING,
    Failed,
)

DEFAULT_MAX_ATTEMPTS = 5
RETRYABLE_KINDS = frozenset(
    {"Processing", "Training", "Tuning", "Transform", "Model", "RegisterModel", "EndpointConfig"}
)
"""Step types that retry policies apply to (SageMaker's list, as far as the local cloud runs them)."""

_OWN = RetryPolicy(exception_types=(SERVICE_FAULT, THROTTLING), max_attempts=2)
"""Passing faults are retried without being asked to."""

_ALIASES = {"SageMaker.JOB_CAPACITY_ERROR": CAPACITY_ERROR}
_THROTTLING_CODES = ("Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded")


@dataclass(frozen=True, slots=True)
class Attempts:
    """What there has been: `number` attempts, the first of which started at `first` (seconds since the epoch)."""

    number: int
    first: float


def retry_at(step: Step, failure: Failed, attempts: Attempts, now: float) -> float | None:
    """When to try again (seconds since the epoch), or None: not at all.

    The n-th retry waits IntervalSeconds * BackoffRate ** (n - 1). MaxAttempts counts retries, 5 unless the policy has
    an ExpireAfterMin instead.
    """
    if failure.exception_type is None or step.kind not in RETRYABLE_KINDS:
        return None
    if step.kind == "Tuning" and failure.exception_type == JOB_INTERNAL_ERROR:
        return None
    for policy in (*step.retries, _OWN):
        if failure.exception_type in {_ALIASES.get(one, one) for one in policy.exception_types}:
            return _by_policy(policy, attempts, now)
    return None


def _by_policy(policy: RetryPolicy, attempts: Attempts, now: float) -> float | None:
    most = policy.max_attempts
    if most is None and policy.expire_after is None:
        most = DEFAULT_MAX_ATTEMPTS
    if most is not None and attempts.number > most:
        return None
    when = now + policy.interval * policy.backoff ** (attempts.number - 1)
    if policy.expire_after is not None and when > attempts.first + policy.expire_after:
        return None
    return when


def classify_error(error: AwsError) -> str | None:
    """The exception type of a refused API call."""
    if error.code in _THROTTLING_CODES:
        return THROTTLING
    if error.code == "ResourceLimitExceeded":
        return RESOURCE_LIMIT
    return SERVICE_FAULT if error.status >= 500 and error.status != 501 else None


def classify_job(reason: str) -> str | None:
    """The exception type of a job that failed, from the first word of its FailureReason."""
    first = reason.removeprefix("ClientError:").strip().split(":")[0]
    return {
        "InternalServerError": JOB_INTERNAL_ERROR,
        "CapacityError": CAPACITY_ERROR,
        "ResourceLimitExceeded": RESOURCE_LIMIT,
    }.get(first)
