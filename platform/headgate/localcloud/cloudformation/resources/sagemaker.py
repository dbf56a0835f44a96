"""AWS::SageMaker::ModelPackageGroup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, code_of, json_text, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_TAGGING = Tagging("sagemaker", "AddTags", "DeleteTags", "ResourceArn")
_ABSENT = "ValidationException"
"""SageMaker's code when a group or its policy is not there."""


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _make(context: Context, properties: Json) -> str:
    members = pick(properties, "ModelPackageGroupName", "ModelPackageGroupDescription")
    tags = tag_list(all_tags(context, properties))
    arn: str = call(context, "sagemaker", "CreateModelPackageGroup", members, Tags=tags)["ModelPackageGroupArn"]
    return arn


def _converge(context: Context, arn: str, old: Json, new: Json) -> None:
    if changed(old, new, "ModelPackageGroupPolicy"):
        policy = new.get("ModelPackageGroupPolicy")
        group = {"ModelPackageGroupName": _name(arn)}
        if policy:
            call(context, "sagemaker", "PutModelPackageGroupPolicy", group, ResourcePolicy=json_text(policy))
        else:
            call(context, "sagemaker", "DeleteModelPackageGroupPolicy", group)
    _TAGGING.apply(context, arn, old, new)


def _describe(context: Context, arn: str, _: Json) -> Mapping[str, Any]:
    found = call(context, "sagemaker", "DescribeModelPackageGroup", ModelPackageGroupName=_name(arn))
    return {**pick(found, "ModelPackageGroupArn", "ModelPackageGroupStatus"), "CreationTime": _text(found)}


def _text(found: Json) -> str:
    return str(found["CreationTime"].isoformat())


def _remove(context: Context, arn: str, _: Json) -> None:
    """Raises ClientError (ConflictException) while it has model packages."""
    if _exists(context, _name(arn)):
        call(context, "sagemaker", "DeleteModelPackageGroup", ModelPackageGroupName=_name(arn))


def _exists(context: Context, name: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        with unless_gone():
            call(context, "sagemaker", "DescribeModelPackageGroup", ModelPackageGroupName=name)
    except ClientError as error:
        if code_of(error) == _ABSENT:
            return False
        raise
    return True


def _find(context: Context, properties: Json) -> str | None:
    name = properties["ModelPackageGroupName"]
    if not _exists(context, name):
        return None
    return f"arn:{context.partition}:sagemaker:{context.region}:{context.account}:model-package-group/{name}"


TYPES = (
    Declared(
        "AWS::SageMaker::ModelPackageGroup",
        handled=frozenset({"ModelPackageGroupDescription", "ModelPackageGroupName", "ModelPackageGroupPolicy", "Tags"}),
        make=_make,
        made=frozenset({"Tags"}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
