"""AWS::SSM::Parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, json_text, pick, unless_gone
from headgate.localcloud.cloudformation.resources.reading import Readable, told
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_VALUES = ("AllowedPattern", "DataType", "Description", "Tier", "Type", "Value")
_TAGGING = Tagging(
    "ssm",
    "AddTagsToResource",
    "RemoveTagsFromResource",
    "ResourceId",
    constant={"ResourceType": "Parameter"},
)


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("Name") or f"CFN-{properties['Type']}-{context.name(64)}")


def _members(properties: Json) -> Json:
    policies = properties.get("Policies")
    return {**pick(properties, *_VALUES), "Policies": None if policies is None else json_text(policies)}


def _make(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    tags = tag_list(all_tags(context, properties))
    call(context, "ssm", "PutParameter", _members(properties), Name=name, Tags=tags)
    return name


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, *_VALUES, "Policies"):
        call(context, "ssm", "PutParameter", _members(new), Name=name, Overwrite=True)
    _TAGGING.apply(context, name, old, new)


def _describe(context: Context, name: str, properties: Json) -> Mapping[str, Any]:
    arn = f"arn:{context.partition}:ssm:{context.region}:{context.account}:parameter/{name.removeprefix('/')}"
    return {"Arn": arn, **pick(properties, "Type", "Value")}


def _see(context: Context, name: str, _: Json) -> Json | None:
    found = call(context, "ssm", "GetParameters", Names=[name])["Parameters"]
    return told(found[0], "DataType", "Name", "Type", "Value") if found else None


def _remove(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "ssm", "DeleteParameter", Name=name)


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if call(context, "ssm", "GetParameters", Names=[name])["Parameters"] else None


TYPES = (
    Readable(
        "AWS::SSM::Parameter",
        handled=frozenset({*_VALUES, "Name", "Policies", "Tags"}),
        make=_make,
        made=frozenset({*_VALUES, "Policies", "Tags"}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
        see=_see,
    ),
)
