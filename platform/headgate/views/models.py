"""Registered model versions as people look at them: metrics, approval, lineage, and what differs between two."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from headgate.aws.properties import from_property
from headgate.aws.s3 import parse_s3_uri
from headgate.errors import UserError

# What a version's CustomerMetadataProperties say of its origin, in the order people ask for it.
LINEAGE = (
    "git_commit",
    "git_dirty",
    "git_repository",
    "data_digest",
    "data_uri",
    "preprocessing",
    "encoding_uri",
    "classes",
    "code_digest",
    "seed",
    "execution_arn",
    "mlflow_run_id",
)
# The inputs that decide what a training run makes: two versions that agree in all of them should be the same model.
INPUTS = ("git_commit", "git_dirty", "data_digest", "preprocessing", "code_digest", "seed", "hyperparameters")

CONFUSION_MATRIX = "confusion_matrix"


@dataclass(frozen=True, slots=True)
class VersionView:
    """One model package. `metrics` are flat names to numbers; `properties` is everything recorded with it.

    `confusion` counts the test rows of a classifier, by true class and then by predicted class; empty for others.
    """

    group: str
    version: int
    arn: str
    status: str
    approval: str
    created: float
    image: str | None = None
    model_data: str | None = None
    model_digest: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    confusion: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def hyperparameters(self) -> str:
        """All of them as `name=value` by name; a version keeps them in as many properties as they need."""
        names = sorted(
            (name for name in self.properties if name.split(".")[0] == "hyperparameters"),
            key=lambda name: int(name.partition(".")[2] or 1),
        )
        return " ".join(self.properties[name] for name in names)

    @property
    def verdict(self) -> str | None:
        """The metric that decided, against its threshold: `rmse 54.67 (threshold 65)`; None when none was recorded."""
        metric = self.properties.get("metric")
        if metric is None or metric not in self.metrics:
            return None
        threshold = self.properties.get("threshold")
        return f"{metric} {self.metrics[metric]:.4g}" + (f" (threshold {float(threshold):g})" if threshold else "")

    @property
    def shown_metrics(self) -> list[tuple[str, float]]:
        """The first three, for a version that does not say which one decided."""
        return list(self.metrics.items())[:3]

    @property
    def lineage(self) -> dict[str, str]:
        """The recorded origin, by the names of LINEAGE; what was not recorded is left out."""
        found = {name: self.properties[name] for name in LINEAGE if name in self.properties}
        return found | ({"hyperparameters": self.hyperparameters} if self.hyperparameters else {})

    def as_json(self) -> dict[str, object]:
        return {**asdict(self), "lineage": self.lineage}


@dataclass(frozen=True, slots=True)
class Reproduction:
    """How a version relates to another: which inputs differ, and whether the model's bytes do."""

    version: int
    other: int
    differing_inputs: Mapping[str, tuple[str, str]]
    same_model: bool | None

    def sentence(self) -> str:
        """The verdict in words."""
        if self.differing_inputs:
            return f"differs from version {self.other} in " + ", ".join(self.differing_inputs)
        if self.same_model is None:
            return f"has the inputs of version {self.other}; the models' digests are not known"
        if self.same_model:
            return f"reproduces version {self.other}: same inputs, same model bytes"
        return (
            f"has the inputs of version {self.other} but other model bytes: the training is not deterministic "
            "(look for an unseeded random number, threads that race, or a timestamp in the model)"
        )


def list_groups(sagemaker: Any, *, prefix: str = "") -> list[str]:
    """The names of the model package groups, oldest first."""
    pages = sagemaker.get_paginator("list_model_package_groups").paginate(SortBy="CreationTime", SortOrder="Ascending")
    names = (each["ModelPackageGroupName"] for page in pages for each in page["ModelPackageGroupSummaryList"])
    return [name for name in names if name.startswith(prefix)]


def list_versions(sagemaker: Any, s3: Any, group: str) -> list[VersionView]:
    """All versions of a group, newest first. Raises UserError when there is no such group."""
    try:
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)
    except sagemaker.exceptions.ClientError as error:
        raise UserError(f"there is no model group '{group}'", next_command="headgate models list") from error
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending"
    )
    return [
        read_version(sagemaker, s3, each["ModelPackageArn"])
        for page in pages
        for each in page["ModelPackageSummaryList"]
    ]


