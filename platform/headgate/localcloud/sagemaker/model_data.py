"""Model artifacts: whether what a model or a model package names is there, and whole."""

from __future__ import annotations

from collections.abc import Iterator

from headgate.localcloud.archive import tar_gz_problem
from headgate.localcloud.errors import AwsError, validation
from headgate.localcloud.s3.store import ObjectStore, parse_s3_uri
from headgate.localcloud.seams import Json


def check_containers(containers: list[Json], objects: ObjectStore, *, whole: bool) -> None:
    """Check the model data of all containers. Raises AwsError (ValidationException) that names what is missing.

    Args:
        containers: Container definitions of CreateModel or CreateModelPackage.
        objects: Where the data has to be.
        whole: Whether to read each model.tar.gz through, so that a corrupt one is found.
    """
    for container in containers:
        for uri, is_prefix in _sources(container):
            if is_prefix:
                _check_prefix(uri, objects)
            else:
                _check_object(uri, objects, whole=whole)


def _sources(container: Json) -> Iterator[tuple[str, bool]]:
    """The S3 URIs of a container's data, and whether each is a prefix."""
    if url := container.get("ModelDataUrl"):
        yield str(url), container.get("Mode") == "MultiModel"
    sources = [container.get("ModelDataSource"), *container.get("AdditionalModelDataSources", [])]
    for source in sources:
        data = (source or {}).get("S3DataSource")
        if data:
            yield str(data["S3Uri"]), data.get("S3DataType") == "S3Prefix"


def _check_prefix(uri: str, objects: ObjectStore) -> None:
    try:
        bucket, key = parse_s3_uri(uri)
        found = objects.list(bucket, key)
    except AwsError as error:
        raise _missing(uri, error.message) from error
    if not found:
        raise _missing(uri, "there is no object under this prefix")


def _check_object(uri: str, objects: ObjectStore, *, whole: bool) -> None:
    try:
        info = objects.get(*parse_s3_uri(uri))
    except AwsError as error:
        raise _missing(uri, error.message) from error
    if whole and uri.endswith((".tar.gz", ".tgz")) and (problem := tar_gz_problem(info.path)):
        raise validation(f"the model data at {uri} is not a readable tar.gz archive: {problem}")


def _missing(uri: str, why: str) -> AwsError:
    return validation(f"Could not find model data at {uri}: {why}")
