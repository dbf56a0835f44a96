"""AWS::KMS::Key and AWS::KMS::Alias."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import (
    call,
    changed,
    json_text,
    look,
    pick,
    refuse,
    unless_gone,
)
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.reading import Readable, live_document, told
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_AT_CREATION = ("KeySpec", "KeyUsage", "MultiRegion", "Origin")
_MADE = (*_AT_CREATION, "Description", "KeyPolicy", "Tags")
_TAGGING = Tagging("kms", "TagResource", "UntagResource", "KeyId", pair=("TagKey", "TagValue"))
_DELETION_DAYS = 30


def _make_key(context: Context, properties: Json) -> str:
    policy = properties.get("KeyPolicy")
    tags = tag_list(all_tags(context, properties), "TagKey", "TagValue")
    created = call(
        context,
        "kms",
        "CreateKey",
        pick(properties, "Description", *_AT_CREATION),
        Policy=None if policy is None else json_text(policy),
        Tags=tags,
    )
    key: str = created["KeyMetadata"]["KeyId"]
    return key


def _converge_key(context: Context, key: str, old: Json, new: Json) -> None:
    if old and changed(old, new, *_AT_CREATION):
        raise refuse(f"{', '.join(_AT_CREATION)} of a key cannot be changed; give the key another logical id")
    if changed(old, new, "KeyPolicy") and new.get("KeyPolicy") is not None:
        call(context, "kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=json_text(new["KeyPolicy"]))
    if changed(old, new, "Description"):
        call(context, "kms", "UpdateKeyDescription", KeyId=key, Description=new.get("Description", ""))
    if changed(old, new, "EnableKeyRotation", "RotationPeriodInDays"):
        if new.get("EnableKeyRotation"):
            call(context, "kms", "EnableKeyRotation", pick(new, "RotationPeriodInDays"), KeyId=key)
        elif old.get("EnableKeyRotation"):
            call(context, "kms", "DisableKeyRotation", KeyId=key)
    if old.get("Enabled", True) != new.get("Enabled", True):
        call(context, "kms", "EnableKey" if new.get("Enabled", True) else "DisableKey", KeyId=key)
    _TAGGING.apply(context, key, old, new)


def _describe_key(context: Context, key: str, _: Json) -> Mapping[str, Any]:
    return {"KeyId": key, "Arn": f"arn:{context.partition}:kms:{context.region}:{context.account}:key/{key}"}


def _see_key(context: Context, key: str, wanted: Json) -> Json | None:
    """A key that waits for its deletion is gone."""
    found = look(context, "kms", "DescribeKey", KeyId=key)
    if found is None or found["KeyMetadata"]["KeyState"] == "PendingDeletion":
        return None
    policy = call(context, "kms", "GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"]
    rotates = call(context, "kms", "GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"]
    return {
        **told(found["KeyMetadata"], "Description", "Enabled", "KeySpec", "KeyUsage", "MultiRegion"),
        "EnableKeyRotation": rotates,
        "KeyPolicy": live_document(wanted.get("KeyPolicy"), policy),
    }


def _remove_key(context: Context, key: str, properties: Json) -> None:
    """Schedule the deletion: until the window has passed the key is there, but of no use to anybody."""
    with unless_gone():
        if call(context, "kms", "DescribeKey", KeyId=key)["KeyMetadata"]["KeyState"] != "PendingDeletion":
            days = properties.get("PendingWindowInDays", _DELETION_DAYS)
            call(context, "kms", "ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=days)


def _make_alias(context: Context, properties: Json) -> str:
    name: str = properties["AliasName"]
    call(context, "kms", "CreateAlias", AliasName=name, TargetKeyId=properties["TargetKeyId"])
    return name


def _converge_alias(context: Context, name: str, old: Json, new: Json) -> None:
    if changed(old, new, "TargetKeyId"):
        call(context, "kms", "UpdateAlias", AliasName=name, TargetKeyId=new["TargetKeyId"])


def _remove_alias(context: Context, name: str, _: Json) -> None:
    with unless_gone():
        call(context, "kms", "DeleteAlias", AliasName=name)


def _find_alias(context: Context, properties: Json) -> str | None:
    name: str = properties["AliasName"]
    for page in context.client("kms").get_paginator("list_aliases").paginate():
        if any(alias["AliasName"] == name for alias in page["Aliases"]):
            return name
    return None


TYPES = (
    Readable(
        "AWS::KMS::Key",
        handled=frozenset({*_MADE, "EnableKeyRotation", "RotationPeriodInDays", "Enabled", "PendingWindowInDays"}),
        ignored={"BypassPolicyLockoutSafetyCheck": "there is no support centre that a locked out account would need"},
        make=_make_key,
        made=frozenset(_MADE),
        converge=_converge_key,
        describe=_describe_key,
        remove=_remove_key,
        see=_see_key,
    ),
    Declared(
        "AWS::KMS::Alias",
        handled=frozenset({"AliasName", "TargetKeyId"}),
        make=_make_alias,
        made=frozenset({"TargetKeyId"}),
        converge=_converge_alias,
        remove=_remove_alias,
        find_id=_find_alias,
    ),
)
