"""What belongs to a function: AWS::Lambda::Permission, Version, Alias and EventSourceMapping."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, look, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_PERMISSION = (
    "Action",
    "EventSourceToken",
    "FunctionName",
    "FunctionUrlAuthType",
    "InvokedViaFunctionUrl",
    "Principal",
    "PrincipalOrgID",
    "SourceAccount",
    "SourceArn",
)
_MAPPING = (
    "BatchSize",
    "BisectBatchOnFunctionError",
    "DestinationConfig",
    "Enabled",
    "FilterCriteria",
    "FunctionName",
    "FunctionResponseTypes",
    "KmsKeyArn",
    "MaximumBatchingWindowInSeconds",
    "MaximumRecordAgeInSeconds",
    "MaximumRetryAttempts",
    "ParallelizationFactor",
    "ScalingConfig",
    "TumblingWindowInSeconds",
)
_START = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp")
_TAGGING = Tagging("lambda", "TagResource", "UntagResource", "Resource", pair=None)


def _permit(context: Context, properties: Json) -> str:
    statement = context.name(100)
    call(context, "lambda", "AddPermission", pick(properties, *_PERMISSION), StatementId=statement)
    return statement


def _forbid(context: Context, statement: str, properties: Json) -> None:
    with unless_gone():
        call(context, "lambda", "RemovePermission", FunctionName=properties["FunctionName"], StatementId=statement)


def _find_permission(context: Context, properties: Json) -> str | None:
    found = look(context, "lambda", "GetPolicy", FunctionName=properties["FunctionName"])
    statements = json.loads(found["Policy"])["Statement"] if found else []
    statement = context.name(100)
    return statement if any(one.get("Sid") == statement for one in statements) else None


def _publish(context: Context, properties: Json) -> str:
    made = call(context, "lambda", "PublishVersion", pick(properties, "FunctionName", "CodeSha256", "Description"))
    arn: str = made["FunctionArn"]
    return arn if arn.endswith(f":{made['Version']}") else f"{arn}:{made['Version']}"


def _describe_version(_: Context, arn: str, __: Json) -> Mapping[str, Any]:
    return {"FunctionArn": arn, "Version": arn.rpartition(":")[2]}


def _remove_version(context: Context, arn: str, _: Json) -> None:
    name, version = arn.rsplit(":", 1)
    with unless_gone():
        call(context, "lambda", "DeleteFunction", FunctionName=name, Qualifier=version)


def _make_alias(context: Context, properties: Json) -> str:
    members = pick(properties, "FunctionName", "FunctionVersion", "Name", "Description")
    arn: str = call(context, "lambda", "CreateAlias", members, RoutingConfig=_routing(properties))["AliasArn"]
    return arn


def _routing(properties: Json) -> Json | None:
    """CloudFormation lists the weights of further versions; Lambda maps them by version."""
    routing = properties.get("RoutingConfig")
    if not routing:
        return None
    weights = routing.get("AdditionalVersionWeights") or []
    return {"AdditionalVersionWeights": {one["FunctionVersion"]: one["FunctionWeight"] for one in weights}}


def _converge_alias(context: Context, _: str, old: Json, new: Json) -> None:
    if changed(old, new, "FunctionVersion", "Description", "RoutingConfig"):
        members = {"Description": "", **pick(new, "FunctionName", "FunctionVersion", "Name", "Description")}
        routing = _routing(new) or {"AdditionalVersionWeights": {}}
        call(context, "lambda", "UpdateAlias", members, RoutingConfig=routing)


def _remove_alias(context: Context, _: str, properties: Json) -> None:
    with unless_gone():
        call(context, "lambda", "DeleteAlias", pick(properties, "FunctionName", "Name"))


def _find_alias(context: Context, properties: Json) -> str | None:
    members = pick(properties, "FunctionName", "Name")
    found = look(context, "lambda", "GetAlias", **members)
    return None if found is None else str(found["AliasArn"])


def _make_mapping(context: Context, properties: Json) -> str:
    members = pick(properties, *_START, *_MAPPING)
    tags = all_tags(context, properties) or None
    mapping: str = call(context, "lambda", "CreateEventSourceMapping", members, Tags=tags)["UUID"]
    return mapping


def _converge_mapping(context: Context, mapping: str, old: Json, new: Json) -> None:
    if changed(old, new, *_MAPPING):
        call(context, "lambda", "UpdateEventSourceMapping", pick(new, *_MAPPING), UUID=mapping)
    _TAGGING.apply(context, _mapping_arn(context, mapping), old, new)


def _mapping_arn(context: Context, mapping: str) -> str:
    return f"arn:{context.partition}:lambda:{context.region}:{context.account}:event-source-mapping:{mapping}"


def _describe_mapping(context: Context, mapping: str, _: Json) -> Mapping[str, Any]:
    return {"Id": mapping, "EventSourceMappingArn": _mapping_arn(context, mapping)}


def _find_mapping(context: Context, properties: Json) -> str | None:
    """A function has one mapping of a source."""
    wanted = pick(properties, "FunctionName", "EventSourceArn")
    found = call(context, "lambda", "ListEventSourceMappings", wanted)["EventSourceMappings"]
    return str(found[0]["UUID"]) if found else None


def _remove_mapping(context: Context, mapping: str, _: Json) -> None:
    with unless_gone():
        call(context, "lambda", "DeleteEventSourceMapping", UUID=mapping)


TYPES = (
    Declared(
        "AWS::Lambda::Permission",
        handled=frozenset(_PERMISSION),
        make=_permit,
        describe=lambda _, statement, __: {"Id": statement},
        remove=_forbid,
        find_id=_find_permission,
    ),
    Declared(
        "AWS::Lambda::Version",
        handled=frozenset({"CodeSha256", "Description", "FunctionName"}),
        make=_publish,
        describe=_describe_version,
        remove=_remove_version,
    ),
    Declared(
        "AWS::Lambda::Alias",
        handled=frozenset({"Description", "FunctionName", "FunctionVersion", "Name", "RoutingConfig"}),
        make=_make_alias,
        made=frozenset({"Description", "FunctionVersion", "RoutingConfig"}),
        converge=_converge_alias,
        describe=lambda _, arn, __: {"AliasArn": arn},
        remove=_remove_alias,
        find_id=_find_alias,
    ),
    Declared(
        "AWS::Lambda::EventSourceMapping",
        handled=frozenset({"Tags", *_START, *_MAPPING}),
        make=_make_mapping,
        made=frozenset({"Tags", *_MAPPING}),
        converge=_converge_mapping,
        describe=_describe_mapping,
        remove=_remove_mapping,
        find_id=_find_mapping,
    ),
)
