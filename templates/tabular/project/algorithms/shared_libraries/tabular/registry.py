"""The best so far: what the model registry says of the versions that came before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, Iterator, Mapping

from tabular.failures import StepError


@dataclass(frozen=True)
class Best:
    """The best version of a group by one metric. `compared` counts the versions that recorded the metric."""

    value: float | None = None
    model_package: str | None = None
    compared: int = 0


def best(versions: Iterable[tuple[str, float]], direction: str) -> Best:
    """The best of (model package ARN, metric); the older one when two are equal. `direction`: minimize or maximize."""
    chosen, count = Best(), 0
    for arn, value in versions:
        count += 1
        if chosen.value is None or improvement(value, chosen.value, direction) > 0:
            chosen = Best(value, arn)
    return Best(chosen.value, chosen.model_package, count)


def improvement(value: float, reference: float | None, direction: str) -> float:
    """By how much `value` is better than `reference`; negative when worse, 0 when there is no reference."""
    if reference is None:
        return 0.0
    return reference - value if direction == "minimize" else value - reference


def place_of(group: str, environ: Mapping[str, str]) -> str:
    """A group that is named is in this account, unless the environment tells the ARN of the one in the registry's."""
    return group if group.startswith("arn:") else environ.get("HEADGATE_MODEL_PACKAGE_GROUP", group)


def recorded(sagemaker: Any, group: str, metric: str) -> Iterator[tuple[str, float]]:
    """(ARN, metric) of the group's completed versions that nobody rejected, oldest first.

    The metric is the property `metric.<name>` that the pipeline writes on every version it registers. A group that
    does not exist yet has no versions. Raises StepError when the registry refuses to answer.
    """
    from botocore.exceptions import ClientError

    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Ascending"
    )
    try:
        for page in pages:
            for summary in page["ModelPackageSummaryList"]:
                if summary.get("ModelApprovalStatus") == "Rejected" or summary["ModelPackageStatus"] != "Completed":
                    continue
                package = sagemaker.describe_model_package(ModelPackageName=summary["ModelPackageArn"])
                text = package.get("CustomerMetadataProperties", {}).get(f"metric.{metric}")
                if text is not None:
                    yield summary["ModelPackageArn"], float(text)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        if code in ("ResourceNotFound", "ResourceNotFoundException") or "does not exist" in message:
            return
        raise StepError(f"the versions of model package group '{group}' cannot be read: {code}: {message}") from error
