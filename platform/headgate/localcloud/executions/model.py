"""What a pipeline definition says, as values. `definition.parse` makes them from the JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from headgate.localcloud.seams import Json

Trigger = Literal["Completed", "Failed", "Stopped", "Any"]

STEP_KINDS = (
    "Processing",
    "Training",
    "Tuning",
    "Transform",
    "Model",
    "RegisterModel",
    "Condition",
    "Fail",
    "Lambda",
    "Callback",
    "EndpointConfig",
    "Endpoint",
)
"""The step types that run here."""

UNSUPPORTED_STEP_KINDS = (
    "QualityCheck",
    "ClarifyCheck",
    "AutoML",
    "EMR",
    "EMRServerless",
    "NotebookJob",
    "InferenceComponent",
    "Lineage",
    "Job",
    "Cleanup",
    "ForEach",
    "Athena",
    "HubContent",
    "BedrockCustomModel",
    "BedrockCustomModelDeployment",
    "BedrockModelImport",
    "BedrockProvisionedModelThroughput",
)
"""Step types that SageMaker knows and the local cloud does not run: a pipeline that has one is refused by name."""

EXECUTION_VARIABLES = (
    "StartDateTime",
    "CurrentDateTime",
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "TrainingJobName",
    "ProcessingJobName",
)


@dataclass(frozen=True, slots=True)
class Need:
    """A step that has to end before another one starts, and how it has to end."""

    step: str
    trigger: Trigger = "Completed"


@dataclass(frozen=True, slots=True)
class Branch:
    """The side of a condition that a step stands on."""

    condition: str
    outcome: bool


@dataclass(frozen=True, slots=True)
class PropertyFile:
    """A JSON file among a processing step's outputs that `Std:JsonGet` may read."""

    name: str
    output: str
    path: str


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed attempt is repeated: `interval` in seconds, `expire_after` in seconds since the first attempt."""

    exception_types: tuple[str, ...]
    interval: float = 1.0
    backoff: float = 2.0
    max_attempts: int | None = None
    expire_after: float | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `needs` holds what DependsOn says and what the arguments refer to, each step once per trigger."""

    name: str
    kind: str
    arguments: Json
    body: Json
    needs: tuple[Need, ...] = ()
    branch: Branch | None = None
    property_files: Mapping[str, PropertyFile] = field(default_factory=dict)
    cache_seconds: float | None = None
    retries: tuple[RetryPolicy, ...] = ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """A pipeline parameter. `default` is None when there is none."""

    name: str
    type: str
    default: Any = None
    enum: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A checked definition: steps by name, nested ones too, in the order of the file."""

    steps: Mapping[str, Step]
    parameters: Mapping[str, Parameter]
    experiment: Json | None = None
