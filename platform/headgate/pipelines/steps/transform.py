"""The Transform step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from headgate.pipelines.references import Property, Renderable, Value, texts
from headgate.pipelines.steps.base import Build, JobStep, tag_list
from headgate.pipelines.values import Instance


@dataclass(frozen=True, eq=False)
class Transform(JobStep):
    """A batch transform job (CreateTransformJob) of a model over the objects under `source`.

    Filters are JSONPath; `max_payload_mb` and `max_concurrent` bound one request and how many fly at once.
    """

    kind: ClassVar[str] = "Transform"

    model: Value = field(kw_only=True)
    source: Value = field(kw_only=True)
    destination: Value | None = field(default=None, kw_only=True)
    content_type: Value | None = field(default=None, kw_only=True)
    accept: Value | None = field(default=None, kw_only=True)
    data_type: Literal["S3Prefix", "ManifestFile"] = field(default="S3Prefix", kw_only=True)
    compression: Literal["None", "Gzip"] | None = field(default=None, kw_only=True)
    split: Literal["None", "Line", "RecordIO", "TFRecord"] | None = field(default=None, kw_only=True)
    assemble: Literal["None", "Line"] | None = field(default=None, kw_only=True)
    batch_strategy: Literal["MultiRecord", "SingleRecord"] | None = field(default=None, kw_only=True)
    max_payload_mb: Value | None = field(default=None, kw_only=True)
    max_concurrent: Value | None = field(default=None, kw_only=True)
    input_filter: Value | None = field(default=None, kw_only=True)
    output_filter: Value | None = field(default=None, kw_only=True)
    join_source: Literal["None", "Input"] | None = field(default=None, kw_only=True)
    environment: Mapping[str, Value] = field(default_factory=dict, kw_only=True)
    instance: Instance = field(default_factory=Instance, kw_only=True)
    tags: Mapping[str, Value] = field(default_factory=dict, kw_only=True)

    @property
    def output(self) -> Property:
        """The S3 URI under which the results are."""
        return Property(self.name, "TransformOutput.S3OutputPath")

    def request(self, build: Build) -> Mapping[str, Renderable]:
        processing = {
            "InputFilter": self.input_filter,
            "OutputFilter": self.output_filter,
            "JoinSource": self.join_source,
        }
        return {
            "ModelName": self.model,
            "TransformInput": {
                "DataSource": {"S3DataSource": {"S3DataType": self.data_type, "S3Uri": self.source}},
                "ContentType": self.content_type,
                "CompressionType": self.compression,
                "SplitType": self.split,
            },
            "TransformOutput": {
                "S3OutputPath": build.destination(self.name) if self.destination is None else self.destination,
                "Accept": self.accept,
                "AssembleWith": self.assemble,
            },
            "TransformResources": {
                "InstanceType": self.instance.type,
                "InstanceCount": self.instance.count,
                "VolumeKmsKeyId": self.instance.kms_key,
            },
            "BatchStrategy": self.batch_strategy,
            "MaxPayloadInMB": self.max_payload_mb,
            "MaxConcurrentTransforms": self.max_concurrent,
            "DataProcessing": processing if any(value is not None for value in processing.values()) else None,
            "Environment": texts(self.environment) or None,
            "Tags": tag_list(self.tags),
        }
