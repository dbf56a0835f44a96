"""Which SageMaker requests carry which condition key, where a guardrail needs every one of them.

The sets are those of AWS's Service Authorization Reference; a test compares them.
"""

from __future__ import annotations


def _named(names: str) -> tuple[str, ...]:
    return tuple(f"sagemaker:{each}" for each in names.split())


WITH_INSTANCES = _named(
    "CreateApp CreateCluster CreateDataQualityJobDefinition CreateDomain CreateEndpointConfig"
    " CreateHyperParameterTuningJob CreateModelBiasJobDefinition CreateModelExplainabilityJobDefinition"
    " CreateModelQualityJobDefinition CreateMonitoringSchedule CreateNotebookInstance CreateProcessingJob CreateSpace"
    " CreateTrainingJob CreateTransformJob CreateUserProfile UpdateCluster UpdateDomain UpdateMonitoringSchedule"
    " UpdateNotebookInstance UpdateSpace UpdateTrainingJob UpdateUserProfile"
)
"""Requests that `sagemaker:InstanceTypes` is known of."""

IN_VPC = _named(
    "CreateAutoMLJob CreateAutoMLJobV2 CreateCluster CreateDataQualityJobDefinition CreateDomain"
    " CreateHyperParameterTuningJob CreateModel CreateModelBiasJobDefinition CreateModelExplainabilityJobDefinition"
    " CreateModelQualityJobDefinition CreateMonitoringSchedule CreateNotebookInstance CreateProcessingJob"
    " CreateTrainingJob"
)
"""Requests that create something and say its subnets; an endpoint's are its model's."""

WITH_VOLUME_KEY = _named(
    "CreateAutoMLJob CreateAutoMLJobV2 CreateDataQualityJobDefinition CreateDomain CreateEndpointConfig"
    " CreateHyperParameterTuningJob CreateLabelingJob CreateModelBiasJobDefinition"
    " CreateModelExplainabilityJobDefinition CreateModelQualityJobDefinition CreateMonitoringSchedule"
    " CreateNotebookInstance CreateProcessingJob CreateTrainingJob CreateTransformJob"
)
"""Requests that create something with a storage volume; serverless endpoints have none."""

WITH_OUTPUT_KEY = _named(
    "CreateAutoMLJob CreateAutoMLJobV2 CreateDataQualityJobDefinition CreateHyperParameterTuningJob CreateLabelingJob"
    " CreateModelBiasJobDefinition CreateModelExplainabilityJobDefinition CreateModelQualityJobDefinition"
    " CreateMonitoringSchedule CreateProcessingJob CreateTrainingJob CreateTransformJob"
)
"""Requests that create something which writes its output to S3."""

ISOLATED = _named(
    "CreateDataQualityJobDefinition CreateHyperParameterTuningJob CreateModel CreateModelBiasJobDefinition"
    " CreateModelExplainabilityJobDefinition CreateModelQualityJobDefinition CreateMonitoringSchedule"
    " CreateProcessingJob CreateTrainingJob"
)
"""Requests that say whether containers have a network."""
