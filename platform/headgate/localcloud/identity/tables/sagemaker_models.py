"""SageMaker models, their registry and endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import Operations, several, tags_of
from headgate.localcloud.identity.tables.paths import Parameters, owner, values
from headgate.localcloud.identity.tables.sagemaker_parts import PREFIX, isolation, network, new, runs_as
from headgate.localcloud.seams import Caller

_GROUP = PREFIX + "model-package-group/{ModelPackageGroupName}"
_VARIANTS = ("ProductionVariants[].", "ShadowProductionVariants[].")
_APPROVAL: Keys = {
    "sagemaker:ModelApprovalStatus": "ModelApprovalStatus",
    "sagemaker:ModelLifeCycle:Stage": "ModelLifeCycle.Stage",
    "sagemaker:ModelLifeCycle:StageStatus": "ModelLifeCycle.StageStatus",
}
_METADATA = {"sagemaker:CustomerMetadataProperties/": tags_of("CustomerMetadataProperties")}
_REMOVED: Keys = {"sagemaker:CustomerMetadataPropertiesToRemove": "CustomerMetadataPropertiesToRemove[]"}
_CONFIG: Keys = {
    "sagemaker:InstanceTypes": several(*(f"{start}InstanceType" for start in _VARIANTS)),
    "sagemaker:AcceleratorTypes": several(*(f"{start}AcceleratorType" for start in _VARIANTS)),
    "sagemaker:ServerlessMaxConcurrency": several(*(f"{start}ServerlessConfig.MaxConcurrency" for start in _VARIANTS)),
    "sagemaker:ServerlessMemorySize": several(*(f"{start}ServerlessConfig.MemorySizeInMB" for start in _VARIANTS)),
    "sagemaker:VolumeKmsKey": "KmsKeyId",
    **network(),
    **isolation(),
}


def _new_package(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    """A version of a group has no number yet: it stands as `model-package/GROUP/*`."""
    start = f"arn:aws:sagemaker:{caller.region}:{caller.account}:model-package/"
    group = next(iter(values(parameters, "ModelPackageGroupName")), None)
    if group is None:
        return (start + str(next(iter(values(parameters, "ModelPackageName")), "*")),)
    if str(group).startswith("arn:"):
        return (str(group).replace(":model-package-group/", ":model-package/", 1) + "/*",)
    return (f"{start}{group}/*",)


def _foreign_packages(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    """Model packages of other accounts that a model is made from: their group's policy allows sagemaker:CreateModel.

    Source: SageMaker Developer Guide, "Deploy a model version from a different account".
    """
    named = [
        str(name)
        for path in ("PrimaryContainer.ModelPackageName", "Containers[].ModelPackageName")
        for name in values(parameters, path)
    ]
    return tuple(name for name in named if name.startswith("arn:") and owner(name, caller) != caller.account)


def _package_batch(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    start = f"arn:aws:sagemaker:{caller.region}:{caller.account}:model-package/"
    names = [str(name) for name in values(parameters, "ModelPackageArnList[]")]
    return tuple(name if name.startswith("arn:") else start + name for name in names)


def _packages_of_group(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    """ListModelPackages is about the versions of the group that it names, else about everything."""
    return _new_package(parameters, caller) if values(parameters, "ModelPackageGroupName") else ("*",)


def _creates_package() -> tuple[Need, ...]:
    main, tagged = new("CreateModelPackage", "model-package/*")
    return (
        replace(main, resource=_new_package, keys={**main.keys, **_APPROVAL}, families={**main.families, **_METADATA}),
        replace(tagged, resource=_new_package),
    )


_PACKAGES: Operations = {
    "CreateModelPackage": _creates_package(),
    "UpdateModelPackage": (
        Need("sagemaker:UpdateModelPackage", "{ModelPackageArn}", {**_APPROVAL, **_REMOVED}, _METADATA),
    ),
    "BatchDescribeModelPackage": (Need("sagemaker:BatchDescribeModelPackage", _package_batch),),
    "ListModelPackages": (Need("sagemaker:ListModelPackages", _packages_of_group),),
    "GetModelPackageGroupPolicy": (Need("sagemaker:GetModelPackageGroupPolicy", _GROUP),),
    "PutModelPackageGroupPolicy": (Need("sagemaker:PutModelPackageGroupPolicy", _GROUP),),
    "DeleteModelPackageGroupPolicy": (Need("sagemaker:DeleteModelPackageGroupPolicy", _GROUP),),
}
_MODELS: Operations = {
    "CreateModel": (
        *new("CreateModel", "model/{ModelName}", {**network(), **isolation()}),
        Need("sagemaker:CreateModel", _foreign_packages, optional=True),
        runs_as("ExecutionRoleArn"),
    ),
    "CreateEndpointConfig": (
        *new("CreateEndpointConfig", "endpoint-config/{EndpointConfigName}", _CONFIG),
        runs_as("ExecutionRoleArn"),
    ),
    "CreateEndpoint": (
        *new("CreateEndpoint", "endpoint/{EndpointName}"),
        Need("sagemaker:CreateEndpoint", PREFIX + "endpoint-config/{EndpointConfigName}"),
    ),
    "UpdateEndpoint": (
        Need("sagemaker:UpdateEndpoint", PREFIX + "endpoint/{EndpointName}"),
        Need("sagemaker:UpdateEndpoint", PREFIX + "endpoint-config/{EndpointConfigName}"),
    ),
    "UpdateEndpointWeightsAndCapacities": (
        Need("sagemaker:UpdateEndpointWeightsAndCapacities", PREFIX + "endpoint/{EndpointName}"),
    ),
}

OPERATIONS: Mapping[str, tuple[Need, ...]] = {**_PACKAGES, **_MODELS}
