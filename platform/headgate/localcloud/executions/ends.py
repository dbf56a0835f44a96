"""How executions end: the reason of a failure, and what a stopped daemon leaves behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from headgate.localcloud.documents import Key
from headgate.localcloud.executions.definition import parse
from headgate.localcloud.executions.records import Records, StepRecord, StepStatus

_REASON_LIMIT = 1300
STEP_INTERRUPTED = "the local cloud stopped while this step was running"
EXECUTION_INTERRUPTED = (
    "the local cloud stopped while the execution was running; "
    "RetryPipelineExecution goes on from where it stopped, without repeating steps that succeeded"
)


def failure_reason(records: Iterable[StepRecord]) -> str | None:
    """The execution's FailureReason: which steps failed and why, the earliest failure first."""
    failed = sorted((one for one in records if one.status == "Failed"), key=lambda one: one.ended or 0.0)
    if not failed:
        return None
    told = "; ".join(f"{one.name}: {one.reason or 'no reason'}" for one in failed)
    text = f"Step failure: One or multiple steps failed: {told}"
    return text if len(text) <= _REASON_LIMIT else text[: _REASON_LIMIT - 1] + "…"


def interrupt(records: Records, key: Key, now: float) -> None:
    """End an execution that nobody runs any more. What was running is failed, or stopped when it was stopping."""
    with records.transaction():
        body = records.execution(key)
        stopping = body["PipelineExecutionStatus"] == "Stopping"
        for record in records.steps(key, parse(records.input(key).definition).steps).values():
            if record.progress == "Running":
                status: StepStatus = "Stopped" if stopping else "Failed"
                records.put_step(key, replace(record, status=status, ended=now, reason=STEP_INTERRUPTED))
        records.change_execution(
            key,
            PipelineExecutionStatus="Stopped" if stopping else "Failed",
            FailureReason=None if stopping else EXECUTION_INTERRUPTED,
            LastModifiedTime=now,
        )
