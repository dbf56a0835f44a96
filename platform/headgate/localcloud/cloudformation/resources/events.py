"""AWS::Events::EventBus, EventBusPolicy and Rule."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import (
    call,
    changed,
    exists,
    json_text,
    look,
    pick,
    unless_gone,
)
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.reading import Readable, in_order, live_document, told
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context, ResourceError
from headgate.localcloud.seams import Json

_BUS = ("Description", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")
_RULE = ("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State")
_TAGGING = Tagging("events", "TagResource", "UntagResource", "ResourceARN")
_DEFAULT = "default"


def _arn(context: Context, resource: str) -> str:
    return f"arn:{context.partition}:events:{context.region}:{context.account}:{resource}"


def _make_bus(context: Context, properties: Json) -> str:
    name: str = properties["Name"]
    members = pick(properties, "EventSourceName", *_BUS)
    call(context, "events", "CreateEventBus", members, Name=name, Tags=tag_list(all_tags(context, properties)))
    return name


def _converge_bus(context: Context, name: str, old: Json, new: Json) -> None:
    if old and changed(old, new, *_BUS):
        call(context, "events", "UpdateEventBus", {"Description": "", **pick(new, *_BUS)}, Name=name)
    if changed(old, new, "Policy"):
        if new.get("Policy") is not None:
            call(context, "events", "PutPermission", EventBusName=name, Policy=json_text(new["Policy"]))
        else:
            call(context, "events", "RemovePermission", EventBusName=name, RemoveAllPermissions=True)
    _TAGGING.apply(context, _arn(context, f"event-bus/{name}"), old, new)


def _describe_bus(context: Context, name: str, properties: Json) -> Mapping[str, Any]:
    policy = {"Policy": json_text(properties["Policy"])} if properties.get("Policy") else {}
    return {"Arn": _arn(context, f"event-bus/{name}"), "Name": name, **policy}


def _remove_bus(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "events", "DeleteEventBus", Name=name)


def _find_bus(context: Context, properties: Json) -> str | None:
    name: str = properties["Name"]
    return name if exists(context, "events", "DescribeEventBus", Name=name) else None


def _bus_of(properties: Json) -> str:
    return str(properties.get("EventBusName") or _DEFAULT)


def _statement(properties: Json) -> Json | None:
    """A whole statement of the bus's policy, when the template gives one."""
    statement = properties.get("Statement")
    if statement is None:
        return None
    given = json.loads(statement) if isinstance(statement, str) else dict(statement)
    return {**given, "Sid": properties["StatementId"]}


def _put_statement(context: Context, properties: Json) -> str:
    bus, statement = _bus_of(properties), _statement(properties)
    if statement is None:
        members = pick(properties, "StatementId", "Action", "Principal", "Condition")
        call(context, "events", "PutPermission", members, EventBusName=bus)
    else:
        others = [one for one in _statements(context, bus) if one.get("Sid") != properties["StatementId"]]
        policy = {"Version": "2012-10-17", "Statement": [*others, statement]}
        call(context, "events", "PutPermission", EventBusName=bus, Policy=json.dumps(policy))
    return f"{bus}|{properties['StatementId']}"


def _statements(context: Context, bus: str) -> list[Json]:
    text = call(context, "events", "DescribeEventBus", Name=bus).get("Policy")
    statements: list[Json] = json.loads(text)["Statement"] if text else []
    return statements


def _converge_statement(context: Context, _: str, old: Json, new: Json) -> None:
    if changed(old, new, "Statement", "Action", "Principal", "Condition"):
        _put_statement(context, new)


def _remove_statement(context: Context, _: str, properties: Json) -> None:
    with unless_gone():
        statement = properties["StatementId"]
        call(context, "events", "RemovePermission", EventBusName=_bus_of(properties), StatementId=statement)


def _find_statement(context: Context, properties: Json) -> str | None:
    found = {one.get("Sid") for one in _statements(context, _bus_of(properties))}
    statement = properties["StatementId"]
    return f"{_bus_of(properties)}|{statement}" if statement in found else None


def _named_bus(properties: Json) -> str:
    """A rule's bus by name, though the template may give its ARN."""
    return _bus_of(properties).rpartition("/")[2]


def _rule_name(context: Context, properties: Json) -> str:
    return str(properties.get("Name") or context.name(64))


def _rule_id(properties: Json, name: str) -> str:
    bus = _named_bus(properties)
    return name if bus == _DEFAULT else f"{bus}|{name}"


def _plain(physical_id: str) -> str:
    return physical_id.rpartition("|")[2]


