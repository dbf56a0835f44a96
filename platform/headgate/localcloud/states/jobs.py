"""Jobs that `.sync` integrations start and await: how each kind is described, ends, and is stopped. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.seams import Json


@dataclass(frozen=True, slots=True)
class JobKind:
    """`handle` makes, from arguments and answer, what names the job; it is the request of `describe` and `stop`.

    `status` is the way to its status in the description, `output` the member that is the state's result (all of it,
    if empty).
    """

    describe: str
    handle: Callable[[Json, Json], Json]
    status: tuple[str, ...]
    succeeded: frozenset[str]
    failed: frozenset[str]
    stop: str = ""
    output: str = ""

    def state(self, description: Json) -> str:
        value: Any = description
        for member in self.status:
            value = value[member]
        return str(value)


def _named(member: str) -> Callable[[Json, Json], Json]:
    return lambda arguments, _: {member: arguments[member]}


def _sagemaker(kind: str) -> JobKind:
    return JobKind(
        f"Describe{kind}",
        _named(f"{kind}Name"),
        (f"{kind}Status",),
        frozenset({"Completed"}),
        frozenset({"Failed", "Stopped"}),
        f"Stop{kind}",
    )


KINDS: Mapping[tuple[str, str], JobKind] = {
    ("athena", "startQueryExecution"): JobKind(
        "GetQueryExecution",
        lambda _, answer: {"QueryExecutionId": answer["QueryExecutionId"]},
        ("QueryExecution", "Status", "State"),
        frozenset({"SUCCEEDED"}),
        frozenset({"FAILED", "CANCELLED"}),
        "StopQueryExecution",
    ),
    ("glue", "startJobRun"): JobKind(
        "GetJobRun",
        lambda arguments, answer: {"JobName": arguments["JobName"], "RunId": answer["JobRunId"]},
        ("JobRun", "JobRunState"),
        frozenset({"SUCCEEDED"}),
        frozenset({"FAILED", "TIMEOUT", "STOPPED", "ERROR"}),
        output="JobRun",
    ),
    ("sagemaker", "createHyperParameterTuningJob"): _sagemaker("HyperParameterTuningJob"),
    ("sagemaker", "createProcessingJob"): _sagemaker("ProcessingJob"),
    ("sagemaker", "createTrainingJob"): _sagemaker("TrainingJob"),
    ("sagemaker", "createTransformJob"): _sagemaker("TransformJob"),
    ("states", "startExecution"): JobKind(
        "DescribeExecution",
        lambda _, answer: {"ExecutionArn": answer["ExecutionArn"]},
        ("Status",),
        frozenset({"SUCCEEDED"}),
        frozenset({"FAILED", "TIMED_OUT", "ABORTED"}),
        "StopExecution",
    ),
}
"""By service and action, as resource ARNs name them."""
