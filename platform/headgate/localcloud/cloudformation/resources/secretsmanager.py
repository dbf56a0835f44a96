"""AWS::SecretsManager::Secret."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, look, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_VALUES = ("GenerateSecretString", "SecretString")
_TAGGING = Tagging("secretsmanager", "TagResource", "UntagResource", "SecretId")


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("Name") or context.name(64))


def _value(context: Context, properties: Json) -> str | None:
    """The secret itself, given or generated."""
    wish = properties.get("GenerateSecretString")
    if wish is None:
        given = properties.get("SecretString")
        return None if given is None else str(given)
    if properties.get("SecretString") is not None:
        raise refuse("a secret has SecretString or GenerateSecretString, not both")
    rules = {key: value for key, value in wish.items() if key not in {"GenerateStringKey", "SecretStringTemplate"}}
    password: str = call(context, "secretsmanager", "GetRandomPassword", rules)["RandomPassword"]
    if "GenerateStringKey" not in wish:
        return password
    template = json.loads(wish.get("SecretStringTemplate", "{}"))
    return json.dumps({**template, wish["GenerateStringKey"]: password})


def _make(context: Context, properties: Json) -> str:
    made = call(
        context,
        "secretsmanager",
        "CreateSecret",
        pick(properties, "Description", "KmsKeyId", "Type"),
        Name=_name(context, properties),
        SecretString=_value(context, properties),
        Tags=tag_list(all_tags(context, properties)),
    )
    arn: str = made["ARN"]
    return arn


def _converge(context: Context, arn: str, old: Json, new: Json) -> None:
    members = {name: new.get(name, "") for name in ("Description", "KmsKeyId") if changed(old, new, name)}
    if changed(old, new, *_VALUES):
        members["SecretString"] = _value(context, new)
    if members:
        call(context, "secretsmanager", "UpdateSecret", members, SecretId=arn)
    _TAGGING.apply(context, arn, old, new)


def _describe(_: Context, arn: str, __: Json) -> Mapping[str, Any]:
    return {"Id": arn}


def _remove(context: Context, arn: str, _: Json) -> None:
    """At once and for good, as CloudFormation deletes secrets, so that the name is free again."""
    with unless_gone():
        call(context, "secretsmanager", "DeleteSecret", SecretId=arn, ForceDeleteWithoutRecovery=True)


def _find(context: Context, properties: Json) -> str | None:
    found = look(context, "secretsmanager", "DescribeSecret", SecretId=_name(context, properties))
    return None if found is None else str(found["ARN"])


TYPES = (
    Declared(
        "AWS::SecretsManager::Secret",
        handled=frozenset({"Description", "KmsKeyId", "Name", "Tags", "Type", *_VALUES}),
        make=_make,
        made=frozenset({"Description", "KmsKeyId", "Tags", *_VALUES}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
