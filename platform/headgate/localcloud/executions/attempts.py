"""Making one attempt at one step: resolve its arguments, look into the cache, then let its executor do the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions import caching, conditions
from headgate.localcloud.executions.model import Definition, Step
from headgate.localcloud.executions.outcomes import (
    Attempt,
    Executor,
    Failed,
    Outcome,
    Running,
    StepError,
    Succeeded,
)
from headgate.localcloud.executions.records import ExecutionInput, Records, StepRecord
from headgate.localcloud.executions.references import ReferenceUnresolvedError, resolve
from headgate.localcloud.executions.retries import classify_error
from headgate.localcloud.executions.scope import ExecutionScope, timestamp
from headgate.localcloud.executions.steps.jobs import KINDS, attempt_job_name
from headgate.localcloud.executions.steps.surroundings import Surroundings
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import Caller, Json

_TO_RESOLVE = ("FunctionArn", "SqsQueueUrl")


@dataclass(frozen=True, slots=True)
class Workshop:
    """What all executions share."""

    records: Records
    objects: ObjectStore
    around: Surroundings
    executors: Mapping[str, Executor]


@dataclass(frozen=True, slots=True)
class ExecutionFacts:
    """What never changes about one execution. `created` is in seconds since the epoch."""

    key: Key
    definition: Definition
    input: ExecutionInput
    created: float

    @property
    def pipeline_name(self) -> str:
        return self.key.name.split("/")[0]

    @property
    def execution_id(self) -> str:
        return self.key.name.split("/")[1]

    @property
    def caller(self) -> Caller:
        return Caller(self.key.account, self.key.region, self.input.role)

    @property
    def arn(self) -> str:
        return execution_arn(self.key)


def execution_arn(key: Key) -> str:
    """`arn:aws:sagemaker:<region>:<account>:pipeline/<name>/execution/<id>`."""
    pipeline, _, execution = key.name.partition("/")
    return f"arn:aws:sagemaker:{key.region}:{key.account}:pipeline/{pipeline}/execution/{execution}"


def variables(facts: ExecutionFacts, now: float) -> Json:
    """The execution variables, but for the names of jobs."""
    return {
        "StartDateTime": timestamp(facts.created),
        "CurrentDateTime": timestamp(now),
        "PipelineName": facts.pipeline_name,
        "PipelineArn": facts.arn.rpartition("/execution/")[0],
        "PipelineExecutionId": facts.execution_id,
        "PipelineExecutionArn": facts.arn,
    }


def attempt_step(
    shop: Workshop,
    facts: ExecutionFacts,
    step: Step,
    number: int,
    records: Mapping[str, StepRecord],
    report: Callable[[Running], None],
) -> tuple[Outcome, str | None]:
    """Make one attempt; the outcome, and the cache signature under which a success is to be kept.

    Never raises: whatever goes wrong is the step's failure.
    """
    try:
        attempt, scope = _prepare(shop, facts, step, number, records, report)
        if step.kind == "Condition":
            return _decide(step, scope, report), None
        arguments = resolve(step.arguments, scope)
        body = {**step.body, **{one: resolve(step.body[one], scope) for one in _TO_RESOLVE if one in step.body}}
        signature = caching.signature(step, arguments, body)
        if signature is not None and (hit := _cached(shop, facts, step, signature)):
            return hit, None
        return shop.executors[step.kind](replace(attempt, arguments=arguments, body=body)), signature
    except Exception as error:  # a bug of ours, too, must end the step and not hang the execution
        return _failure(error), None


def _failure(error: Exception) -> Failed:
    match error:
        case StepError():
            return Failed(error.reason, error.exception_type)
        case ReferenceUnresolvedError() | conditions.ConditionError():
            return Failed(f"ClientError: {error}")
        case AwsError():
            return Failed(f"ClientError: {error}", classify_error(error))
    return Failed(f"InternalServerError: {error!r}")


def _prepare(
    shop: Workshop,
    facts: ExecutionFacts,
    step: Step,
    number: int,
    records: Mapping[str, StepRecord],
    report: Callable[[Running], None],
) -> tuple[Attempt, ExecutionScope]:
    attempt = Attempt(
        step=step,
        arguments={},
        body=step.body,
        caller=facts.caller,
        role=facts.input.role,
        pipeline_name=facts.pipeline_name,
        execution_id=facts.execution_id,
        execution_arn=facts.arn,
        number=number,
        suffix=shop.around.random_text(10),
        report=report,
    )
    known: dict[str, Any] = variables(facts, shop.around.clock.now())
    if step.kind in ("Training", "Processing"):
        known[KINDS[step.kind].name_member] = attempt_job_name(attempt)
    return attempt, ExecutionScope(facts.definition, facts.input.parameters, known, records, shop.objects)


def _decide(step: Step, scope: ExecutionScope, report: Callable[[Running], None]) -> Outcome:
    outcome = "True" if conditions.evaluate(step.arguments["Conditions"], scope) else "False"
    report(Running({"Condition": {"Outcome": outcome}}))
    return Succeeded({"Outcome": outcome})


def _cached(shop: Workshop, facts: ExecutionFacts, step: Step, signature: str) -> Succeeded | None:
    entry = shop.records.cached(facts.key, step.name, signature)
    if entry is None or not caching.is_fresh(entry, step.cache_seconds or 0.0, shop.around.clock.now()):
        return None
    if caching.existing(entry["outputs"], shop.objects) != entry["outputs"]:
        return None
    return Succeeded(properties=entry["properties"], cached_from=entry["execution"], metadata=entry["metadata"])
