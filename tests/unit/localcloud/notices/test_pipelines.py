"""Events of pipeline executions and their steps."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from headgate.localcloud.executions.records import ExecutionInput, StepRecord
from headgate.localcloud.seams import Json
from unit.localcloud.notices.conftest import Bench, arn

EXECUTION = arn("pipeline/training/execution/p4jn9xou8a8s")


def body(status: str, **members: Any) -> Json:
    return {
        "PipelineArn": arn("pipeline/training"),
        "PipelineExecutionArn": EXECUTION,
        "PipelineExecutionDisplayName": "nightly",
        "PipelineExecutionStatus": status,
        "CreationTime": 1615824193.0,
        "LastModifiedTime": 1615824193.0,
        **members,
    }


def test_an_execution_is_told_from_its_beginning_to_its_end(bench: Bench) -> None:
    (begun,) = bench.put("pipeline-execution", "training/p4jn9xou8a8s", body("Executing"))
    assert begun.detail_type == "SageMaker Model Building Pipeline Execution Status Change"
    assert begun.resources == (arn("pipeline/training"), EXECUTION)
    assert begun.detail["currentPipelineExecutionStatus"] == "Executing"
    assert "previousPipelineExecutionStatus" not in begun.detail
    renamed = body("Executing", PipelineExecutionDisplayName="x")
    assert bench.put("pipeline-execution", "training/p4jn9xou8a8s", renamed) == []
    ended = body("Failed", LastModifiedTime=1615824610.0, FailureReason="a step failed")
    (told,) = bench.put("pipeline-execution", "training/p4jn9xou8a8s", ended)
    assert told.detail == {
        "pipelineExecutionDisplayName": "nightly",
        "currentPipelineExecutionStatus": "Failed",
        "previousPipelineExecutionStatus": "Executing",
        "executionStartTime": "2021-03-15T16:03:13Z",
        "executionEndTime": "2021-03-15T16:10:10Z",
        "failureReason": "a step failed",
        "pipelineArn": arn("pipeline/training"),
        "pipelineExecutionArn": EXECUTION,
    }


def test_a_step_is_told_with_its_type_and_what_it_made(bench: Bench) -> None:
    definition = {
        "Version": "2020-12-01",
        "Steps": [{"Name": "Stop", "Type": "Fail", "Arguments": {"ErrorMessage": ""}}],
    }
    given = asdict(ExecutionInput(json.dumps(definition), {}, arn("role/x", "iam")))
    bench.put("pipeline-execution-input", "training/p4jn9xou8a8s", given)
    name = "training/p4jn9xou8a8s/Stop"
    first = StepRecord("Stop", "Starting", 1615824194.0)
    (begun,) = bench.put("pipeline-execution-step", name, asdict(first))
    assert begun.detail_type == "SageMaker Model Building Pipeline Execution Step Status Change"
    assert (begun.detail["stepType"], begun.detail["currentStepStatus"]) == ("Fail", "Starting")
    last = StepRecord(
        "Stop", "Failed", 1615824194.0, 1615824609.0, reason="no", metadata={"ProcessingJob": {"Arn": "arn:x"}}
    )
    (told,) = bench.put("pipeline-execution-step", name, asdict(last))
    assert told.detail == {
        "metadata": {"processingJob": {"arn": "arn:x"}},
        "stepName": "Stop",
        "stepType": "Fail",
        "stepStartTime": "2021-03-15T16:03:14Z",
        "stepEndTime": "2021-03-15T16:10:09Z",
        "previousStepStatus": "Starting",
        "currentStepStatus": "Failed",
        "failureReason": "no",
        "pipelineArn": arn("pipeline/training"),
        "pipelineExecutionArn": EXECUTION,
    }
    assert told.resources == (arn("pipeline/training"), EXECUTION)


def test_a_cached_step_says_whose_result_it_took(bench: Bench) -> None:
    record = StepRecord("Fit", "Succeeded", 1.0, 2.0, cached_from=EXECUTION)
    (told,) = bench.put("pipeline-execution-step", "training/p4jn9xou8a8s/Fit", asdict(record))
    assert told.detail["cacheHitResult"] == {"sourcePipelineExecutionArn": EXECUTION}
    assert "stepType" not in told.detail, "there is no definition to look it up in"
