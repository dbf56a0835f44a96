"""Pipeline executions as people look at them: one read-only picture, whatever cloud it comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

PROJECT_TAG = "headgate:project"
ENDED = frozenset({"Succeeded", "Failed", "Stopped"})

_JOB_KINDS = {
    "ProcessingJob": "processing-job",
    "TrainingJob": "training-job",
    "TransformJob": "transform-job",
    "TuningJob": "hyper-parameter-tuning-job",
}


@dataclass(frozen=True, slots=True)
class StepView:
    """One step of an execution. `seconds` is None until it has ended; `arn` is of the job, model or version it made."""

    name: str
    kind: str
    status: str
    started: float | None = None
    ended: float | None = None
    reason: str | None = None
    arn: str | None = None
    cached: bool = False
    attempts: int = 0
    outcome: str | None = None

    @property
    def seconds(self) -> float | None:
        return None if self.started is None or self.ended is None else self.ended - self.started

    @property
    def job_name(self) -> str | None:
        """The job's name, for steps that run a job."""
        if self.arn is None or not any(f":{kind}/" in self.arn for kind in _JOB_KINDS.values()):
            return None
        return self.arn.rsplit("/", 1)[1]


@dataclass(frozen=True, slots=True)
class RunView:
    """One execution with its steps in the order they started."""

    arn: str
    pipeline: str
    status: str
    started: float | None
    ended: float | None
    reason: str | None = None
    name: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[StepView, ...] = ()

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    @property
    def model_package_arn(self) -> str | None:
        """The version that this execution registered, if any."""
        for step in self.steps:
            if step.kind == "RegisterModel" and step.arn:
                return step.arn
        return None

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, **asdict(self), "model_package_arn": self.model_package_arn}


def read_run(sagemaker: Any, arn: str) -> RunView:
    """One execution, whole. `sagemaker` is a boto3 client. Raises botocore's ClientError."""
    described = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    parameters = {
        each["Name"]: each["Value"]
        for each in _pages(
            sagemaker.list_pipeline_parameters_for_execution, "PipelineParameters", PipelineExecutionArn=arn
        )
    }
    steps = _pages(
        sagemaker.list_pipeline_execution_steps,
        "PipelineExecutionSteps",
        PipelineExecutionArn=arn,
        SortOrder="Ascending",
    )
    status = described["PipelineExecutionStatus"]
    return RunView(
        arn=arn,
        pipeline=arn.split("/")[1],
        status=status,
        started=_seconds(described.get("CreationTime")),
        ended=_seconds(described.get("LastModifiedTime")) if status in ENDED else None,
        reason=described.get("FailureReason"),
        name=described.get("PipelineExecutionDisplayName"),
        parameters=parameters,
        steps=tuple(step_view(step) for step in steps),
    )


def exists(sagemaker: Any, arn: str) -> bool:
    """Whether there is an execution of that ARN; what is no ARN of an execution names none."""
    try:
        sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
    except sagemaker.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in {"ResourceNotFound", "ValidationException"}:
            return False
        raise
    return True


def tagged_pipelines(sagemaker: Any, project: str) -> list[str]:
    """The names of the pipelines that a project deployed, whatever its code calls them."""
    return [
        summary["PipelineName"]
        for summary in _pages(sagemaker.list_pipelines, "PipelineSummaries")
        if {"Key": PROJECT_TAG, "Value": project}
        in sagemaker.list_tags(ResourceArn=summary["PipelineArn"]).get("Tags", [])
    ]


def list_runs(sagemaker: Any, pipeline: str, *, limit: int = 20) -> list[RunView]:
    """The newest executions of a pipeline, without their steps; none if it was never deployed."""
    try:
        summaries = _pages(sagemaker.list_pipeline_executions, "PipelineExecutionSummaries", PipelineName=pipeline)
        return [_summary(pipeline, summary) for summary, _ in zip(summaries, range(limit), strict=False)]
    except sagemaker.exceptions.ResourceNotFound:
        return []


def step_view(step: Mapping[str, Any]) -> StepView:
    """One entry of ListPipelineExecutionSteps."""
    metadata: Mapping[str, dict[str, Any]] = step.get("Metadata", {})
    kind, facts = next(iter(metadata.items()), ("", {}))
    cached = (step.get("CacheHitResult") or {}).get("SourcePipelineExecutionArn")
    return StepView(
        name=step["StepName"],
        kind=kind,
        status=step["StepStatus"],
        started=_seconds(step.get("StartTime")),
        ended=_seconds(step.get("EndTime")),
        reason=step.get("FailureReason") or facts.get("ErrorMessage"),
        arn=facts.get("Arn"),
        cached=bool(cached),
        attempts=int(step.get("AttemptCount") or 0),
        outcome=facts.get("Outcome"),
    )


def _summary(pipeline: str, summary: Mapping[str, Any]) -> RunView:
    return RunView(
        arn=summary["PipelineExecutionArn"],
        pipeline=pipeline,
        status=summary["PipelineExecutionStatus"],
        started=_seconds(summary.get("StartTime")),
        ended=None,
        reason=summary.get("PipelineExecutionFailureReason"),
        name=summary.get("PipelineExecutionDisplayName"),
    )


def _pages(operation: Any, member: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
    token: str | None = None
    while True:
        page = operation(**arguments, **({"NextToken": token} if token else {}))
        yield from page.get(member, [])
        token = page.get("NextToken")
        if not token:
            return


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()
