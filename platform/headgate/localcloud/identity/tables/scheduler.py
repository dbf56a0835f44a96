"""EventBridge Scheduler."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    constant,
    creates,
    pass_role,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at
from headgate.localcloud.seams import Caller

_GROUP = "arn:aws:scheduler:{region}:{account}:schedule-group/{Name}"
_ROLE = pass_role("Target.RoleArn", constant("scheduler.amazonaws.com"))


def _schedule(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    place = f"{at(parameters, 'GroupName') or 'default'}/{at(parameters, 'Name') or '*'}"
    return (f"arn:aws:scheduler:{caller.region}:{caller.account}:schedule/{place}",)


OPERATIONS: Operations = {
    "CreateSchedule": (Need("scheduler:CreateSchedule", _schedule), _ROLE),
    "UpdateSchedule": (Need("scheduler:UpdateSchedule", _schedule), _ROLE),
    **same("scheduler", _schedule, "DeleteSchedule GetSchedule"),
    "CreateScheduleGroup": creates("scheduler:CreateScheduleGroup", _GROUP, tag_action="scheduler:TagResource"),
    **same("scheduler", _GROUP, "DeleteScheduleGroup GetScheduleGroup"),
    **same("scheduler", "*", "ListScheduleGroups ListSchedules"),
    "ListTagsForResource": (Need("scheduler:ListTagsForResource", "{ResourceArn}"),),
    "TagResource": tags_resource("scheduler:TagResource", "{ResourceArn}"),
    "UntagResource": untags_resource("scheduler:UntagResource", "{ResourceArn}"),
}
