"""The Resource Groups Tagging API: tagging by it needs the tagged service's own permission too."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.localcloud.errors import unsupported
from headgate.localcloud.identity.tables.model import Arns, Need
from headgate.localcloud.identity.tables.parts import Operations, same, tag_names, tagging
from headgate.localcloud.identity.tables.paths import Parameters, values
from headgate.localcloud.seams import Caller

_TAG_RESOURCE = ("TagResource", "UntagResource")
_ACTIONS: Mapping[str, tuple[str, str]] = {
    "cloudtrail": ("AddTags", "RemoveTags"),
    "ec2": ("CreateTags", "DeleteTags"),
    "s3": ("PutBucketTagging", "PutBucketTagging"),
    "sagemaker": ("AddTags", "DeleteTags"),
    "sqs": ("TagQueue", "UntagQueue"),
    "ssm": ("AddTagsToResource", "RemoveTagsFromResource"),
    **dict.fromkeys(
        (
            "athena",
            "cloudwatch",
            "dynamodb",
            "ecr",
            "events",
            "glue",
            "kms",
            "lambda",
            "logs",
            "scheduler",
            "secretsmanager",
            "sns",
            "states",
        ),
        _TAG_RESOURCE,
    ),
}
"""What tags and untags, by the service in the resource's ARN. IAM's resources are not tagged by this API."""


def _service(arn: str) -> str:
    return arn.split(":", 3)[2] if arn.count(":") > 2 else ""


def _known(parameters: Parameters, _: Caller) -> tuple[str, ...]:
    """Raises AwsError (501) for resources of a service whose permission nobody here knows."""
    for arn in values(parameters, "ResourceARNList[]"):
        if _service(str(arn)) not in _ACTIONS:
            raise unsupported(f"tagging {arn} by the Resource Groups Tagging API")
    return ("*",)


def _of(service: str) -> Arns:
    def arns(parameters: Parameters, _: Caller) -> tuple[str, ...]:
        return tuple(str(arn) for arn in values(parameters, "ResourceARNList[]") if _service(str(arn)) == service)

    return arns


_NAMES, _FAMILIES = tagging("Tags")

OPERATIONS: Operations = {
    **same("tag", "*", "GetComplianceSummary GetResources GetTagKeys GetTagValues"),
    "TagResources": (
        Need("tag:TagResources", _known),
        *(
            Need(f"{service}:{tag}", _of(service), _NAMES, _FAMILIES, optional=True)
            for service, (tag, _) in sorted(_ACTIONS.items())
        ),
    ),
    "UntagResources": (
        Need("tag:UntagResources", _known),
        *(
            Need(f"{service}:{untag}", _of(service), {"aws:TagKeys": tag_names("TagKeys")}, optional=True)
            for service, (_, untag) in sorted(_ACTIONS.items())
        ),
    ),
}
