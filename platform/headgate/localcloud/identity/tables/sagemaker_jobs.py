"""SageMaker jobs, pipelines, notebooks and monitoring: what guardrails ask about instances, networks and keys."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Keys, Need
from headgate.localcloud.identity.tables.parts import Operations, first, several
from headgate.localcloud.identity.tables.sagemaker_parts import PREFIX, instances, isolation, network, new, runs_as

_TUNED = ("TrainingJobDefinition.", "TrainingJobDefinitions[].")
_TRAINING: Keys = {
    **instances("ResourceConfig.InstanceType", "ResourceConfig.InstanceGroups[].InstanceType"),
    **network(),
    **isolation(),
    "sagemaker:InterContainerTrafficEncryption": "EnableInterContainerTrafficEncryption",
    "sagemaker:MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
    "sagemaker:VolumeKmsKey": "ResourceConfig.VolumeKmsKeyId",
    "sagemaker:OutputKmsKey": "OutputDataConfig.KmsKeyId",
    "sagemaker:KeepAlivePeriod": "ResourceConfig.KeepAlivePeriodInSeconds",
    "sagemaker:EnableRemoteDebug": "RemoteDebugConfig.EnableRemoteDebug",
    "sagemaker:FileSystemId": first("InputDataConfig[].DataSource.FileSystemDataSource.FileSystemId"),
    "sagemaker:FileSystemType": first("InputDataConfig[].DataSource.FileSystemDataSource.FileSystemType"),
    "sagemaker:FileSystemAccessMode": first("InputDataConfig[].DataSource.FileSystemDataSource.FileSystemAccessMode"),
    "sagemaker:FileSystemDirectoryPath": first("InputDataConfig[].DataSource.FileSystemDataSource.DirectoryPath"),
}
_TUNING: Keys = {
    "sagemaker:InstanceTypes": several(
        *(
            f"{start}{path}"
            for start in _TUNED
            for path in (
                "ResourceConfig.InstanceType",
                "ResourceConfig.InstanceGroups[].InstanceType",
                "HyperParameterTuningResourceConfig.InstanceType",
                "HyperParameterTuningResourceConfig.InstanceConfigs[].InstanceType",
            )
        )
    ),
    "sagemaker:VpcSubnets": several(*(f"{start}VpcConfig.Subnets[]" for start in _TUNED)),
    "sagemaker:VpcSecurityGroupIds": several(*(f"{start}VpcConfig.SecurityGroupIds[]" for start in _TUNED)),
    **isolation(*_TUNED),
    "sagemaker:InterContainerTrafficEncryption": first(
        *(f"{start}EnableInterContainerTrafficEncryption" for start in _TUNED)
    ),
    "sagemaker:MaxRuntimeInSeconds": first(*(f"{start}StoppingCondition.MaxRuntimeInSeconds" for start in _TUNED)),
    "sagemaker:VolumeKmsKey": first(*(f"{start}ResourceConfig.VolumeKmsKeyId" for start in _TUNED)),
    "sagemaker:OutputKmsKey": first(*(f"{start}OutputDataConfig.KmsKeyId" for start in _TUNED)),
}
_PROCESSING: Keys = {
    **instances("ProcessingResources.ClusterConfig.InstanceType"),
    **network("NetworkConfig."),
    **isolation("NetworkConfig."),
    "sagemaker:InterContainerTrafficEncryption": "NetworkConfig.EnableInterContainerTrafficEncryption",
    "sagemaker:MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
    "sagemaker:VolumeKmsKey": "ProcessingResources.ClusterConfig.VolumeKmsKeyId",
    "sagemaker:OutputKmsKey": "ProcessingOutputConfig.KmsKeyId",
}
_TRANSFORM: Keys = {
    **instances("TransformResources.InstanceType"),
    "sagemaker:VolumeKmsKey": "TransformResources.VolumeKmsKeyId",
    "sagemaker:OutputKmsKey": "TransformOutput.KmsKeyId",
}
_MONITORED = "MonitoringScheduleConfig.MonitoringJobDefinition."
_MONITORING: Keys = {
    **instances(f"{_MONITORED}MonitoringResources.ClusterConfig.InstanceType"),
    **network(f"{_MONITORED}NetworkConfig."),
    **isolation(f"{_MONITORED}NetworkConfig."),
    "sagemaker:InterContainerTrafficEncryption": (f"{_MONITORED}NetworkConfig.EnableInterContainerTrafficEncryption"),
    "sagemaker:MaxRuntimeInSeconds": f"{_MONITORED}StoppingCondition.MaxRuntimeInSeconds",
    "sagemaker:VolumeKmsKey": f"{_MONITORED}MonitoringResources.ClusterConfig.VolumeKmsKeyId",
    "sagemaker:OutputKmsKey": f"{_MONITORED}MonitoringOutputConfig.KmsKeyId",
}


def _definition(output: str) -> Keys:
    """A monitoring job's definition: data quality, model quality, bias, explainability."""
    return {
        **instances("JobResources.ClusterConfig.InstanceType"),
        **network("NetworkConfig."),
        **isolation("NetworkConfig."),
        "sagemaker:InterContainerTrafficEncryption": "NetworkConfig.EnableInterContainerTrafficEncryption",
        "sagemaker:MaxRuntimeInSeconds": "StoppingCondition.MaxRuntimeInSeconds",
        "sagemaker:VolumeKmsKey": "JobResources.ClusterConfig.VolumeKmsKeyId",
        "sagemaker:OutputKmsKey": f"{output}.KmsKeyId",
    }


