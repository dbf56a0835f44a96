"""The Model and RegisterModel steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from headgate.errors import UserError
from headgate.pipelines.references import Property, Renderable, Value, texts
from headgate.pipelines.steps.base import Build, CachedStep, RetriedStep, tag_list
from headgate.pipelines.values import Container, DriftBaselines, ModelMetrics, Network


@dataclass(frozen=True, eq=False)
class CreateModel(CachedStep, RetriedStep):
    """A model (CreateModel): one container, or several that form an inference pipeline."""

    kind: ClassVar[str] = "Model"

    role: Value = field(kw_only=True)
    image: Value | None = field(default=None, kw_only=True)
    model_data: Value | None = field(default=None, kw_only=True)
    environment: Mapping[str, Value] = field(default_factory=dict, kw_only=True)
    containers: Sequence[Container] = field(default=(), kw_only=True)
    network: Network | None = field(default=None, kw_only=True)
    tags: Mapping[str, Value] = field(default_factory=dict, kw_only=True)

    @property
    def model_name(self) -> Property:
        """The name that SageMaker gave the model."""
        return Property(self.name, "ModelName")

    def request(self, build: Build) -> Mapping[str, Renderable]:  # noqa: ARG002
        containers = [each.as_request() for each in _containers(self)]
        network = self.network or Network()
        return {
            "ExecutionRoleArn": self.role,
            "PrimaryContainer": containers[0] if len(containers) == 1 else None,
            "Containers": containers if len(containers) > 1 else None,
            "VpcConfig": network.vpc,
            "EnableNetworkIsolation": network.isolated,
            "Tags": tag_list(self.tags),
        }


@dataclass(frozen=True, eq=False)
class RegisterModel(CachedStep, RetriedStep):
    """A version in a model package group (CreateModelPackage).

    `properties` are searchable strings of the version (CustomerMetadataProperties), `metadata` is what SageMaker
    knows of its source (MetadataProperties: CommitId, GeneratedBy, ProjectId, Repository).
    """

    kind: ClassVar[str] = "RegisterModel"

    group: Value = field(kw_only=True)
    image: Value | None = field(default=None, kw_only=True)
    model_data: Value | None = field(default=None, kw_only=True)
    environment: Mapping[str, Value] = field(default_factory=dict, kw_only=True)
    containers: Sequence[Container] = field(default=(), kw_only=True)
    approval: Value = field(default="PendingManualApproval", kw_only=True)
    package_description: Value | None = field(default=None, kw_only=True)
    metrics: ModelMetrics | None = field(default=None, kw_only=True)
    drift_baselines: DriftBaselines | None = field(default=None, kw_only=True)
    properties: Mapping[str, Value] = field(default_factory=dict, kw_only=True)
    metadata: Mapping[Literal["CommitId", "GeneratedBy", "ProjectId", "Repository"], Value] = field(
        default_factory=dict, kw_only=True
    )
    content_types: Sequence[Value] = field(default=("text/csv",), kw_only=True)
    response_types: Sequence[Value] = field(default=("text/csv",), kw_only=True)
    inference_instances: Sequence[Value] = field(default=("ml.m5.xlarge",), kw_only=True)
    transform_instances: Sequence[Value] = field(default=("ml.m5.xlarge",), kw_only=True)
    domain: Value | None = field(default=None, kw_only=True)
    task: Value | None = field(default=None, kw_only=True)
    sample_payload: Value | None = field(default=None, kw_only=True)

    @property
    def model_package_arn(self) -> Property:
        """The ARN of the registered version."""
        return Property(self.name, "ModelPackageArn")

    def request(self, build: Build) -> Mapping[str, Renderable]:  # noqa: ARG002
        return {
            "ModelPackageGroupName": self.group,
            "ModelPackageDescription": self.package_description,
            "InferenceSpecification": {
                "Containers": [each.as_request() for each in _containers(self)],
                "SupportedContentTypes": list(self.content_types),
                "SupportedResponseMIMETypes": list(self.response_types),
                "SupportedRealtimeInferenceInstanceTypes": list(self.inference_instances),
                "SupportedTransformInstanceTypes": list(self.transform_instances),
            },
            "ModelApprovalStatus": self.approval,
            "ModelMetrics": None if self.metrics is None else self.metrics.as_request(),
            "DriftCheckBaselines": None if self.drift_baselines is None else self.drift_baselines.as_request(),
            "CustomerMetadataProperties": texts(self.properties) or None,
            "MetadataProperties": texts({str(key): value for key, value in self.metadata.items()}) or None,
            "Domain": self.domain,
            "Task": self.task,
            "SamplePayloadUrl": self.sample_payload,
        }


def _containers(step: CreateModel | RegisterModel) -> Sequence[Container]:
    if (step.image is None) == (not step.containers):
        raise UserError(f"step {step.name} needs an image, or containers", expected="one of the two")
    if step.image is None:
        return step.containers
    return [Container(step.image, step.model_data, step.environment)]
