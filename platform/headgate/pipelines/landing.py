"""Where a pipeline lands: the network, the keys and the registry of a governed account, put into its definition.

Guardrails of an organization refuse jobs outside the account's VPC or without its key. No pipeline should have to
know these: they are filled in for every step that says nothing of its own, whoever built the definition.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from headgate.aws.landing import Landing

Json = dict[str, Any]
GROUP_VARIABLE = "HEADGATE_MODEL_PACKAGE_GROUP"
"""Tells processing jobs the ARN of the group that their pipeline registers in: a name would be sought in the job's own
account."""


def land(definition: Mapping[str, Any], landing: Landing) -> Json:
    """The definition with what the landing decides; what a step says itself stays. The argument is not changed."""
    landed: Json = copy.deepcopy(dict(definition))
    _each_step(landed.get("Steps", []), landing)
    return landed


def _each_step(steps: list[Json], landing: Landing) -> None:
    for step in steps:
        arguments = step.get("Arguments", {})
        if step["Type"] in _BY_TYPE:
            _BY_TYPE[step["Type"]](arguments, landing)
        for branch in ("IfSteps", "ElseSteps"):
            _each_step(arguments.get(branch, []), landing)


def _processing(arguments: Json, landing: Landing) -> None:
    arguments.setdefault("NetworkConfig", {}).setdefault("VpcConfig", landing.vpc)
    cluster = arguments.get("ProcessingResources", {}).get("ClusterConfig")
    if cluster is not None:
        cluster.setdefault("VolumeKmsKeyId", landing.key_arn)
    arguments.setdefault("ProcessingOutputConfig", {"Outputs": []}).setdefault("KmsKeyId", landing.output_key_arn)
    if landing.model_package_group:
        arguments.setdefault("Environment", {}).setdefault(GROUP_VARIABLE, landing.model_package_group)


def _training(arguments: Json, landing: Landing) -> None:
    arguments.setdefault("VpcConfig", landing.vpc)
    for member in ("ResourceConfig", "HyperParameterTuningResourceConfig"):
        if member in arguments:
            arguments[member].setdefault("VolumeKmsKeyId", landing.key_arn)
    if "OutputDataConfig" in arguments:
        arguments["OutputDataConfig"].setdefault("KmsKeyId", landing.output_key_arn)


def _tuning(arguments: Json, landing: Landing) -> None:
    for definition in [*arguments.get("TrainingJobDefinitions", []), arguments.get("TrainingJobDefinition")]:
        if definition is not None:
            _training(definition, landing)


def _transform(arguments: Json, landing: Landing) -> None:
    if "TransformResources" in arguments:
        arguments["TransformResources"].setdefault("VolumeKmsKeyId", landing.key_arn)
    if "TransformOutput" in arguments:
        arguments["TransformOutput"].setdefault("KmsKeyId", landing.output_key_arn)


def _model(arguments: Json, landing: Landing) -> None:
    arguments.setdefault("VpcConfig", landing.vpc)


def _endpoint_config(arguments: Json, landing: Landing) -> None:
    arguments.setdefault("KmsKeyId", landing.key_arn)


def _register(arguments: Json, landing: Landing) -> None:
    """A group that is named, not given by its ARN, is the one in the account where the registry is."""
    group = arguments.get("ModelPackageGroupName")
    if landing.model_package_group and isinstance(group, str) and not group.startswith("arn:"):
        arguments["ModelPackageGroupName"] = landing.model_package_group


_BY_TYPE: Mapping[str, Callable[[Json, Landing], None]] = {
    "Processing": _processing,
    "QualityCheck": _processing,
    "ClarifyCheck": _processing,
    "Training": _training,
    "Tuning": _tuning,
    "Transform": _transform,
    "Model": _model,
    "EndpointConfig": _endpoint_config,
    "RegisterModel": _register,
}