_DEFINITIONS = {
    "DataQuality": ("data-quality", "DataQualityJobOutputConfig"),
    "ModelQuality": ("model-quality", "ModelQualityJobOutputConfig"),
    "ModelBias": ("model-bias", "ModelBiasJobOutputConfig"),
    "ModelExplainability": ("model-explainability", "ModelExplainabilityJobOutputConfig"),
}
_SCHEDULE = "monitoring-schedule/{MonitoringScheduleName}"
_JOBS: Operations = {
    "CreateTrainingJob": (
        *new("CreateTrainingJob", "training-job/{TrainingJobName}", _TRAINING),
        runs_as("RoleArn"),
    ),
    "UpdateTrainingJob": (
        Need(
            "sagemaker:UpdateTrainingJob",
            PREFIX + "training-job/{TrainingJobName}",
            {
                "sagemaker:KeepAlivePeriod": "ResourceConfig.KeepAlivePeriodInSeconds",
                "sagemaker:EnableRemoteDebug": "RemoteDebugConfig.EnableRemoteDebug",
            },
        ),
    ),
    "CreateHyperParameterTuningJob": (
        *new("CreateHyperParameterTuningJob", "hyper-parameter-tuning-job/{HyperParameterTuningJobName}", _TUNING),
        *(runs_as(f"{start}RoleArn") for start in _TUNED),
    ),
    "ListTrainingJobsForHyperParameterTuningJob": (
        Need(
            "sagemaker:ListTrainingJobsForHyperParameterTuningJob",
            PREFIX + "hyper-parameter-tuning-job/{HyperParameterTuningJobName}",
        ),
    ),
    "CreateProcessingJob": (
        *new("CreateProcessingJob", "processing-job/{ProcessingJobName}", _PROCESSING),
        runs_as("RoleArn"),
    ),
    "CreateTransformJob": new("CreateTransformJob", "transform-job/{TransformJobName}", _TRANSFORM),
}
_MONITORS: Operations = {
    "CreateMonitoringSchedule": (
        *new("CreateMonitoringSchedule", _SCHEDULE, _MONITORING),
        runs_as(f"{_MONITORED}RoleArn"),
    ),
    "UpdateMonitoringSchedule": (
        Need("sagemaker:UpdateMonitoringSchedule", PREFIX + _SCHEDULE, _MONITORING),
        runs_as(f"{_MONITORED}RoleArn"),
    ),
    **{
        f"Create{kind}JobDefinition": (
            *new(
                f"Create{kind}JobDefinition",
                f"{part}-job-definition/{{JobDefinitionName}}",
                _definition(output),
            ),
            runs_as("RoleArn"),
        )
        for kind, (part, output) in _DEFINITIONS.items()
    },
}
_PIPELINE = PREFIX + "pipeline/{PipelineName}"
_EXECUTION = "{PipelineExecutionArn}"
_ANY_EXECUTION = PREFIX + "pipeline/*/execution/*"  # the callback's token alone tells which
_PIPELINES: Operations = {
    "CreatePipeline": (*new("CreatePipeline", "pipeline/{PipelineName}"), runs_as("RoleArn")),
    "UpdatePipeline": (Need("sagemaker:UpdatePipeline", _PIPELINE), runs_as("RoleArn")),
    "UpdatePipelineVersion": (Need("sagemaker:UpdatePipelineVersion", "{PipelineArn}"),),
    "StartPipelineExecution": (
        Need("sagemaker:StartPipelineExecution", _PIPELINE, {"sagemaker:PipelineVersionId": "PipelineVersionId"}),
    ),
    **{
        name: (Need(f"sagemaker:{name}", _EXECUTION),)
        for name in (
            "DescribePipelineDefinitionForExecution",
            "DescribePipelineExecution",
            "ListPipelineExecutionSteps",
            "ListPipelineParametersForExecution",
            "RetryPipelineExecution",
            "StopPipelineExecution",
            "UpdatePipelineExecution",
        )
    },
    "ListPipelineExecutions": (Need("sagemaker:ListPipelineExecutions", _PIPELINE),),
    "ListPipelineVersions": (Need("sagemaker:ListPipelineVersions", _PIPELINE),),
    "SendPipelineExecutionStepFailure": (Need("sagemaker:SendPipelineExecutionStepFailure", _ANY_EXECUTION),),
    "SendPipelineExecutionStepSuccess": (Need("sagemaker:SendPipelineExecutionStepSuccess", _ANY_EXECUTION),),
}
_NOTEBOOK = "notebook-instance/{NotebookInstanceName}"
_NOTEBOOK_KEYS: Keys = {**instances("InstanceType"), "sagemaker:RootAccess": "RootAccess"}
_NOTEBOOKS: Operations = {
    "CreateNotebookInstance": (
        *new(
            "CreateNotebookInstance",
            _NOTEBOOK,
            {
                **_NOTEBOOK_KEYS,
                "sagemaker:VpcSubnets": several("SubnetId"),
                "sagemaker:VpcSecurityGroupIds": several("SecurityGroupIds[]"),
                "sagemaker:DirectInternetAccess": "DirectInternetAccess",
                "sagemaker:VolumeKmsKey": "KmsKeyId",
            },
        ),
        runs_as("RoleArn"),
    ),
    "UpdateNotebookInstance": (
        Need("sagemaker:UpdateNotebookInstance", PREFIX + _NOTEBOOK, _NOTEBOOK_KEYS),
        runs_as("RoleArn"),
    ),
    "CreatePresignedNotebookInstanceUrl": (Need("sagemaker:CreatePresignedNotebookInstanceUrl", PREFIX + _NOTEBOOK),),
    "CreateNotebookInstanceLifecycleConfig": new(
        "CreateNotebookInstanceLifecycleConfig",
        "notebook-instance-lifecycle-config/{NotebookInstanceLifecycleConfigName}",
    ),
    "CreateDomain": (
        *new(
            "CreateDomain",
            "domain/*",
            {
                "sagemaker:AppNetworkAccessType": "AppNetworkAccessType",
                "sagemaker:VpcSubnets": several("SubnetIds[]"),
                "sagemaker:VpcSecurityGroupIds": several("DefaultUserSettings.SecurityGroups[]"),
                "sagemaker:VolumeKmsKey": first("KmsKeyId", "HomeEfsFileSystemKmsKeyId"),
            },
        ),
        runs_as("DefaultUserSettings.ExecutionRole"),
    ),
}
_DOMAIN: Operations = {
    "UpdateDomain": (
        Need(
            "sagemaker:UpdateDomain",
            PREFIX + "domain/{DomainId}",
            {
                "sagemaker:AppNetworkAccessType": "AppNetworkAccessType",
                "sagemaker:VpcSubnets": several("SubnetIds[]"),
                "sagemaker:VpcSecurityGroupIds": several("DefaultUserSettings.SecurityGroups[]"),
            },
        ),
        runs_as("DefaultUserSettings.ExecutionRole"),
    ),
}

OPERATIONS: Operations = {**_JOBS, **_MONITORS, **_PIPELINES, **_NOTEBOOKS, **_DOMAIN}
