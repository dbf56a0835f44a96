"""AWS::Scheduler::Schedule and ScheduleGroup."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_SCHEDULE = (
    "Description",
    "EndDate",
    "FlexibleTimeWindow",
    "KmsKeyArn",
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "StartDate",
    "State",
    "Target",
)
_TAGGING = Tagging("scheduler", "TagResource", "UntagResource", "ResourceArn")


def _arn(context: Context, resource: str) -> str:
    return f"arn:{context.partition}:scheduler:{context.region}:{context.account}:{resource}"


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("Name") or context.name(64))


def _make(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    call(context, "scheduler", "CreateSchedule", pick(properties, "GroupName", *_SCHEDULE), Name=name)
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    group = new.get("GroupName")
    if old and changed(old, new, "GroupName"):
        call(context, "scheduler", "CreateSchedule", pick(new, "GroupName", *_SCHEDULE), Name=name)
        _remove(context, name, old)
    elif changed(old, new, *_SCHEDULE):
        call(context, "scheduler", "UpdateSchedule", pick(new, *_SCHEDULE), Name=name, GroupName=group)


def _describe(context: Context, name: str, properties: Json) -> Mapping[str, Any]:
    return {"Arn": _arn(context, f"schedule/{properties.get('GroupName', 'default')}/{name}")}


def _remove(context: Context, name: str, properties: Json) -> None:
    with unless_gone():
        call(context, "scheduler", "DeleteSchedule", pick(properties, "GroupName"), Name=name)


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if exists(context, "scheduler", "GetSchedule", Name=name, **pick(properties, "GroupName")) else None


def _make_group(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    call(context, "scheduler", "CreateScheduleGroup", Name=name, Tags=tag_list(all_tags(context, properties)))
    return name


def _converge_group(context: Context, name: str, old: Json, new: Json) -> None:
    _TAGGING.apply(context, _arn(context, f"schedule-group/{name}"), old, new)


def _describe_group(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    found = call(context, "scheduler", "GetScheduleGroup", Name=name)
    dates = {key: found[key].isoformat() for key in ("CreationDate", "LastModificationDate") if key in found}
    return {"Arn": found["Arn"], "State": found["State"], **dates}


def _remove_group(context: Context, name: str, _: Json) -> None:
    if exists(context, "scheduler", "GetScheduleGroup", Name=name):
        with unless_gone():
            call(context, "scheduler", "DeleteScheduleGroup", Name=name)


def _find_group(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if exists(context, "scheduler", "GetScheduleGroup", Name=name) else None


TYPES = (
    Declared(
        "AWS::Scheduler::Schedule",
        handled=frozenset({"GroupName", "Name", *_SCHEDULE}),
        make=_make,
        made=frozenset({"GroupName", *_SCHEDULE}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
    Declared(
        "AWS::Scheduler::ScheduleGroup",
        handled=frozenset({"Name", "Tags"}),
        make=_make_group,
        made=frozenset({"Tags"}),
        converge=_converge_group,
        describe=_describe_group,
        remove=_remove_group,
        find_id=_find_group,
    ),
)
