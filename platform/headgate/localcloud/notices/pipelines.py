"""SageMaker's events of pipeline executions and of their steps.

Source: SageMaker Developer Guide, 'Events that Amazon SageMaker AI sends to Amazon EventBridge'.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.documents import Key
from headgate.localcloud.executions.definition import parse
from headgate.localcloud.notices.changes import Change, Maker, Notice, given, iso
from headgate.localcloud.notices.sagemaker import SOURCE
from headgate.localcloud.seams import Json

EXECUTION = "pipeline-execution"
STEP = "pipeline-execution-step"
_INPUT = "pipeline-execution-input"
_ENDED = frozenset({"Succeeded", "Failed", "Stopped", "CompletedWithFailures"})


def makers() -> Mapping[str, Maker]:
    """By kind of document."""
    return {EXECUTION: execution, STEP: step}


def execution(change: Change) -> Notice | None:
    """An execution that began, is stopping, or ended."""
    body = change.after
    if body is None or not change.moved("PipelineExecutionStatus"):
        return None
    ended = body["PipelineExecutionStatus"] in _ENDED
    detail = given(
        {
            "pipelineExecutionDisplayName": body.get("PipelineExecutionDisplayName"),
            "pipelineExecutionDescription": body.get("PipelineExecutionDescription"),
            "currentPipelineExecutionStatus": body["PipelineExecutionStatus"],
            "previousPipelineExecutionStatus": (change.before or {}).get("PipelineExecutionStatus"),
            "executionStartTime": iso(body["CreationTime"]),
            "executionEndTime": iso(body["LastModifiedTime"]) if ended else None,
            "failureReason": body.get("FailureReason"),
            "pipelineArn": body["PipelineArn"],
            "pipelineExecutionArn": body["PipelineExecutionArn"],
        }
    )
    return _notice("Execution Status Change", detail)


def step(change: Change) -> Notice | None:
    """A step that was begun, runs, was done again or ended."""
    body = change.after
    if body is None or not change.moved("status"):
        return None
    pipeline, run, name = change.key.name.split("/", 2)
    arn = f"arn:aws:sagemaker:{change.key.region}:{change.key.account}:pipeline/{pipeline}"
    source = body["cached_from"]
    detail = given(
        {
            "metadata": _lowered(body["metadata"]),
            "stepName": name,
            "stepType": _type(change, f"{pipeline}/{run}", name),
            "stepStartTime": iso(body["started"]),
            "stepEndTime": iso(body["ended"]) if body["ended"] is not None else None,
            "previousStepStatus": (change.before or {}).get("status"),
            "currentStepStatus": body["status"],
            "failureReason": body["reason"],
            "cacheHitResult": {"sourcePipelineExecutionArn": source} if source else None,
            "pipelineArn": arn,
            "pipelineExecutionArn": f"{arn}/execution/{run}",
        }
    )
    return _notice("Execution Step Status Change", detail)


def _notice(title: str, detail: Json) -> Notice:
    resources = (detail["pipelineArn"], detail["pipelineExecutionArn"])
    return Notice(SOURCE, f"SageMaker Model Building Pipeline {title}", detail, resources)


def _type(change: Change, run: str, name: str) -> str | None:
    """What kind of step it is: its record does not say, the definition does."""
    found = change.find(Key(change.key.account, change.key.region, _INPUT, run))
    return parse(found["definition"]).steps[name].kind if found is not None else None


def _lowered(value: Any) -> Any:
    """Members' names as these events have them: `ProcessingJob.Arn` is `processingJob.arn`."""
    if isinstance(value, dict):
        return {f"{name[:1].lower()}{name[1:]}": _lowered(one) for name, one in value.items()}
    return [_lowered(one) for one in value] if isinstance(value, list) else value
