"""AWS::StepFunctions::StateMachine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_DEFINITIONS = ("Definition", "DefinitionS3Location", "DefinitionString", "DefinitionSubstitutions")
_SETTINGS = {
    "EncryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    "LoggingConfiguration": {"level": "OFF", "includeExecutionData": False, "destinations": []},
    "RoleArn": None,
    "TracingConfiguration": {"enabled": False},
}
"""Properties, and what they are when a template no longer says."""

_TAGGING = Tagging("stepfunctions", "TagResource", "UntagResource", "resourceArn")


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("StateMachineName") or context.name(80))


def _arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:states:{context.region}:{context.account}:stateMachine:{name}"


def definition(context: Context, properties: Json) -> str:
    """The machine's definition with its substitutions made. Raises ResourceError (InvalidRequest)."""
    given = [name for name in _DEFINITIONS[:3] if properties.get(name) is not None]
    if len(given) != 1:
        raise refuse(f"a state machine has exactly one of {', '.join(_DEFINITIONS[:3])}, not {given or 'none'}")
    if given == ["DefinitionS3Location"]:
        place = properties["DefinitionS3Location"]
        found = call(context, "s3", "GetObject", pick(place, "Bucket", "Key", VersionId="Version"))
        text = found["Body"].read().decode()
    else:
        value = properties[given[0]]
        text = value if isinstance(value, str) else json.dumps(value)
    return substituted(text, properties.get("DefinitionSubstitutions") or {})


def substituted(text: str, values: Mapping[str, Any]) -> str:
    """`${Name}` replaced wherever a substitution of that name is given."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in values:
            return match[0]
        found = values[name]
        return json.dumps(found) if isinstance(found, bool) else str(found)

    return re.sub(r"\$\{([a-zA-Z0-9]+)\}", value, text)


def _make(context: Context, properties: Json) -> str:
    members = pick(properties, *_SETTINGS, type="StateMachineType")
    made = call(
        context,
        "stepfunctions",
        "CreateStateMachine",
        members,
        name=_name(context, properties),
        definition=definition(context, properties),
        tags=tag_list(all_tags(context, properties)),
    )
    arn: str = made["stateMachineArn"]
    return arn


def _converge(context: Context, arn: str, old: Json, new: Json) -> None:
    members: Json = {name: new.get(name, default) for name, default in _SETTINGS.items() if changed(old, new, name)}
    if changed(old, new, *_DEFINITIONS):
        members["definition"] = definition(context, new)
    if members:
        call(context, "stepfunctions", "UpdateStateMachine", members, stateMachineArn=arn)
    _TAGGING.apply(context, arn, old, new)


def _describe(context: Context, arn: str, _: Json) -> Mapping[str, Any]:
    found = call(context, "stepfunctions", "DescribeStateMachine", stateMachineArn=arn)
    return {"Arn": arn, "Name": found["name"], "StateMachineRevisionId": found.get("revisionId", "INITIAL")}


def _remove(context: Context, arn: str, _: Json) -> None:
    with unless_gone():
        call(context, "stepfunctions", "DeleteStateMachine", stateMachineArn=arn)


def _find(context: Context, properties: Json) -> str | None:
    arn = _arn(context, _name(context, properties))
    return arn if exists(context, "stepfunctions", "DescribeStateMachine", stateMachineArn=arn) else None


TYPES = (
    Declared(
        "AWS::StepFunctions::StateMachine",
        handled=frozenset({"StateMachineName", "StateMachineType", "Tags", *_DEFINITIONS, *_SETTINGS}),
        make=_make,
        made=frozenset({"Tags", *_DEFINITIONS, *_SETTINGS}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
