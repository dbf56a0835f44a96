"""Step caching: what makes two runs of a step the same, and whether an old result can still be used.

Which arguments count is SageMaker's list ("Default cache key attributes by pipeline step type" of its developer guide):
for a processing step, for instance, where the outputs go does not count, and what goes in does.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions.model import Step
from headgate.localcloud.s3.store import ObjectStore, parse_s3_uri
from headgate.localcloud.seams import Json

_TUNED_MEMBERS = (
    "AlgorithmSpecification",
    "HyperParameterRanges",
    "InputDataConfig",
    "StaticHyperParameters",
    "TuningObjective",
)
_KEY_MEMBERS: dict[str, tuple[str, ...]] = {
    "Processing": ("AppSpecification", "Environment", "ProcessingInputs"),
    "Training": (
        "AlgorithmSpecification",
        "CheckpointConfig",
        "DebugHookConfig",
        "DebugRuleConfigurations",
        "Environment",
        "HyperParameters",
        "InputDataConfig",
    ),
    "Tuning": ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions"),
    "Transform": ("DataProcessing", "Environment", "ModelName", "TransformInput"),
}
_WHOLE = ("Lambda", "Callback", "EndpointConfig", "Endpoint")
"""Step types with a CacheConfig in the SDK for which the guide names no members: all arguments count."""


def signature(step: Step, arguments: Json, body: Json) -> str | None:
    """The digest of what counts, or None when the step is not to be cached."""
    if step.cache_seconds is None or not (step.kind in _KEY_MEMBERS or step.kind in _WHOLE):
        return None
    if step.kind in _WHOLE:
        counted: Json = {**arguments, "": [body.get("FunctionArn"), body.get("SqsQueueUrl")]}
    else:
        counted = {member: arguments[member] for member in _KEY_MEMBERS[step.kind] if member in arguments}
    if step.kind == "Tuning" and "TrainingJobDefinition" in counted:
        tuned = counted["TrainingJobDefinition"]
        counted["TrainingJobDefinition"] = {member: tuned[member] for member in _TUNED_MEMBERS if member in tuned}
    text = json.dumps([step.kind, counted], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_fresh(entry: Json, cache_seconds: float, now: float) -> bool:
    """Whether a result is young enough; `entry["ended"]` is in seconds since the epoch."""
    return now - float(entry["ended"]) <= cache_seconds


def outputs(kind: str, properties: Json) -> list[str]:
    """The S3 URIs (objects or prefixes) that a finished step has written."""
    uris: list[Any] = []
    if kind == "Processing":
        declared = properties.get("ProcessingOutputConfig", {}).get("Outputs", [])
        uris = [one.get("S3Output", {}).get("S3Uri") for one in declared]
    elif kind == "Training":
        uris = [properties.get("ModelArtifacts", {}).get("S3ModelArtifacts")]
    elif kind == "Transform":
        uris = [properties.get("TransformOutput", {}).get("S3OutputPath")]
    return [uri for uri in uris if isinstance(uri, str) and uri.startswith("s3://")]


def existing(uris: list[str], objects: ObjectStore) -> list[str]:
    """Those of the URIs under which there is an object."""
    return [uri for uri in uris if _exists(uri, objects)]


def _exists(uri: str, objects: ObjectStore) -> bool:
    bucket, key = parse_s3_uri(uri)
    try:
        return objects.find(bucket, key) is not None or bool(objects.list(bucket, key))
    except AwsError:
        return False
