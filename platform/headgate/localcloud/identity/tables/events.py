"""EventBridge. A rule's ARN holds its bus, unless that is the default one; a bus can be another account's."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from headgate.localcloud.identity.tables.model import Extract, Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    constant,
    creates,
    pass_role,
    same,
    several,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at, texts, values
from headgate.localcloud.seams import Caller

_START = "arn:aws:events:{region}:{account}:"
_BUS = _START + "event-bus/{Name}"
_ARCHIVE = _START + "archive/{ArchiveName}"
_REPLAY = _START + "replay/{ReplayName}"
_PRINCIPAL = constant("events.amazonaws.com")


def _rule(member: str = "Name") -> Any:
    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        bus = str(at(parameters, "EventBusName") or "default")
        start = f"arn:aws:events:{caller.region}:{caller.account}:"
        if bus.startswith("arn:"):
            start, _, bus = bus.partition("event-bus/")
        place = "" if bus == "default" else f"{bus}/"
        return (f"{start}rule/{place}{at(parameters, member) or '*'}",)

    return arns


def _buses(paths: str) -> Any:
    def arns(parameters: Parameters, caller: Caller) -> Iterable[str]:
        start = f"arn:aws:events:{caller.region}:{caller.account}:event-bus/"
        named = [str(entry.get("EventBusName") or "default") for entry in values(parameters, paths)]
        return tuple(name if name.startswith("arn:") else start + name for name in named) or (f"{start}default",)

    return arns


def _bus(member: str) -> Any:
    def arns(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
        name = str(at(parameters, member) or "default")
        start = f"arn:aws:events:{caller.region}:{caller.account}:event-bus/"
        return (name if name.startswith("arn:") else start + name,)

    return arns


def _pattern(*path: str) -> Extract:
    """What an event pattern asks of a member: texts that it names exactly."""

    def read(parameters: Parameters) -> tuple[str, ...] | None:
        try:
            found: Any = json.loads(at(parameters, "EventPattern") or "{}")
        except ValueError:
            return None
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return texts(found) if isinstance(found, list) else None

    return read


_RULE_KEYS: Keys = {
    "events:source": _pattern("source"),
    "events:detail-type": _pattern("detail-type"),
    "events:detail.service": _pattern("detail", "service"),
    "events:detail.eventTypeCode": _pattern("detail", "eventTypeCode"),
}
_ENTRY_KEYS: Keys = {
    "events:source": several("Entries[].Source"),
    "events:detail-type": several("Entries[].DetailType"),
}

OPERATIONS: Operations = {
    "PutEvents": (Need("events:PutEvents", _buses("Entries[]"), _ENTRY_KEYS),),
    "PutRule": (
        *creates("events:PutRule", _rule(), _RULE_KEYS, tag_action="events:TagResource"),
        pass_role("RoleArn", _PRINCIPAL),
    ),
    "PutTargets": (
        Need("events:PutTargets", _rule("Rule"), {"events:TargetArn": several("Targets[].Arn")}),
        pass_role("Targets[].RoleArn", _PRINCIPAL),
    ),
    **same("events", _rule(), "DeleteRule DescribeRule DisableRule EnableRule"),
    **same("events", _rule("Rule"), "ListTargetsByRule RemoveTargets"),
    **same("events", "*", "ListArchives ListEventBuses ListReplays ListRuleNamesByTarget ListRules TestEventPattern"),
    "CreateEventBus": creates("events:CreateEventBus", _BUS, tag_action="events:TagResource"),
    **same("events", _BUS, "DeleteEventBus UpdateEventBus"),
    "DescribeEventBus": (Need("events:DescribeEventBus", _bus("Name")),),
    **same("events", "*", "PutPermission RemovePermission"),
    **same("events", _ARCHIVE, "CreateArchive DeleteArchive DescribeArchive UpdateArchive"),
    **same("events", _REPLAY, "CancelReplay DescribeReplay StartReplay"),
    "ListTagsForResource": (Need("events:ListTagsForResource", "{ResourceARN}"),),
    "TagResource": tags_resource("events:TagResource", "{ResourceARN}"),
    "UntagResource": untags_resource("events:UntagResource", "{ResourceARN}"),
}
