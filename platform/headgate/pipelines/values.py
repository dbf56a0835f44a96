"""The small parts that steps are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from headgate.pipelines.references import Renderable, Value, text, texts


@dataclass(frozen=True, slots=True)
class Instance:
    """What a job runs on: instance type (`ml.m5.xlarge`), how many, and GB of disk on each."""

    type: Value = "ml.m5.xlarge"
    count: Value = 1
    volume_gb: Value = 30
    kms_key: Value | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """Where a job's hosts are attached, and whether they may reach anything."""

    isolated: Value | None = None
    encrypt_traffic: Value | None = None
    security_groups: Sequence[Value] = ()
    subnets: Sequence[Value] = ()

    @property
    def vpc(self) -> Renderable:
        """The request's `VpcConfig`, or None."""
        if not self.security_groups and not self.subnets:
            return None
        return {"SecurityGroupIds": list(self.security_groups), "Subnets": list(self.subnets)}


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a Processing step; without `local_path` it is at `/opt/ml/processing/input/<name>`."""

    name: str
    source: Value
    local_path: str | None = None
    distribution: Literal["FullyReplicated", "ShardedByS3Key"] = "FullyReplicated"
    data_type: Literal["S3Prefix", "ManifestFile"] = "S3Prefix"
    mode: Literal["File", "Pipe"] = "File"
    compression: Literal["None", "Gzip"] = "None"

    def as_request(self) -> Renderable:
        return {
            "InputName": self.name,
            "S3Input": {
                "S3Uri": self.source,
                "LocalPath": self.local_path or f"/opt/ml/processing/input/{self.name}",
                "S3DataType": self.data_type,
                "S3InputMode": self.mode,
                "S3DataDistributionType": self.distribution,
                "S3CompressionType": self.compression,
            },
        }


@dataclass(frozen=True, slots=True)
class Output:
    """An output of a Processing step; without `local_path` it is at `/opt/ml/processing/output/<name>`.

    Without `destination` it goes to `s3://<bucket>/<prefix>/<pipeline>/<execution id>/<step>/<name>`.
    """

    name: str
    local_path: str | None = None
    destination: Value | None = None
    upload: Literal["EndOfJob", "Continuous"] = "EndOfJob"

    def as_request(self, destination: Value) -> Renderable:
        return {
            "OutputName": self.name,
            "S3Output": {
                "S3Uri": destination,
                "LocalPath": self.local_path or f"/opt/ml/processing/output/{self.name}",
                "S3UploadMode": self.upload,
            },
        }


@dataclass(frozen=True, slots=True)
class PropertyFile:
    """A JSON file, at `path` in an output, out of which later steps may read values."""

    name: str
    output: str
    path: str

    def as_request(self) -> Renderable:
        return {"PropertyFileName": self.name, "OutputName": self.output, "FilePath": self.path}


@dataclass(frozen=True, slots=True)
class Channel:
    """An input channel of a training job, mounted at `/opt/ml/input/data/<name>`."""

    source: Value
    content_type: Value | None = None
    distribution: Literal["FullyReplicated", "ShardedByS3Key"] = "FullyReplicated"
    data_type: Literal["S3Prefix", "ManifestFile", "AugmentedManifestFile"] = "S3Prefix"
    mode: Literal["File", "Pipe", "FastFile"] | None = None
    compression: Literal["None", "Gzip"] | None = None
    record_wrapper: Literal["None", "RecordIO"] | None = None

    def as_request(self, name: str) -> Renderable:
        return {
            "ChannelName": name,
            "ContentType": self.content_type,
            "CompressionType": self.compression,
            "RecordWrapperType": self.record_wrapper,
            "InputMode": self.mode,
            "DataSource": {
                "S3DataSource": {
                    "S3DataType": self.data_type,
                    "S3Uri": self.source,
                    "S3DataDistributionType": self.distribution,
                }
            },
        }


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a model: image, model data, environment."""

    image: Value
    model_data: Value | None = None
    environment: Mapping[str, Value] = field(default_factory=dict)

    def as_request(self) -> Mapping[str, Renderable]:
        return {
            "Image": self.image,
            "ModelDataUrl": self.model_data,
            "Environment": texts(self.environment) or None,
        }


@dataclass(frozen=True, slots=True)
class ModelMetrics:
    """S3 URIs of the files that describe a model package version; `drift_*` are what drift is checked against."""

    model_quality: Value | None = None
    model_quality_constraints: Value | None = None
    data_quality: Value | None = None
    data_quality_constraints: Value | None = None
    bias: Value | None = None
    explainability: Value | None = None
    content_type: str = "application/json"

    def as_request(self) -> Renderable:
        return {
            "ModelQuality": self._pair(self.model_quality, self.model_quality_constraints),
            "ModelDataQuality": self._pair(self.data_quality, self.data_quality_constraints),
            "Bias": self._one("Report", self.bias),
            "Explainability": self._one("Report", self.explainability),
        }

    def _one(self, member: str, uri: Value | None) -> dict[str, Renderable] | None:
        return None if uri is None else {member: {"ContentType": self.content_type, "S3Uri": uri}}

    def _pair(self, statistics: Value | None, constraints: Value | None) -> dict[str, Renderable] | None:
        both = {**(self._one("Statistics", statistics) or {}), **(self._one("Constraints", constraints) or {})}
        return both or None


@dataclass(frozen=True, slots=True)
class DriftBaselines:
    """S3 URIs of a model package version's `DriftCheckBaselines`."""

    model_statistics: Value | None = None
    model_constraints: Value | None = None
    data_statistics: Value | None = None
    data_constraints: Value | None = None
    bias_constraints: Value | None = None
    explainability_constraints: Value | None = None
    content_type: str = "application/json"

    def as_request(self) -> Renderable:
        files: dict[str, dict[str, Value | None]] = {
            "Bias": {"PostTrainingConstraints": self.bias_constraints},
            "Explainability": {"Constraints": self.explainability_constraints},
            "ModelQuality": {"Statistics": self.model_statistics, "Constraints": self.model_constraints},
            "ModelDataQuality": {"Statistics": self.data_statistics, "Constraints": self.data_constraints},
        }
        given = {
            kind: {
                member: {"ContentType": self.content_type, "S3Uri": uri}
                for member, uri in files.items()
                if uri is not None
            }
            for kind, files in files.items()
        }
        return {kind: members for kind, members in given.items() if members}


Scaling: TypeAlias = Literal["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]


@dataclass(frozen=True, slots=True)
class _Interval:
    low: Value
    high: Value
    scaling: Scaling = "Auto"

    def as_request(self, name: str) -> Renderable:
        return {"Name": name, "MinValue": text(self.low), "MaxValue": text(self.high), "ScalingType": self.scaling}


class Continuous(_Interval):
    """A range of floats that a tuning job searches: `low`, `high`, `scaling`."""

    __slots__ = ()


class Integer(_Interval):
    """A range of integers that a tuning job searches: `low`, `high`, `scaling`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Categorical:
    """Values that a tuning job chooses among."""

    values: Sequence[Value]

    def as_request(self, name: str) -> Renderable:
        return {"Name": name, "Values": [text(value) for value in self.values]}


Range: TypeAlias = Continuous | Integer | Categorical
