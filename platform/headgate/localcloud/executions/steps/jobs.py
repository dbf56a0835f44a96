"""Processing, Training, Tuning, Transform: create the job, wait for its end, describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from headgate.localcloud.executions.coerce import fit
from headgate.localcloud.executions.outcomes import (
    Attempt,
    Executor,
    Failed,
    Outcome,
    Running,
    Stopped,
    Succeeded,
    job_name,
)
from headgate.localcloud.executions.retries import classify_job
from headgate.localcloud.executions.steps.surroundings import Surroundings, call
from headgate.localcloud.seams import Json


@dataclass(frozen=True, slots=True)
class JobKind:
    """How one kind of job is called in the API. `resource` is ProcessingJob in CreateProcessingJob."""

    resource: str
    document: str
    metadata: str
    name_limit: int = 63

    @property
    def name_member(self) -> str:
        return f"{self.resource}Name"


KINDS: Mapping[str, JobKind] = {
    "Processing": JobKind("ProcessingJob", "processing-job", "ProcessingJob"),
    "Training": JobKind("TrainingJob", "training-job", "TrainingJob"),
    "Transform": JobKind("TransformJob", "transform-job", "TransformJob"),
    "Tuning": JobKind("HyperParameterTuningJob", "hyper-parameter-tuning-job", "TuningJob", name_limit=32),
}


def executors(around: Surroundings) -> dict[str, Executor]:
    return {kind: partial(run, around, job) for kind, job in KINDS.items()}


def attempt_job_name(attempt: Attempt) -> str:
    """The name of the job that this attempt makes, which `Execution.TrainingJobName` refers to."""
    kind = KINDS[attempt.step.kind]
    return job_name(attempt, attempt.step.arguments.get(kind.name_member), kind.name_limit)


def run(around: Surroundings, kind: JobKind, attempt: Attempt) -> Outcome:
    """Run one job to its end. Raises StepError when it cannot be created."""
    name = attempt_job_name(attempt)
    create = f"Create{kind.resource}"
    created = call(around, attempt.caller, create, fit(create, {**attempt.arguments, kind.name_member: name}))
    metadata = {kind.metadata: {"Arn": created[f"{kind.resource}Arn"]}}
    stop = partial(call, around, attempt.caller, f"Stop{kind.resource}", {kind.name_member: name})
    attempt.report(Running(metadata=metadata, stop=lambda: ignore(stop())))
    description = around.jobs.wait(attempt.caller, kind.document, name, None)
    if kind.resource == "HyperParameterTuningJob":
        description = {**description, "TrainingJobSummaries": _ranked(around, attempt, name)}
    return outcome(kind, name, description)


def ignore(_: object) -> None:
    """Drop an answer that says nothing."""


def outcome(kind: JobKind, name: str, description: Json) -> Outcome:
    """What a job's end means for its step."""
    status = description[f"{kind.resource}Status"]
    reason = str(description.get("FailureReason", ""))
    if status == "Completed":
        return Succeeded(properties=description)
    if status == "Stopped":
        secondary = str(description.get("SecondaryStatus", "Stopped"))
        if secondary not in ("Stopped", ""):
            limit = description.get("StoppingCondition", {}).get("MaxRuntimeInSeconds")
            why = reason or (f"it ran longer than MaxRuntimeInSeconds, {limit} s" if limit else "")
            return Failed(f"ClientError: {kind.resource} '{name}' was stopped: {secondary}. {why}".rstrip(". "))
        if reason:  # a processing job that ran out of time; one that somebody stopped has no reason
            return Failed(reason)
        return Stopped(f"{kind.resource} '{name}' was stopped")
    text = reason or f"{kind.resource} '{name}' ended as {status} without a reason"
    return Failed(f"ClientError: {text}", classify_job(text))


def _ranked(around: Surroundings, attempt: Attempt, name: str) -> list[Json]:
    """The tuning job's training jobs, best first: what `Steps.<name>.TrainingJobSummaries[k]` refers to."""
    request = {
        "HyperParameterTuningJobName": name,
        "SortBy": "FinalObjectiveMetricValue",
        "SortOrder": "Descending",
        "StatusEquals": "Completed",
        "MaxResults": 100,
    }
    listed = call(around, attempt.caller, "ListTrainingJobsForHyperParameterTuningJob", request)
    summaries: list[Json] = listed["TrainingJobSummaries"]
    config = attempt.arguments.get("HyperParameterTuningJobConfig", {})
    minimize = config.get("HyperParameterTuningJobObjective", {}).get("Type") == "Minimize"
    metric = "FinalHyperParameterTuningJobObjectiveMetric"
    return sorted(
        (one for one in summaries if metric in one), key=lambda one: float(one[metric]["Value"]), reverse=not minimize
    )