def _make_rule(context: Context, properties: Json) -> str:
    name = _rule_name(context, properties)
    _put_rule(context, name, properties, Tags=tag_list(all_tags(context, properties)))
    return _rule_id(properties, name)


def _put_rule(context: Context, name: str, properties: Json, **more: Any) -> None:
    members = pick(properties, *_RULE)
    call(context, "events", "PutRule", members, Name=name, EventBusName=_bus_of(properties), **more)


def _converge_rule(context: Context, physical_id: str, old: Json, new: Json) -> None:
    name = _plain(physical_id)
    if changed(old, new, *_RULE):
        _put_rule(context, name, new)
    before, after = old.get("Targets") or [], new.get("Targets") or []
    wanted = {target["Id"] for target in after}
    gone = [target["Id"] for target in before if target["Id"] not in wanted]
    if gone:
        _each_taken(call(context, "events", "RemoveTargets", Rule=name, EventBusName=_bus_of(new), Ids=gone), "removed")
    fresh = [target for target in after if target not in before]
    if fresh:
        _each_taken(call(context, "events", "PutTargets", Rule=name, EventBusName=_bus_of(new), Targets=fresh), "put")
    _TAGGING.apply(context, _rule_arn(context, new, name), old, new)


def _each_taken(answer: Json, what: str) -> None:
    """Raises ResourceError for targets that EventBridge did not take, which is no error of the request as a whole."""
    failed = answer.get("FailedEntries") or []
    if failed:
        first = failed[0]
        raise ResourceError(f"target {first['TargetId']} was not {what}: {first['ErrorCode']}: {first['ErrorMessage']}")


def _rule_arn(context: Context, properties: Json, name: str) -> str:
    bus = _named_bus(properties)
    return _arn(context, f"rule/{name}" if bus == _DEFAULT else f"rule/{bus}/{name}")


def _describe_rule(context: Context, physical_id: str, properties: Json) -> Mapping[str, Any]:
    name = _plain(physical_id)
    return {"Arn": _rule_arn(context, properties, name), "RuleName": name}


def _see_rule(context: Context, physical_id: str, wanted: Json) -> Json | None:
    name, bus = _plain(physical_id), _bus_of(wanted)
    found = look(context, "events", "DescribeRule", Name=name, EventBusName=bus)
    if found is None:
        return None
    targets = call(context, "events", "ListTargetsByRule", Rule=name, EventBusName=bus)["Targets"]
    pattern = found.get("EventPattern")
    return {
        **told(found, "Description", "Name", "RoleArn", "ScheduleExpression", "State"),
        "EventPattern": live_document(wanted.get("EventPattern"), pattern) if pattern else None,
        "Targets": in_order(wanted.get("Targets"), targets),
    }


def _remove_rule(context: Context, physical_id: str, properties: Json) -> None:
    name, bus = _plain(physical_id), _bus_of(properties)
    with unless_gone():
        targets = call(context, "events", "ListTargetsByRule", Rule=name, EventBusName=bus)["Targets"]
        if targets:
            ids = [target["Id"] for target in targets]
            call(context, "events", "RemoveTargets", Rule=name, EventBusName=bus, Ids=ids)
        call(context, "events", "DeleteRule", Name=name, EventBusName=bus)


def _find_rule(context: Context, properties: Json) -> str | None:
    name = _rule_name(context, properties)
    found = exists(context, "events", "DescribeRule", Name=name, EventBusName=_bus_of(properties))
    return _rule_id(properties, name) if found else None


TYPES = (
    Declared(
        "AWS::Events::EventBus",
        handled=frozenset({"EventSourceName", "Name", "Policy", "Tags", *_BUS}),
        make=_make_bus,
        made=frozenset({"Tags", *_BUS}),
        converge=_converge_bus,
        describe=_describe_bus,
        remove=_remove_bus,
        find_id=_find_bus,
    ),
    Declared(
        "AWS::Events::EventBusPolicy",
        handled=frozenset({"Action", "Condition", "EventBusName", "Principal", "Statement", "StatementId"}),
        make=_put_statement,
        made=frozenset({"Action", "Condition", "Principal", "Statement"}),
        converge=_converge_statement,
        remove=_remove_statement,
        find_id=_find_statement,
    ),
    Readable(
        "AWS::Events::Rule",
        handled=frozenset({"EventBusName", "Name", "Tags", "Targets", *_RULE}),
        make=_make_rule,
        made=frozenset({"Tags", *_RULE}),
        converge=_converge_rule,
        describe=_describe_rule,
        remove=_remove_rule,
        find_id=_find_rule,
        see=_see_rule,
    ),
)
