"""What a resource contributes to a decision: which of its policies counts, and the condition keys of its tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from headgate.localcloud.identity.directory import ContextValue, ResourceRecord

TAG_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "ec2": ("ec2:ResourceTag/",),
    "ecr": ("ecr:ResourceTag/",),
    "iam": ("iam:ResourceTag/",),
    "s3": ("s3:ExistingObjectTag/",),
    "sagemaker": ("sagemaker:ResourceTag/",),
    "secretsmanager": ("secretsmanager:ResourceTag/",),
    "ssm": ("ssm:resourceTag/",),
}
"""Services' own names for `aws:ResourceTag/`, by the service in the resource's ARN."""
RESOURCE_KEYS = frozenset(
    {
        "dynamodb:LeadingKeys",
        "kms:CallerAccount",
        "kms:EncryptionContextKeys",
        "kms:ResourceAliases",
        "kms:ViaService",
        "s3:ResourceAccount",
        "s3:TlsVersion",
    }
)
"""Keys that come with a resource or its service, rather than from a request's parameters."""
RESOURCE_FAMILIES = frozenset(
    {"kms:EncryptionContext:", "s3:BucketTag/", *(key for keys in TAG_FAMILIES.values() for key in keys)}
)

_TRUSTED = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")


def service_of(arn: str) -> str:
    """The service in an ARN; empty for what is none, such as `arn:nonsense` that somebody asks for."""
    parts = arn.split(":", 3)
    return parts[2] if parts[0] == "arn" and len(parts) > 2 else ""


def resource_layer(action: str, arn: str, *, exists: bool) -> Literal["resource", "trust", "key", "none"]:
    """How a resource's policy counts for an action; `none` where it has no say (a role's trust, in its changes)."""
    service = service_of(arn)
    if action.lower().startswith(_TRUSTED):
        return "trust"
    if service == "iam":
        return "none"
    if service == "kms" and ":key/" in arn and exists:
        return "key"
    return "resource"


def policy_kind(arn: str, layer: str) -> Literal["resource", "repository", "trust"]:
    """How the policy of a resource is written."""
    if layer == "trust":
        return "trust"
    return "repository" if service_of(arn) == "ecr" else "resource"


def resource_keys(arn: str, record: ResourceRecord) -> dict[str, ContextValue]:
    """The condition keys of an existing resource, in lower case. Tags of S3's resources have names of their own."""
    service = service_of(arn)
    families = ("aws:ResourceTag/", *TAG_FAMILIES.get(service, ()))
    if service == "s3":
        families = TAG_FAMILIES["s3"] if "/" in arn else ("s3:BucketTag/",)
    found: dict[str, ContextValue] = {
        f"{family}{key}".lower(): value for family in families for key, value in record.tags.items()
    }
    found |= {key.lower(): value for key, value in record.context.items()}
    return found


def service_keys_of(action: str, owner: str, caller_account: str) -> dict[str, ContextValue]:
    """Keys that every request to a service has."""
    service = action.partition(":")[0]
    if service == "s3":
        return {"s3:resourceaccount": owner, "s3:tlsversion": "1.3"}  # the loopback interface counts as secure
    if service == "kms" and caller_account:
        return {"kms:calleraccount": caller_account}
    return {}
