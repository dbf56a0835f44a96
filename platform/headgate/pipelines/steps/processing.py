"""The Processing step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from headgate.errors import UserError
from headgate.pipelines.assets import SourceCode
from headgate.pipelines.references import JsonGet, Property, Renderable, Value, text, texts
from headgate.pipelines.steps.base import Build, JobStep, tag_list
from headgate.pipelines.values import Input, Instance, Network, Output, PropertyFile

CODE_FOLDER = "/opt/ml/processing/input/code"


@dataclass(frozen=True, eq=False)
class Processing(JobStep):
    """A processing job (CreateProcessingJob).

    `code` is mounted at `/opt/ml/processing/input/code` and its entry run by `command`; without code the image's
    own entry point runs, or `entrypoint`.
    """

    kind: ClassVar[str] = "Processing"

    image: Value = field(kw_only=True)
    role: Value = field(kw_only=True)
    code: SourceCode | None = field(default=None, kw_only=True)
    command: Sequence[str] = field(default=("python3",), kw_only=True)
    entrypoint: Sequence[Value] = field(default=(), kw_only=True)
    inputs: Sequence[Input] = field(default=(), kw_only=True)
    outputs: Sequence[Output] = field(default=(), kw_only=True)
    arguments: Sequence[Value] = field(default=(), kw_only=True)
    environment: Mapping[str, Value] = field(default_factory=dict, kw_only=True)
    instance: Instance = field(default_factory=Instance, kw_only=True)
    network: Network | None = field(default=None, kw_only=True)
    max_runtime_seconds: Value | None = field(default=None, kw_only=True)
    property_files: Sequence[PropertyFile] = field(default=(), kw_only=True)
    tags: Mapping[str, Value] = field(default_factory=dict, kw_only=True)

    def output(self, name: str) -> Property:
        """The S3 URI of an output. Raises UserError when the step has no such output."""
        declared = [output.name for output in self.outputs]
        if name not in declared:
            raise UserError(
                f"step {self.name} has no output {name!r}", expected=", ".join(declared) or "no output at all"
            )
        return Property(self.name, f"ProcessingOutputConfig.Outputs['{name}'].S3Output.S3Uri")

    def json(self, property_file: str, path: str) -> JsonGet:
        """A value out of one of the step's property files. Raises UserError when there is no such file."""
        declared = [file.name for file in self.property_files]
        if property_file not in declared:
            raise UserError(
                f"step {self.name} has no property file {property_file!r}",
                expected=", ".join(declared) or "none declared",
            )
        return JsonGet(self.name, property_file, path)

    def request(self, build: Build) -> Mapping[str, Renderable]:
        inputs, entrypoint = list(self.inputs), list(self.entrypoint)
        if self.code is not None:
            inputs.append(Input("code", build.code_folder(self.code), CODE_FOLDER))
            entrypoint = entrypoint or [*self.command, f"{CODE_FOLDER}/{self.code.entry}"]
        outputs = [
            output.as_request(
                build.destination(self.name, output.name) if output.destination is None else output.destination
            )
            for output in self.outputs
        ]
        return {
            "ProcessingResources": {"ClusterConfig": cluster(self.instance)},
            "AppSpecification": {
                "ImageUri": self.image,
                "ContainerArguments": [text(argument) for argument in self.arguments] or None,
                "ContainerEntrypoint": entrypoint or None,
            },
            "RoleArn": self.role,
            "ProcessingInputs": [each.as_request() for each in inputs] or None,
            "ProcessingOutputConfig": {"Outputs": outputs} if outputs else None,
            "Environment": texts(self.environment) or None,
            "NetworkConfig": None if self.network is None else network_config(self.network),
            "StoppingCondition": (
                None if self.max_runtime_seconds is None else {"MaxRuntimeInSeconds": self.max_runtime_seconds}
            ),
            "Tags": tag_list(self.tags),
        }

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        files = {"PropertyFiles": [file.as_request() for file in self.property_files]} if self.property_files else {}
        return {**super().extras(build), **files}


def cluster(instance: Instance) -> Renderable:
    """A processing job's `ClusterConfig`."""
    return {
        "InstanceType": instance.type,
        "InstanceCount": instance.count,
        "VolumeSizeInGB": instance.volume_gb,
        "VolumeKmsKeyId": instance.kms_key,
    }


def network_config(network: Network) -> Renderable:
    """A processing job's `NetworkConfig`."""
    return {
        "EnableNetworkIsolation": network.isolated,
        "EnableInterContainerTrafficEncryption": network.encrypt_traffic,
        "VpcConfig": network.vpc,
    }
