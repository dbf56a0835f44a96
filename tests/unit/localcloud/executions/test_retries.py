from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError, unsupported, validation
from headgate.localcloud.executions.model import RetryPolicy, Step
from headgate.localcloud.executions.outcomes import Failed
from headgate.localcloud.executions.retries import Attempts, classify_error, classify_job, retry_at

CAPACITY = Failed("no room", "SageMaker.CAPACITY_ERROR")


def step(*policies: RetryPolicy, kind: str = "Training") -> Step:
    return Step(name="A", kind=kind, arguments={}, body={}, retries=policies)


def test_intervals_grow_and_attempts_end() -> None:
    tried = step(RetryPolicy(("SageMaker.CAPACITY_ERROR",), interval=10, backoff=3, max_attempts=2))
    assert retry_at(tried, CAPACITY, Attempts(1, 0), now=100) == 110
    assert retry_at(tried, CAPACITY, Attempts(2, 0), now=200) == 230
    assert retry_at(tried, CAPACITY, Attempts(3, 0), now=300) is None


def test_a_policy_expires_after_its_minutes() -> None:
    tried = step(RetryPolicy(("SageMaker.JOB_CAPACITY_ERROR",), interval=10, backoff=1, expire_after=60))
    assert retry_at(tried, CAPACITY, Attempts(9, first=0), now=50) == 60
    assert retry_at(tried, CAPACITY, Attempts(9, first=0), now=51) is None


def test_five_retries_when_a_policy_says_nothing() -> None:
    tried = step(RetryPolicy(("SageMaker.CAPACITY_ERROR",), backoff=1))
    assert retry_at(tried, CAPACITY, Attempts(5, 0), now=0) == 1
    assert retry_at(tried, CAPACITY, Attempts(6, 0), now=0) is None


def test_only_matching_failures_of_retryable_steps_are_retried() -> None:
    policy = RetryPolicy(("SageMaker.CAPACITY_ERROR",))
    assert retry_at(step(), CAPACITY, Attempts(1, 0), 0) is None
    assert retry_at(step(policy), Failed("exit code 1"), Attempts(1, 0), 0) is None
    assert retry_at(step(policy, kind="Lambda"), CAPACITY, Attempts(1, 0), 0) is None


def test_passing_faults_are_retried_without_a_policy_which_may_forbid_it() -> None:
    fault = Failed("500", "Step.SERVICE_FAULT")
    assert retry_at(step(), fault, Attempts(1, 0), 0) == 1
    assert retry_at(step(RetryPolicy(("Step.SERVICE_FAULT",), max_attempts=0)), fault, Attempts(1, 0), 0) is None


def test_a_tuning_job_retries_its_internal_errors_itself() -> None:
    policy = RetryPolicy(("SageMaker.JOB_INTERNAL_ERROR",))
    failure = Failed("InternalServerError", "SageMaker.JOB_INTERNAL_ERROR")
    assert retry_at(step(policy, kind="Tuning"), failure, Attempts(1, 0), 0) is None
    assert retry_at(step(policy), failure, Attempts(1, 0), 0) == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (AwsError("ThrottlingException", "slow down"), "Step.THROTTLING"),
        (AwsError("ResourceLimitExceeded", "too many"), "SageMaker.RESOURCE_LIMIT"),
        (AwsError("InternalFailure", "bug", status=500), "Step.SERVICE_FAULT"),
        (unsupported("that"), None),
        (validation("wrong"), None),
    ],
)
def test_refused_calls_are_classified(error: AwsError, kind: str | None) -> None:
    assert classify_error(error) == kind


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("InternalServerError: We encountered an internal error", "SageMaker.JOB_INTERNAL_ERROR"),
        ("ClientError: CapacityError: Unable to provision", "SageMaker.CAPACITY_ERROR"),
        ("ResourceLimitExceeded: quota", "SageMaker.RESOURCE_LIMIT"),
        ("AlgorithmError: InternalServerError in the script", None),
    ],
)
def test_failed_jobs_are_classified(reason: str, kind: str | None) -> None:
    assert classify_job(reason) == kind
