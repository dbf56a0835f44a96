"""AWS::CloudWatch::Alarm."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_ALARM = (
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluateLowSampleCountPercentile",
    "EvaluationPeriods",
    "ExtendedStatistic",
    "InsufficientDataActions",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "ThresholdMetricId",
    "TreatMissingData",
    "Unit",
)
_TAGGING = Tagging("cloudwatch", "TagResource", "UntagResource", "ResourceARN")


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("AlarmName") or context.name(255))


def _arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:cloudwatch:{context.region}:{context.account}:alarm:{name}"


def _make(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    tags = tag_list(all_tags(context, properties))
    call(context, "cloudwatch", "PutMetricAlarm", pick(properties, *_ALARM), AlarmName=name, Tags=tags)
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, *_ALARM):
        call(context, "cloudwatch", "PutMetricAlarm", pick(new, *_ALARM), AlarmName=name)
    _TAGGING.apply(context, _arn(context, name), old, new)


def _describe(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    return {"Arn": _arn(context, name)}


def _remove(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "cloudwatch", "DeleteAlarms", AlarmNames=[name])


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if call(context, "cloudwatch", "DescribeAlarms", AlarmNames=[name])["MetricAlarms"] else None


TYPES = (
    Declared(
        "AWS::CloudWatch::Alarm",
        handled=frozenset({"AlarmName", "Tags", *_ALARM}),
        make=_make,
        made=frozenset({"Tags", *_ALARM}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
