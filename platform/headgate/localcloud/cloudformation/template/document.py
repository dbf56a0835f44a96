"""A template's sections as frozen values, with the limits and the spelling that CloudFormation demands.

Limits: CloudFormation quotas (51,200 bytes in a request, 1 MB from S3, 500 resources, 200 parameters, outputs and
mappings).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.cloudformation.template.forms import format_error, read
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Json

BODY_LIMIT = 51_200
URL_LIMIT = 1_048_576
RESOURCE_LIMIT = 500
_LIMITS = {"Parameters": 200, "Outputs": 200, "Mappings": 200}

_SECTIONS = frozenset(
    [
        "AWSTemplateFormatVersion",
        "Description",
        "Metadata",
        "Parameters",
        "Mappings",
        "Conditions",
        "Rules",
        "Resources",
        "Outputs",
    ]
)
_REFUSED = {"Transform": "transforms and macros in templates", "Hooks": "the Hooks section of templates"}
_ATTRIBUTES = frozenset(
    ["Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"]
)
_REFUSED_ATTRIBUTES = frozenset({"CreationPolicy", "UpdatePolicy"})
_LOGICAL_ID = re.compile(r"^[A-Za-z0-9]{1,255}$")
_DELETION = ("Delete", "Retain", "RetainExceptOnCreate")
_REPLACE = ("Delete", "Retain")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One resource as its template declares it; properties are unresolved."""

    logical_id: str
    type: str
    properties: Json
    depends_on: tuple[str, ...] = ()
    condition: str = ""
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    metadata: Any = None


@dataclass(frozen=True, slots=True)
class Template:
    """A template that has CloudFormation's form; whether its references resolve is `graph.check`'s to say."""

    text: str
    description: str
    metadata: Any
    parameters: Mapping[str, Json]
    mappings: Mapping[str, Json]
    conditions: Mapping[str, Any]
    rules: Mapping[str, Json]
    resources: Mapping[str, Declaration]
    outputs: Mapping[str, Json]


def parse(text: str, *, limit: int = BODY_LIMIT) -> Template:
    """The template that a text holds. Raises AwsError (ValidationError; 501 for transforms and policies)."""
    size = len(text.encode())
    if size > limit:
        raise AwsError(
            "ValidationError",
            f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {limit}; it has {size} bytes",
        )
    body = read(text)
    _check_sections(body)
    description = body.get("Description", "")
    if not isinstance(description, str) or len(description.encode()) > 1024:
        raise format_error("'Description' length is greater than 1024, or it is no text")
    return Template(
        text=text,
        description=description,
        metadata=body.get("Metadata"),
        parameters=_mappings(body, "Parameters"),
        mappings=_mappings(body, "Mappings"),
        conditions=_section(body, "Conditions"),
        rules=_mappings(body, "Rules"),
        resources=_resources(body),
        outputs=_mappings(body, "Outputs"),
    )


def _check_sections(body: Json) -> None:
    for name, what in _REFUSED.items():
        if name in body:
            raise unsupported(what)
    unknown = [name for name in body if name not in _SECTIONS]
    if unknown:
        raise AwsError("ValidationError", f"Invalid template property or properties [{', '.join(unknown)}]")
    version = body.get("AWSTemplateFormatVersion", "2010-09-09")
    if str(version) != "2010-09-09":
        raise format_error("AWSTemplateFormatVersion has to be 2010-09-09")
    for name, limit in _LIMITS.items():
        if len(_section(body, name)) > limit:
            raise format_error(f"Number of {name.lower()}, {len(body[name])}, is greater than maximum allowed, {limit}")


def _section(body: Json, name: str) -> Json:
    section = body.get(name, {})
    if not isinstance(section, dict):
        raise format_error(f"{name} must be an object")
    return section


def _mappings(body: Json, name: str) -> Json:
    """A section of which every member is a mapping itself."""
    section = _section(body, name)
    for key, value in section.items():
        if not isinstance(value, dict):
            raise format_error(f"Every {name} member must be an object: {key}")
    return section


def _resources(body: Json) -> Mapping[str, Declaration]:
    section = _section(body, "Resources")
    if not section:
        raise format_error("At least one Resources member must be defined.")
    if len(section) > RESOURCE_LIMIT:
        raise format_error(
            f"Number of resources, {len(section)}, is greater than maximum allowed, {RESOURCE_LIMIT}; nested or "
            f"separate stacks share the work"
        )
    return {name: _declaration(name, value) for name, value in section.items()}


def _declaration(name: str, value: Any) -> Declaration:
    if not _LOGICAL_ID.match(name):
        raise format_error(f"Resource name {name} is non alphanumeric.")
    if not isinstance(value, dict) or not isinstance(value.get("Type"), str):
        raise format_error(f"[/Resources/{name}] Every Resources object must contain a Type member.")
    refused = sorted(_REFUSED_ATTRIBUTES & set(value))
    if refused:
        raise unsupported(f"{refused[0]} of a resource ([/Resources/{name}])")
    unknown = sorted(set(value) - _ATTRIBUTES)
    if unknown:
        raise AwsError("ValidationError", f"Invalid template resource property '{unknown[0]}' in [/Resources/{name}]")
    properties = value.get("Properties", {})
    if not isinstance(properties, dict):
        raise format_error(f"[/Resources/{name}/Properties] must be an object")
    condition = value.get("Condition", "")
    if not isinstance(condition, str):
        raise format_error(f"[/Resources/{name}/Condition] must be the name of a condition")
    deletion = _policy(name, value, "DeletionPolicy", _DELETION)
    return Declaration(
        logical_id=name,
        type=value["Type"],
        properties=properties,
        depends_on=_depends_on(name, value.get("DependsOn", [])),
        condition=condition,
        deletion_policy=deletion,
        update_replace_policy=_policy(name, value, "UpdateReplacePolicy", _REPLACE),
        metadata=value.get("Metadata"),
    )


def _policy(name: str, value: Json, attribute: str, allowed: tuple[str, ...]) -> str:
    policy = value.get(attribute, "Delete")
    if policy == "Snapshot":
        raise unsupported(f"{attribute} Snapshot ([/Resources/{name}])")
    if policy not in allowed:
        raise format_error(f"Unrecognized {attribute} {policy} for resource {name}; it can be {', '.join(allowed)}")
    return str(policy)


def _depends_on(name: str, value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
        raise format_error(f"[/Resources/{name}/DependsOn] must be a name or a list of names")
    return tuple(dict.fromkeys(names))
