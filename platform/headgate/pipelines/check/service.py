"""The shapes of SageMaker's API, out of botocore's data file: read directly, for importing botocore takes longer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from headgate.errors import FailedError

REQUESTS = {
    "Processing": "CreateProcessingJob",
    "Training": "CreateTrainingJob",
    "Transform": "CreateTransformJob",
    "Tuning": "CreateHyperParameterTuningJob",
    "Model": "CreateModel",
    "RegisterModel": "CreateModelPackage",
    "QualityCheck": "CreateProcessingJob",
    "ClarifyCheck": "CreateProcessingJob",
    "EndpointConfig": "CreateEndpointConfig",
    "Endpoint": "CreateEndpoint",
}
"""The operation whose request a step's arguments are."""

PROPERTIES = {
    "Processing": ("DescribeProcessingJob",),
    "Training": ("DescribeTrainingJob",),
    "Transform": ("DescribeTransformJob",),
    "Tuning": ("DescribeHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob"),
    "Model": ("DescribeModel",),
    "RegisterModel": ("DescribeModelPackage",),
    "QualityCheck": ("DescribeProcessingJob",),
    "ClarifyCheck": ("DescribeProcessingJob",),
    "EndpointConfig": ("DescribeEndpointConfig",),
    "Endpoint": ("DescribeEndpoint",),
}
"""The operations whose responses a step's properties are."""

SERVICE_FILLED = frozenset(
    {
        "ProcessingJobName",
        "TrainingJobName",
        "TransformJobName",
        "HyperParameterTuningJobName",
        "ModelName",
        "EndpointConfigName",
    }
)
"""Required members that SageMaker fills in for a step."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A type of the API: `kind` is structure, list, map, string, integer, long, float, double, boolean…"""

    name: str
    kind: str
    members: Mapping[str, str]
    required: Sequence[str]
    element: str | None
    choices: Sequence[str]
    low: float | None
    high: float | None


class Service:
    """Shapes by name, and the request and response of each operation."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._shapes: Mapping[str, Any] = model["shapes"]
        self._operations: Mapping[str, Any] = model["operations"]
        self._made: dict[str, Shape] = {}

    def shape(self, name: str) -> Shape:
        if name not in self._made:
            raw = self._shapes[name]
            element = raw.get("member") or raw.get("value") or {}
            self._made[name] = Shape(
                name=name,
                kind=raw["type"],
                members={member: target["shape"] for member, target in raw.get("members", {}).items()},
                required=raw.get("required", ()),
                element=element.get("shape"),
                choices=raw.get("enum", ()),
                low=raw.get("min"),
                high=raw.get("max"),
            )
        return self._made[name]

    def request(self, step_type: str) -> Shape | None:
        """What a step of that type sends, or None when it sends no SageMaker request."""
        operation = self._operations.get(REQUESTS.get(step_type, ""))
        return self.shape(operation["input"]["shape"]) if operation else None

    def responses(self, step_type: str) -> list[Shape]:
        """What is known of a step of that type once it ran."""
        return [self.shape(self._operations[name]["output"]["shape"]) for name in PROPERTIES.get(step_type, ())]


@cache
def sagemaker() -> Service:
    """The SageMaker API as the installed botocore knows it (60 ms, once). Raises FailedError without botocore."""
    spec = find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise FailedError("definitions cannot be checked without botocore", next_command="pip install boto3")
    versions = sorted((Path(spec.submodule_search_locations[0]) / "data" / "sagemaker").glob("*/service-2.json*"))
    if not versions:
        raise FailedError("the installed botocore does not know SageMaker", next_command="pip install -U boto3")
    data = versions[-1].read_bytes()
    return Service(json.loads(gzip.decompress(data) if versions[-1].suffix == ".gz" else data))
