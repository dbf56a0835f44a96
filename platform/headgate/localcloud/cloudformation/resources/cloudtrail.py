"""AWS::CloudTrail::Trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_DEFAULTS: Json = {
    "CloudWatchLogsLogGroupArn": "",
    "CloudWatchLogsRoleArn": "",
    "EnableLogFileValidation": False,
    "IncludeGlobalServiceEvents": False,
    "IsMultiRegionTrail": False,
    "IsOrganizationTrail": False,
    "KMSKeyId": "",
    "S3BucketName": None,
    "S3KeyPrefix": "",
    "SnsTopicName": "",
}
"""Settings, and what they are when a template no longer says."""

_SELECTORS = ("AdvancedEventSelectors", "EventSelectors")
_TAGGING = Tagging("cloudtrail", "AddTags", "RemoveTags", "ResourceId", ("TagsList", "TagsList"), bare_keys=False)


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("TrailName") or context.name(128))


def _arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:cloudtrail:{context.region}:{context.account}:trail/{name}"


def _settings(properties: Json) -> Json:
    """CreateTrail includes global events unless told otherwise; CloudFormation does not."""
    return {"IncludeGlobalServiceEvents": False, **pick(properties, *_DEFAULTS)}


def _make(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    tags = tag_list(all_tags(context, properties))
    call(context, "cloudtrail", "CreateTrail", _settings(properties), Name=name, TagsList=tags)
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, *_DEFAULTS):
        different = {key: new.get(key, default) for key, default in _DEFAULTS.items() if changed(old, new, key)}
        call(context, "cloudtrail", "UpdateTrail", different, Name=name)
    for member in _SELECTORS:
        if changed(old, new, member) and new.get(member):
            call(context, "cloudtrail", "PutEventSelectors", {member: new[member]}, TrailName=name)
    if changed(old, new, "InsightSelectors"):
        insights = {"InsightSelectors": new.get("InsightSelectors") or []}
        call(context, "cloudtrail", "PutInsightSelectors", insights, TrailName=name)
    if old.get("IsLogging", False) != new["IsLogging"]:
        call(context, "cloudtrail", "StartLogging" if new["IsLogging"] else "StopLogging", Name=name)
    _TAGGING.apply(context, _arn(context, name), old, new)


def _describe(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    found = call(context, "cloudtrail", "GetTrail", Name=name)["Trail"]
    return {"Arn": found["TrailARN"], **pick(found, SnsTopicArn="SnsTopicARN")}


def _remove(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "cloudtrail", "DeleteTrail", Name=name)


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if exists(context, "cloudtrail", "GetTrail", Name=name) else None


TYPES = (
    Declared(
        "AWS::CloudTrail::Trail",
        handled=frozenset({"InsightSelectors", "IsLogging", "Tags", "TrailName", *_DEFAULTS, *_SELECTORS}),
        make=_make,
        made=frozenset({"Tags", *_DEFAULTS}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
