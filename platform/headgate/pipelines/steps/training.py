"""The Training and Tuning steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from headgate.errors import UserError
from headgate.pipelines.assets import SourceCode
from headgate.pipelines.references import Join, Property, Renderable, Value, join, text, texts
from headgate.pipelines.steps.base import Build, JobStep, tag_list
from headgate.pipelines.values import Categorical, Channel, Continuous, Instance, Integer, Network, Range


@dataclass(frozen=True, eq=False)
class Training(JobStep):
    """A training job (CreateTrainingJob).

    With `code` the image runs it in script mode: `sagemaker_program` and `sagemaker_submit_directory` are
    hyperparameters, the latter a content-addressed `sourcedir.tar.gz`. Metric definitions are regular expressions
    by metric name. Spot training needs `max_wait_seconds`.
    """

    kind: ClassVar[str] = "Training"

    image: Value = field(kw_only=True)
    role: Value = field(kw_only=True)
    channels: Mapping[str, Channel | Value] = field(default_factory=dict, kw_only=True)
    hyperparameters: Mapping[str, Value] = field(default_factory=dict, kw_only=True)
    code: SourceCode | None = field(default=None, kw_only=True)
    entry: str | None = field(default=None, kw_only=True)
    entrypoint: Sequence[Value] = field(default=(), kw_only=True)
    arguments: Sequence[Value] = field(default=(), kw_only=True)
    environment: Mapping[str, Value] = field(default_factory=dict, kw_only=True)
    instance: Instance = field(default_factory=Instance, kw_only=True)
    output_uri: Value | None = field(default=None, kw_only=True)
    output_kms_key: Value | None = field(default=None, kw_only=True)
    metric_definitions: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    input_mode: Literal["File", "Pipe", "FastFile"] = field(default="File", kw_only=True)
    max_runtime_seconds: Value = field(default=86_400, kw_only=True)
    max_wait_seconds: Value | None = field(default=None, kw_only=True)
    spot: Value | None = field(default=None, kw_only=True)
    checkpoints: Value | None = field(default=None, kw_only=True)
    checkpoint_path: str = field(default="/opt/ml/checkpoints", kw_only=True)
    network: Network | None = field(default=None, kw_only=True)
    tags: Mapping[str, Value] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        if self.code is not None and self.entry is not None and self.entry not in {f.path for f in self.code.files}:
            raise UserError(f"step {self.name}: {self.entry!r} is not among the files of its code")

    @property
    def model_artifacts(self) -> Property:
        """The S3 URI of the `model.tar.gz` that the job wrote."""
        return Property(self.name, "ModelArtifacts.S3ModelArtifacts")

    def request(self, build: Build) -> Mapping[str, Renderable]:
        network = self.network or Network()
        return {
            "AlgorithmSpecification": {**self.algorithm(), "ContainerEntrypoint": list(self.entrypoint) or None}
            | {"ContainerArguments": [text(argument) for argument in self.arguments] or None},
            "OutputDataConfig": self.output_config(build),
            "StoppingCondition": self.stopping(),
            "ResourceConfig": resources(self.instance),
            "RoleArn": self.role,
            "InputDataConfig": self.input_config() or None,
            "HyperParameters": self.all_hyperparameters(build) or None,
            "Environment": texts(self.environment) or None,
            "EnableManagedSpotTraining": self.spot,
            "CheckpointConfig": self.checkpoint_config(),
            "VpcConfig": network.vpc,
            "EnableNetworkIsolation": network.isolated,
            "EnableInterContainerTrafficEncryption": network.encrypt_traffic,
            "Tags": tag_list(self.tags),
        }

    def algorithm(self) -> Mapping[str, Renderable]:
        """Image, input mode and metrics: what a training and a tuning job share of the specification."""
        metrics = [{"Name": name, "Regex": regex} for name, regex in self.metric_definitions.items()]
        return {
            "TrainingImage": self.image,
            "TrainingInputMode": self.input_mode,
            "MetricDefinitions": metrics or None,
        }

    def all_hyperparameters(self, build: Build) -> Mapping[str, Renderable]:
        """The hyperparameters, and with `code` those that script mode reads."""
        given: dict[str, Renderable] = {**texts(self.hyperparameters)}
        if self.code is None:
            return given
        script: dict[str, Renderable] = {
            "sagemaker_program": self.entry or self.code.entry,
            "sagemaker_submit_directory": build.code_archive(self.code),
        }
        return {**given, **script}

    def input_config(self) -> list[Renderable]:
        channels = {
            name: channel if isinstance(channel, Channel) else Channel(channel)
            for name, channel in self.channels.items()
        }
        return [channel.as_request(name) for name, channel in channels.items()]

    def output_config(self, build: Build) -> Renderable:
        uri = build.destination(self.name) if self.output_uri is None else self.output_uri
        return {"S3OutputPath": uri, "KmsKeyId": self.output_kms_key}

    def stopping(self) -> Renderable:
        return {"MaxRuntimeInSeconds": self.max_runtime_seconds, "MaxWaitTimeInSeconds": self.max_wait_seconds}

    def checkpoint_config(self) -> Renderable:
        return None if self.checkpoints is None else {"S3Uri": self.checkpoints, "LocalPath": self.checkpoint_path}


@dataclass(frozen=True, eq=False)
class Tuning(JobStep):
    """A hyperparameter tuning job (CreateHyperParameterTuningJob) of what `training` describes.

    The name and policies of `training` are not used. `objective` is a metric and `Minimize` or `Maximize`; a metric
    that the algorithm does not define itself must be among the training's metric definitions.
    """

    kind: ClassVar[str] = "Tuning"

    training: Training = field(kw_only=True)
    objective: tuple[str, Literal["Minimize", "Maximize"]] = field(kw_only=True)
    ranges: Mapping[str, Range] = field(kw_only=True)
    strategy: Literal["Bayesian", "Random", "Grid", "Hyperband"] = field(default="Bayesian", kw_only=True)
    max_jobs: Value = field(default=1, kw_only=True)
    max_parallel: Value = field(default=1, kw_only=True)
    max_runtime_seconds: Value | None = field(default=None, kw_only=True)
    early_stopping: bool = field(default=False, kw_only=True)
    random_seed: Value | None = field(default=None, kw_only=True)
    tags: Mapping[str, Value] = field(default_factory=dict, kw_only=True)

    def best_training_job(self) -> Property:
        """The name of the training job that did best."""
        return Property(self.name, "BestTrainingJob.TrainingJobName")

    def top_model(self, k: int, bucket: Value, prefix: str = "") -> Join:
        """The S3 URI of the k-th best model, best is 0; `bucket` and `prefix` are those of the training's output."""
        job = Property(self.name, f"TrainingJobSummaries[{k}].TrainingJobName")
        return join("/", ["s3:/", bucket, *([prefix.strip("/")] if prefix else []), job, "output/model.tar.gz"])

    def request(self, build: Build) -> Mapping[str, Renderable]:
        return {
            "HyperParameterTuningJobConfig": {
                "Strategy": self.strategy,
                "HyperParameterTuningJobObjective": {"Type": self.objective[1], "MetricName": self.objective[0]},
                "ResourceLimits": {
                    "MaxNumberOfTrainingJobs": self.max_jobs,
                    "MaxParallelTrainingJobs": self.max_parallel,
                    "MaxRuntimeInSeconds": self.max_runtime_seconds,
                },
                "ParameterRanges": self._ranges(),
                "TrainingJobEarlyStoppingType": "Auto" if self.early_stopping else "Off",
                "RandomSeed": self.random_seed,
            },
            "TrainingJobDefinition": self._definition(build),
            "Tags": tag_list(self.tags),
        }

    def _definition(self, build: Build) -> Renderable:
        job, network = self.training, self.training.network or Network()
        return {
            "AlgorithmSpecification": job.algorithm(),
            "OutputDataConfig": job.output_config(build),
            "StoppingCondition": job.stopping(),
            "ResourceConfig": resources(job.instance),
            "RoleArn": job.role,
            "InputDataConfig": job.input_config() or None,
            "StaticHyperParameters": {
                name: value for name, value in job.all_hyperparameters(build).items() if name not in self.ranges
            },
            "Environment": texts(job.environment) or None,
            "EnableManagedSpotTraining": job.spot,
            "CheckpointConfig": job.checkpoint_config(),
            "VpcConfig": network.vpc,
            "EnableNetworkIsolation": network.isolated,
            "EnableInterContainerTrafficEncryption": network.encrypt_traffic,
        }

    def _ranges(self) -> Renderable:
        kinds: dict[str, type] = {
            "IntegerParameterRanges": Integer,
            "ContinuousParameterRanges": Continuous,
            "CategoricalParameterRanges": Categorical,
        }
        return {
            member: [each.as_request(name) for name, each in self.ranges.items() if isinstance(each, kind)]
            for member, kind in kinds.items()
        }


def resources(instance: Instance) -> Renderable:
    """A training job's `ResourceConfig`."""
    return {
        "InstanceType": instance.type,
        "InstanceCount": instance.count,
        "VolumeSizeInGB": instance.volume_gb,
        "VolumeKmsKeyId": instance.kms_key,
    }
