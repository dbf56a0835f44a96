"""How an attempt at a step ends, and what the engine tells the code that makes the attempt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from headgate.localcloud.executions.model import Step
from headgate.localcloud.seams import Caller, Json

SERVICE_FAULT = "Step.SERVICE_FAULT"
THROTTLING = "Step.THROTTLING"
JOB_INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR = "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"


@dataclass(frozen=True, slots=True)
class Succeeded:
    """`properties` is what `Steps.<name>.…` refers to: the Describe response of what the step made."""

    properties: Json
    cached_from: str | None = None
    metadata: Json | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """`exception_type` is what retry policies match, None for what no retry can mend."""

    reason: str
    exception_type: str | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """The step waits for somebody to answer its token, until `deadline` (seconds since the epoch)."""

    token: str
    deadline: float


Outcome = Succeeded | Failed | Stopped | Waiting


@dataclass(frozen=True, slots=True)
class Running:
    """What a step has started, so that it can be shown and stopped. `stop` may be called from any thread."""

    metadata: Json
    stop: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at one step: everything that an executor needs to know.

    `arguments` are resolved. `caller` acts in the pipeline's account with the execution's role. `report` is called
    once the attempt has started something. `suffix` is ten random letters and digits for names.
    """

    step: Step
    arguments: Json
    body: Json
    caller: Caller
    role: str
    pipeline_name: str
    execution_id: str
    execution_arn: str
    number: int
    suffix: str
    report: Callable[[Running], None]
    extra: Json = field(default_factory=dict)


Executor = Callable[[Attempt], Outcome]


class StepError(Exception):
    """A step cannot go on; the text is its FailureReason."""

    def __init__(self, reason: str, exception_type: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.exception_type = exception_type


def job_name(attempt: Attempt, given: Any, limit: int = 63) -> str:
    """The name of the job that a step makes, as SageMaker names it.

    `pipelines-<execution id>-<step>-<random>`, or `<given>-<execution id>-<random>-<retries>` when the definition
    carries a job name of its own (PipelineDefinitionConfig.use_custom_job_prefix). The step's part is cut to fit.
    """
    if isinstance(given, str) and given:
        tail = f"-{attempt.execution_id}-{attempt.suffix}-{attempt.number - 1}"
        return given[: limit - len(tail)].rstrip("-") + tail
    head = f"pipelines-{attempt.execution_id}-" if limit >= 63 else f"{attempt.execution_id}-"
    room = limit - len(head) - len(attempt.suffix) - 1
    middle = attempt.step.name.replace("_", "-").strip("-")[:room].strip("-") or "step"[:room]
    return f"{head}{middle}-{attempt.suffix}"
