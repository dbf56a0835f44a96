"""SageMaker: what is created, described, listed and deleted alike; what is special stands in modules of its own."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.localcloud.identity.tables import sagemaker_jobs, sagemaker_models
from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.parts import Operations, same, tags_resource, untags_resource
from headgate.localcloud.identity.tables.sagemaker_parts import PREFIX, new, runs_as

_NAMED: Mapping[str, str] = {
    "Action": "action/{ActionName}",
    "Algorithm": "algorithm/{AlgorithmName}",
    "AppImageConfig": "app-image-config/{AppImageConfigName}",
    "AutoMLJob": "automl-job/{AutoMLJobName}",
    "CodeRepository": "code-repository/{CodeRepositoryName}",
    "CompilationJob": "compilation-job/{CompilationJobName}",
    "Context": "context/{ContextName}",
    "DataQualityJobDefinition": "data-quality-job-definition/{JobDefinitionName}",
    "Domain": "domain/{DomainId}",
    "Endpoint": "endpoint/{EndpointName}",
    "EndpointConfig": "endpoint-config/{EndpointConfigName}",
    "Experiment": "experiment/{ExperimentName}",
    "FeatureGroup": "feature-group/{FeatureGroupName}",
    "HyperParameterTuningJob": "hyper-parameter-tuning-job/{HyperParameterTuningJobName}",
    "Image": "image/{ImageName}",
    "InferenceComponent": "inference-component/{InferenceComponentName}",
    "Model": "model/{ModelName}",
    "ModelBiasJobDefinition": "model-bias-job-definition/{JobDefinitionName}",
    "ModelCard": "model-card/{ModelCardName}",
    "ModelExplainabilityJobDefinition": "model-explainability-job-definition/{JobDefinitionName}",
    "ModelPackage": "model-package/{ModelPackageName}",
    "ModelPackageGroup": "model-package-group/{ModelPackageGroupName}",
    "ModelQualityJobDefinition": "model-quality-job-definition/{JobDefinitionName}",
    "MonitoringSchedule": "monitoring-schedule/{MonitoringScheduleName}",
    "NotebookInstance": "notebook-instance/{NotebookInstanceName}",
    "NotebookInstanceLifecycleConfig": ("notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}"),
    "Pipeline": "pipeline/{PipelineName}",
    "ProcessingJob": "processing-job/{ProcessingJobName}",
    "Project": "project/{ProjectName}",
    "Space": "space/{DomainId}/{SpaceName}",
    "StudioLifecycleConfig": "studio-lifecycle-config/{StudioLifecycleConfigName}",
    "TrainingJob": "training-job/{TrainingJobName}",
    "TransformJob": "transform-job/{TransformJobName}",
    "Trial": "experiment-trial/{TrialName}",
    "TrialComponent": "experiment-trial-component/{TrialComponentName}",
    "UserProfile": "user-profile/{DomainId}/{UserProfileName}",
}
"""What an operation such as DescribeModel is about, as the resource part of its ARN."""
_JOBS = ("AutoMLJob", "CompilationJob", "HyperParameterTuningJob", "ProcessingJob", "TrainingJob", "TransformJob")
_UNDELETABLE = frozenset({"AutoMLJob", "TransformJob"})
_UPDATABLE = (
    "Action",
    "AppImageConfig",
    "CodeRepository",
    "Context",
    "Experiment",
    "FeatureGroup",
    "Image",
    "InferenceComponent",
    "ModelCard",
    "NotebookInstanceLifecycleConfig",
    "Project",
    "Space",
    "Trial",
    "TrialComponent",
    "UserProfile",
)
_CREATED = (
    "Action",
    "AppImageConfig",
    "CodeRepository",
    "Context",
    "Experiment",
    "ModelCard",
    "ModelPackageGroup",
    "Project",
    "Space",
    "StudioLifecycleConfig",
    "Trial",
    "TrialComponent",
    "UserProfile",
)
_LISTED = (
    "Actions Algorithms AppImageConfigs Apps Artifacts AutoMLJobs CodeRepositories CompilationJobs Contexts "
    "DataQualityJobDefinitions Domains EndpointConfigs Endpoints Experiments FeatureGroups HyperParameterTuningJobs "
    "Images InferenceComponents ModelBiasJobDefinitions ModelCards ModelExplainabilityJobDefinitions ModelMetadata "
    "ModelPackageGroups ModelQualityJobDefinitions Models MonitoringExecutions MonitoringSchedules "
    "NotebookInstanceLifecycleConfigs NotebookInstances Pipelines ProcessingJobs Projects Spaces "
    "StudioLifecycleConfigs TrainingJobs TransformJobs TrialComponents Trials UserProfiles"
)


def _on(verbs: str, kinds: Mapping[str, str]) -> Operations:
    return {
        f"{verb}{kind}": (Need(f"sagemaker:{verb}{kind}", PREFIX + part),)
        for verb in verbs.split()
        for kind, part in kinds.items()
    }


def _only(*kinds: str) -> Mapping[str, str]:
    return {kind: _NAMED[kind] for kind in kinds}


_EVERY: Operations = {
    **_on("Describe", _NAMED),
    **_on("Delete", {kind: part for kind, part in _NAMED.items() if kind not in _UNDELETABLE}),
    **_on("Stop", _only(*_JOBS, "MonitoringSchedule", "NotebookInstance")),
    **_on("Start", _only("MonitoringSchedule", "NotebookInstance")),
    **_on("Update", _only(*_UPDATABLE)),
    **{f"Create{kind}": new(f"Create{kind}", _NAMED[kind]) for kind in _CREATED},
    **same("sagemaker", "*", [f"List{name}" for name in _LISTED.split()]),
}
_IMAGE = PREFIX + "image/{ImageName}"
_IMAGE_VERSIONS = PREFIX + "image-version/{ImageName}/*"
_TRIAL = PREFIX + "experiment-trial/{TrialName}"
_COMPONENT = PREFIX + "experiment-trial-component/{TrialComponentName}"
_REST: Operations = {
    **same("sagemaker", "*", "GetSearchSuggestions ListAssociations QueryLineage Search"),
    "CreateArtifact": new("CreateArtifact", "artifact/*"),
    **same("sagemaker", "{ArtifactArn}", "DeleteArtifact DescribeArtifact UpdateArtifact"),
    **{
        name: tuple(Need(f"sagemaker:{name}", end) for end in ("{SourceArn}", "{DestinationArn}"))
        for name in ("AddAssociation", "DeleteAssociation")
    },
    "ListTags": (Need("sagemaker:ListTags", "{ResourceArn}"),),
    "AddTags": tags_resource("sagemaker:AddTags", "{ResourceArn}"),
    "DeleteTags": untags_resource("sagemaker:DeleteTags", "{ResourceArn}"),
    "ListModelCardVersions": (Need("sagemaker:ListModelCardVersions", PREFIX + "model-card/{ModelCardName}"),),
    "AssociateTrialComponent": (
        Need("sagemaker:AssociateTrialComponent", _TRIAL),
        Need("sagemaker:AssociateTrialComponent", _COMPONENT),
    ),
    "DisassociateTrialComponent": (
        Need("sagemaker:DisassociateTrialComponent", _TRIAL),
        Need("sagemaker:DisassociateTrialComponent", _COMPONENT),
    ),
    "CreateUserProfile": (
        *new("CreateUserProfile", _NAMED["UserProfile"]),
        runs_as("UserSettings.ExecutionRole"),
    ),
    "UpdateUserProfile": (
        Need("sagemaker:UpdateUserProfile", PREFIX + _NAMED["UserProfile"]),
        runs_as("UserSettings.ExecutionRole"),
    ),
    "CreateImage": (*new("CreateImage", _NAMED["Image"]), runs_as("RoleArn")),
    **same("sagemaker", _IMAGE, "CreateImageVersion ListAliases ListImageVersions"),
    **same("sagemaker", _IMAGE_VERSIONS, "DeleteImageVersion DescribeImageVersion UpdateImageVersion"),
    "UpdateImage": (Need("sagemaker:UpdateImage", PREFIX + _NAMED["Image"]), runs_as("RoleArn")),
    "CreateFeatureGroup": (
        *new("CreateFeatureGroup", _NAMED["FeatureGroup"]),
        runs_as("RoleArn"),
    ),
}

OPERATIONS: Operations = {**_EVERY, **sagemaker_jobs.OPERATIONS, **sagemaker_models.OPERATIONS, **_REST}