def read_version(sagemaker: Any, s3: Any, arn: str) -> VersionView:
    """One version, whole, with the metrics that its evaluation wrote."""
    package = sagemaker.describe_model_package(ModelPackageName=arn)
    container = (package.get("InferenceSpecification", {}).get("Containers") or [{}])[0]
    statistics = package.get("ModelMetrics", {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri")
    model_data = container.get("ModelDataUrl")
    properties = read_properties(package)
    evaluation = read_json(s3, statistics) if statistics else {}
    return VersionView(
        group=package.get("ModelPackageGroupName", ""),
        version=int(package.get("ModelPackageVersion", 0)),
        arn=package["ModelPackageArn"],
        status=package["ModelPackageStatus"],
        approval=package.get("ModelApprovalStatus", ""),
        created=package["CreationTime"].timestamp(),
        image=container.get("Image"),
        model_data=model_data,
        model_digest=properties.get("model_digest") or _etag(s3, container),
        metrics=flatten_metrics(evaluation),
        properties=properties,
        description=package.get("ModelPackageDescription"),
        confusion=confusion_matrix(evaluation),
    )


def read_properties(package: Mapping[str, Any]) -> dict[str, str]:
    """What a version records of itself, as it was before SageMaker's alphabet for properties."""
    return {name: from_property(value) for name, value in package.get("CustomerMetadataProperties", {}).items()}


def compare(version: VersionView, other: VersionView) -> Reproduction:
    """Name the inputs that differ, the image among them; say whether the models do."""
    ours, others = ({**each.lineage, "image": each.image or ""} for each in (version, other))
    differing = {
        name: (mine, theirs)
        for name in (*INPUTS, "image")
        if (mine := ours.get(name, "")) != (theirs := others.get(name, ""))
    }
    known = version.model_digest is not None and other.model_digest is not None
    return Reproduction(
        version=version.version,
        other=other.version,
        differing_inputs=differing,
        same_model=version.model_digest == other.model_digest if known else None,
    )


def flatten_metrics(evaluation: Mapping[str, Any]) -> dict[str, float]:
    """`{"regression_metrics": {"rmse": {"value": 1.0, "standard_deviation": ...}}}` as `{"rmse": 1.0}`.

    The shape is Model Monitor's model quality statistics; numbers elsewhere in the document keep their dotted path.
    The counts of a confusion matrix are no metrics: see `confusion_matrix`.
    """
    return dict(_numbers(evaluation, ()))


def confusion_matrix(evaluation: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Counts by true class and predicted class, of the first metric group that has them; empty when none has."""
    for group in evaluation.values():
        matrix = group.get(CONFUSION_MATRIX) if isinstance(group, Mapping) else None
        if isinstance(matrix, Mapping):
            return {
                str(actual): {str(label): int(count) for label, count in row.items()} for actual, row in matrix.items()
            }
    return {}


def read_json(s3: Any, uri: str) -> dict[str, Any]:
    """A JSON object in S3."""
    bucket, key = parse_s3_uri(uri)
    document: dict[str, Any] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return document


def _numbers(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        if path and isinstance(value.get("value"), int | float):
            yield ".".join(path[1:] or path), float(value["value"])
            return
        for name, inner in value.items():
            if name == CONFUSION_MATRIX:
                continue
            yield from _numbers(inner, (*path, str(name)))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield ".".join(path), float(value)


def _etag(s3: Any, container: Mapping[str, Any]) -> str | None:
    """The model data's ETag: the MD5 of its bytes when it was put whole, which is enough to tell two models apart.

    Data that is named by its https address is not asked for: what SageMaker noted at registration is said.
    """
    uri = container.get("ModelDataUrl", "")
    if not uri.startswith("s3://"):
        noted: str | None = container.get("ModelDataETag")
        return noted
    bucket, key = parse_s3_uri(uri)
    try:
        tag: str = s3.head_object(Bucket=bucket, Key=key)["ETag"]
    except s3.exceptions.ClientError:
        return None
    return tag.strip('"')
