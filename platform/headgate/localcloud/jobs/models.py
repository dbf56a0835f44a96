"""What a model's containers are, from the documents of models and model packages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from headgate.localcloud.archive import CorruptArchiveError, unpack_tar_gz
from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import unsupported, validation
from headgate.localcloud.jobs.failures import client_error
from headgate.localcloud.jobs.staging import Source, Stager, place
from headgate.localcloud.seams import Caller, Json

MODEL_KIND = "model"
PACKAGE_KIND = "model-package"


@dataclass(frozen=True, slots=True)
class ModelData:
    """A model's artifact: a `tar.gz` to unpack, or a prefix or object to place as it is."""

    uri: str
    packed: bool = True


@dataclass(frozen=True, slots=True)
class ModelContainer:
    """One container of a model."""

    image: str
    environment: Mapping[str, str]
    data: ModelData | None


@dataclass(frozen=True, slots=True)
class Model:
    """A model: one container, or several that pass each answer on to the next (a serial inference pipeline)."""

    name: str
    role: str
    containers: tuple[ModelContainer, ...]
    subnets: tuple[str, ...] = ()


def find_model(documents: Documents, caller: Caller, name: str) -> Model:
    """A model by name. Raises AwsError: ValidationException if it does not exist, unsupported for multi-model."""
    body = documents.find(Key(caller.account, caller.region, MODEL_KIND, name))
    if body is None:
        raise validation(f'Could not find model "{caller.arn("sagemaker", f"model/{name}")}".')
    asked = body.get("Containers") or [container for container in (body.get("PrimaryContainer"),) if container]
    if body.get("InferenceExecutionConfig", {}).get("Mode") == "Direct":
        raise unsupported(f"InferenceExecutionConfig Direct of model '{name}'")
    containers = tuple(
        container for definition in asked for container in _containers(documents, caller, name, definition)
    )
    if not containers:
        raise validation(f"model '{name}' has no container")
    subnets = tuple(map(str, body.get("VpcConfig", {}).get("Subnets", ())))
    return Model(name, str(body.get("ExecutionRoleArn", "")), containers, subnets)


def _containers(documents: Documents, caller: Caller, model: str, definition: Json) -> list[ModelContainer]:
    if definition.get("Mode") == "MultiModel":
        raise unsupported(f"multi-model container of model '{model}'")
    package_name = definition.get("ModelPackageName")
    if not package_name:
        return [_container(model, definition, {})]
    package = _package(documents, caller, str(package_name))
    specification = package.get("InferenceSpecification", {})
    return [_container(model, part, definition.get("Environment", {})) for part in specification.get("Containers", ())]


def _package(documents: Documents, caller: Caller, name: str) -> Json:
    arn = name if name.startswith("arn:") else caller.arn("sagemaker", f"model-package/{name}")
    fields = arn.split(":")
    body = documents.find(Key(fields[4], fields[3], PACKAGE_KIND, arn)) if len(fields) > 5 else None
    if body is None:
        raise validation(f"ModelPackage {arn} does not exist")
    return body


def _container(model: str, definition: Json, more: Mapping[str, str]) -> ModelContainer:
    if not definition.get("Image"):
        raise validation(f"a container of model '{model}' has neither Image nor ModelPackageName")
    environment = {**definition.get("Environment", {}), **more}
    return ModelContainer(str(definition["Image"]), environment, _data(model, definition))


def _data(model: str, definition: Json) -> ModelData | None:
    source = definition.get("ModelDataSource", {}).get("S3DataSource")
    if source:
        return ModelData(str(source["S3Uri"]), packed=source["CompressionType"] == "Gzip")
    if definition.get("ModelDataSource"):
        raise unsupported(f"ModelDataSource other than S3DataSource of model '{model}'")
    return ModelData(str(definition["ModelDataUrl"])) if definition.get("ModelDataUrl") else None


def stage_model(stager: Stager, data: ModelData | None, folder: Path, scratch: Path) -> None:
    """Put a model's files into `/opt/ml/model`. Raises JobFailure if they are missing or no archive."""
    folder.mkdir(parents=True, exist_ok=True)
    if data is None:
        return
    if not data.packed:
        place(stager.resolve(Source(data.uri)), folder)
        return
    archive = scratch / "model.tar.gz"
    stager.fetch(data.uri, archive)
    try:
        unpack_tar_gz(archive, folder)
    except CorruptArchiveError as error:
        raise client_error(
            f"the model data at {data.uri} cannot be unpacked: it is not a whole gzip-compressed tar archive ({error})"
        ) from error
    finally:
        archive.unlink()
