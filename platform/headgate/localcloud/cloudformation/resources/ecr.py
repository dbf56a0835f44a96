"""AWS::ECR::Repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, json_text, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_CREATED = (
    "EncryptionConfiguration",
    "ImageScanningConfiguration",
    "ImageTagMutability",
    "ImageTagMutabilityExclusionFilters",
)
_TAGGING = Tagging("ecr", "TagResource", "UntagResource", "resourceArn")


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("RepositoryName") or context.name(256, lower=True))


def _arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:ecr:{context.region}:{context.account}:repository/{name}"


def _make(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    tags = tag_list(all_tags(context, properties))
    call(context, "ecr", "CreateRepository", pick(properties, *_CREATED), repositoryName=name, tags=tags)
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, "ImageScanningConfiguration"):
        scanning = new.get("ImageScanningConfiguration") or {"ScanOnPush": False}
        members = {"ImageScanningConfiguration": scanning}
        call(context, "ecr", "PutImageScanningConfiguration", members, repositoryName=name)
    if changed(old, new, "ImageTagMutability", "ImageTagMutabilityExclusionFilters"):
        members = {"ImageTagMutability": "MUTABLE", **pick(new, *_CREATED[2:])}
        call(context, "ecr", "PutImageTagMutability", members, repositoryName=name)
    if changed(old, new, "LifecyclePolicy"):
        _set_lifecycle(context, name, (new.get("LifecyclePolicy") or {}).get("LifecyclePolicyText"))
    if changed(old, new, "RepositoryPolicyText"):
        _set_policy(context, name, new.get("RepositoryPolicyText"))
    _TAGGING.apply(context, _arn(context, name), old, new)


def _set_lifecycle(context: Context, name: str, text: str | None) -> None:
    if text:
        call(context, "ecr", "PutLifecyclePolicy", repositoryName=name, lifecyclePolicyText=text)
    else:
        with unless_gone():
            call(context, "ecr", "DeleteLifecyclePolicy", repositoryName=name)


def _set_policy(context: Context, name: str, policy: Any) -> None:
    if policy:
        call(context, "ecr", "SetRepositoryPolicy", repositoryName=name, policyText=json_text(policy))
    else:
        with unless_gone():
            call(context, "ecr", "DeleteRepositoryPolicy", repositoryName=name)


def _describe(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    suffix = "amazonaws.com.cn" if context.partition == "aws-cn" else "amazonaws.com"
    uri = f"{context.account}.dkr.ecr.{context.region}.{suffix}/{name}"
    return {"Arn": _arn(context, name), "RepositoryUri": uri}


def _remove(context: Context, name: str, properties: Json) -> None:
    """Raises ClientError while it has images, unless EmptyOnDelete."""
    with unless_gone():
        call(context, "ecr", "DeleteRepository", repositoryName=name, force=properties.get("EmptyOnDelete", False))


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if exists(context, "ecr", "DescribeRepositories", repositoryNames=[name]) else None


TYPES = (
    Declared(
        "AWS::ECR::Repository",
        handled=frozenset(
            {"EmptyOnDelete", "LifecyclePolicy", "RepositoryName", "RepositoryPolicyText", "Tags", *_CREATED}
        ),
        make=_make,
        made=frozenset({"Tags", *_CREATED}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
