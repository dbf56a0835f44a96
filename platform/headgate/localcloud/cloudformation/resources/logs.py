"""AWS::Logs::LogGroup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_TAGGING = Tagging("logs", "TagResource", "UntagResource", "resourceArn", ("tags", "tagKeys"), pair=None)


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("LogGroupName") or context.name(512))


def _make(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    members = pick(properties, kmsKeyId="KmsKeyId", logGroupClass="LogGroupClass")
    call(context, "logs", "CreateLogGroup", members, logGroupName=name, tags=all_tags(context, properties) or None)
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    if old and changed(old, new, "LogGroupClass") and "LogGroupClass" in new:
        raise refuse("LogGroupClass of a log group cannot be changed; give it another name")
    if changed(old, new, "RetentionInDays"):
        if new.get("RetentionInDays"):
            call(context, "logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=new["RetentionInDays"])
        else:
            call(context, "logs", "DeleteRetentionPolicy", logGroupName=name)
    if changed(old, new, "KmsKeyId"):
        if new.get("KmsKeyId"):
            call(context, "logs", "AssociateKmsKey", logGroupName=name, kmsKeyId=new["KmsKeyId"])
        else:
            call(context, "logs", "DisassociateKmsKey", logGroupName=name)
    _TAGGING.apply(context, _arn(context, name), old, new)


def _arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:logs:{context.region}:{context.account}:log-group:{name}"


def _describe(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    return {"Arn": f"{_arn(context, name)}:*"}


def _remove(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "logs", "DeleteLogGroup", logGroupName=name)


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    groups = call(context, "logs", "DescribeLogGroups", logGroupNamePrefix=name)["logGroups"]
    return name if any(group["logGroupName"] == name for group in groups) else None


TYPES = (
    Declared(
        "AWS::Logs::LogGroup",
        handled=frozenset({"KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"}),
        make=_make,
        made=frozenset({"KmsKeyId", "LogGroupClass", "Tags"}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
