"""AWS::DynamoDB::Table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, exists, json_text, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import Tagging, all_tags, tag_list
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_CREATED = (
    "AttributeDefinitions",
    "BillingMode",
    "DeletionProtectionEnabled",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "OnDemandThroughput",
    "ProvisionedThroughput",
    "TableClass",
)
_SPECIFICATIONS = ("SSESpecification", "StreamSpecification")
_TAGGING = Tagging("dynamodb", "TagResource", "UntagResource", "ResourceArn")
_SECONDS = 600


def _name(context: Context, properties: Json) -> str:
    return str(properties.get("TableName") or context.name(255))


def _arn(context: Context, name: str) -> str:
    return f"arn:{context.partition}:dynamodb:{context.region}:{context.account}:table/{name}"


def _encryption(properties: Json) -> Json | None:
    given = properties.get("SSESpecification")
    return given and pick(given, "SSEType", Enabled="SSEEnabled", KMSMasterKeyId="KMSMasterKeyId")


def _stream(properties: Json) -> Json | None:
    given = properties.get("StreamSpecification")
    if given and set(given) - {"StreamViewType"}:
        raise refuse("StreamSpecification with more than StreamViewType is not supported in the local cloud")
    return given and {"StreamEnabled": True, **given}


def _make(context: Context, properties: Json) -> str:
    name = _name(context, properties)
    members = pick(properties, *_CREATED)
    members.setdefault("BillingMode", "PROVISIONED")
    call(
        context,
        "dynamodb",
        "CreateTable",
        members,
        TableName=name,
        SSESpecification=_encryption(properties),
        StreamSpecification=_stream(properties),
        Tags=tag_list(all_tags(context, properties)),
    )
    return name


def _active(context: Context, name: str) -> None:
    def active() -> Json | None:
        found: Json = call(context, "dynamodb", "DescribeTable", TableName=name)["Table"]
        indexes = found.get("GlobalSecondaryIndexes") or ()
        states = {found["TableStatus"], *(index.get("IndexStatus", "ACTIVE") for index in indexes)}
        return found if states == {"ACTIVE"} else None

    context.wait(active, seconds=_SECONDS, what=f"the table {name} becoming active")


def _converge(context: Context, name: str, old: Json, new: Json) -> None:
    _active(context, name)
    for members in _table_updates(old, new):
        call(context, "dynamodb", "UpdateTable", members, TableName=name)
        _active(context, name)
    if changed(old, new, "PointInTimeRecoverySpecification"):
        wanted = new.get("PointInTimeRecoverySpecification") or {"PointInTimeRecoveryEnabled": False}
        recovery = {"PointInTimeRecoverySpecification": wanted}
        call(context, "dynamodb", "UpdateContinuousBackups", recovery, TableName=name)
    if changed(old, new, "TimeToLiveSpecification"):
        _expire(context, name, old.get("TimeToLiveSpecification"), new.get("TimeToLiveSpecification"))
    if changed(old, new, "ResourcePolicy"):
        _set_policy(context, name, new.get("ResourcePolicy"))
    _TAGGING.apply(context, _arn(context, name), old, new)


def _table_updates(old: Json, new: Json) -> list[Json]:
    """What UpdateTable has to be asked for, one thing at a time, as it demands."""
    if not old:
        return []
    updates: list[Json] = []
    if changed(old, new, "BillingMode", "ProvisionedThroughput", "OnDemandThroughput"):
        billing = new.get("BillingMode", "PROVISIONED")
        updates.append({"BillingMode": billing, **pick(new, "ProvisionedThroughput", "OnDemandThroughput")})
    if changed(old, new, "StreamSpecification"):
        if old.get("StreamSpecification"):
            updates.append({"StreamSpecification": {"StreamEnabled": False}})
        if new.get("StreamSpecification"):
            updates.append({"StreamSpecification": _stream(new)})
    if changed(old, new, "SSESpecification"):
        updates.append({"SSESpecification": _encryption(new) or {"Enabled": False}})
    if changed(old, new, "DeletionProtectionEnabled"):
        updates.append({"DeletionProtectionEnabled": new.get("DeletionProtectionEnabled", False)})
    if changed(old, new, "TableClass"):
        updates.append({"TableClass": new.get("TableClass", "STANDARD")})
    return [*updates, *_index_updates(old, new)]


def _index_updates(old: Json, new: Json) -> list[Json]:
    before = {index["IndexName"]: index for index in old.get("GlobalSecondaryIndexes") or ()}
    after = {index["IndexName"]: index for index in new.get("GlobalSecondaryIndexes") or ()}
    changes: list[Json] = [{"Delete": {"IndexName": name}} for name in before if after.get(name) != before[name]]
    changes += [{"Create": index} for name, index in after.items() if before.get(name) != index]
    attributes = {"AttributeDefinitions": new.get("AttributeDefinitions")}
    return [{**attributes, "GlobalSecondaryIndexUpdates": [change]} for change in changes]


def _expire(context: Context, name: str, old: Json | None, new: Json | None) -> None:
    if new is None:
        new = {**(old or {}), "Enabled": False}
    if new.get("AttributeName"):
        call(context, "dynamodb", "UpdateTimeToLive", TableName=name, TimeToLiveSpecification=new)


def _set_policy(context: Context, name: str, policy: Json | None) -> None:
    if policy is None:
        call(context, "dynamodb", "DeleteResourcePolicy", ResourceArn=_arn(context, name))
    else:
        document = json_text(policy["PolicyDocument"])
        call(context, "dynamodb", "PutResourcePolicy", ResourceArn=_arn(context, name), Policy=document)


def _describe(context: Context, name: str, _: Json) -> Mapping[str, Any]:
    found = call(context, "dynamodb", "DescribeTable", TableName=name)["Table"]
    return {"Arn": found["TableArn"], **pick(found, StreamArn="LatestStreamArn")}


def _remove(context: Context, name: str, _: Json) -> None:
    """Raises ClientError while the table is protected from deletion."""
    with unless_gone():
        call(context, "dynamodb", "DeleteTable", TableName=name)

    def gone() -> bool | None:
        return None if exists(context, "dynamodb", "DescribeTable", TableName=name) else True

    context.wait(gone, seconds=_SECONDS, what=f"the end of the table {name}")


def _find(context: Context, properties: Json) -> str | None:
    name = _name(context, properties)
    return name if exists(context, "dynamodb", "DescribeTable", TableName=name) else None


TYPES = (
    Declared(
        "AWS::DynamoDB::Table",
        handled=frozenset(
            {
                "PointInTimeRecoverySpecification",
                "ResourcePolicy",
                "TableName",
                "Tags",
                "TimeToLiveSpecification",
                *_CREATED,
                *_SPECIFICATIONS,
            }
        ),
        make=_make,
        made=frozenset({"Tags", *_CREATED, *_SPECIFICATIONS}),
        converge=_converge,
        describe=_describe,
        remove=_remove,
        find_id=_find,
    ),
)
