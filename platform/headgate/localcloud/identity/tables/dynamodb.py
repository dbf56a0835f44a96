"""DynamoDB. A request on an index is on the index's ARN; batches and transactions need each table's action."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headgate.localcloud.identity.tables.model import Arns, Keys, Need
from headgate.localcloud.identity.tables.parts import (
    Operations,
    constant,
    creates,
    same,
    tags_resource,
    untags_resource,
)
from headgate.localcloud.identity.tables.paths import Parameters, at, values
from headgate.localcloud.seams import Caller

_START = "arn:aws:dynamodb:{region}:{account}:"
_TABLE = _START + "table/{TableName}"
_TRANSACTION = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}
_EQUALS = re.compile(r"([#\w.]+)\s*=\s*(:\w+)")


def _table_arn(name: str, caller: Caller) -> str:
    return name if name.startswith("arn:") else f"arn:aws:dynamodb:{caller.region}:{caller.account}:table/{name}"


def _table_or_index(parameters: Parameters, caller: Caller) -> tuple[str, ...]:
    arn = _table_arn(str(at(parameters, "TableName") or "*"), caller)
    index = at(parameters, "IndexName")
    return (f"{arn}/index/{index}" if index else arn,)


def _tables_of_batch(parameters: Parameters, caller: Caller) -> Iterable[str]:
    return (_table_arn(name, caller) for name in at(parameters, "RequestItems") or {})


def _tables_of(kind: str) -> Arns:
    def arns(parameters: Parameters, caller: Caller) -> Iterable[str]:
        return (_table_arn(str(name), caller) for name in values(parameters, f"TransactItems[].{kind}.TableName"))

    return arns


def _scalar(value: Any) -> str | None:
    """A key attribute's value out of DynamoDB's own notation (`{"S": "a"}`)."""
    if isinstance(value, Mapping) and len(value) == 1:
        value = next(iter(value.values()))
    return str(value) if isinstance(value, str | int | float) else None


def _items(parameters: Parameters) -> Iterator[Any]:
    """Every key and item of a request, whichever operation it is."""
    yield from values(parameters, "Key")
    yield from values(parameters, "Item")
    for requests in (at(parameters, "RequestItems") or {}).values():
        if isinstance(requests, Mapping):
            yield from values(requests, "Keys[]")
        else:
            yield from (values({"all": requests}, "all[].PutRequest.Item"))
            yield from (values({"all": requests}, "all[].DeleteRequest.Key"))
    for kind in (*_TRANSACTION, "Get"):
        yield from values(parameters, f"TransactItems[].{kind}.Key")
        yield from values(parameters, f"TransactItems[].{kind}.Item")


def attributes(parameters: Parameters) -> dict[str, tuple[str, ...]]:
    """The values of attributes that keys, items and key conditions name: one of them is the leading key."""
    found: dict[str, list[str]] = {}
    for item in _items(parameters):
        for name, value in item.items() if isinstance(item, Mapping) else ():
            if (read := _scalar(value)) is not None:
                found.setdefault(name, []).append(read)
    names = at(parameters, "ExpressionAttributeNames") or {}
    filled = at(parameters, "ExpressionAttributeValues") or {}
    for name, placeholder in _EQUALS.findall(str(at(parameters, "KeyConditionExpression") or "")):
        if (read := _scalar(filled.get(placeholder))) is not None:
            found.setdefault(str(names.get(name, name)), []).append(read)
    return {name: tuple(dict.fromkeys(listed)) for name, listed in found.items()}


_READING: Keys = {"dynamodb:Select": "Select"}
_WRITING: Keys = {"dynamodb:ReturnValues": "ReturnValues"}


def _item(operation: str, resource: str | Arns = _TABLE, keys: Keys | None = None) -> tuple[Need, ...]:
    return (Need(f"dynamodb:{operation}", resource, keys or {}, attributes=attributes),)


def _transaction(kind: str, action: str, operation: str) -> Need:
    known = kind != "ConditionCheck"  # the one action without this key
    enclosing: Keys = {"dynamodb:EnclosingOperation": constant(operation)} if known else {}
    return Need(
        f"dynamodb:{action}", _tables_of(kind), enclosing, when=f"TransactItems[].{kind}", attributes=attributes
    )


_ITEMS: Operations = {
    "GetItem": _item("GetItem"),
    "PutItem": _item("PutItem", keys=_WRITING),
    "UpdateItem": _item("UpdateItem", keys=_WRITING),
    "DeleteItem": _item("DeleteItem", keys=_WRITING),
    "Query": _item("Query", _table_or_index, _READING),
    "Scan": (Need("dynamodb:Scan", _table_or_index, _READING),),
    "BatchGetItem": _item("BatchGetItem", _tables_of_batch),
    "BatchWriteItem": _item("BatchWriteItem", _tables_of_batch),
    "TransactGetItems": (_transaction("Get", "GetItem", "TransactGetItems"),),
    "TransactWriteItems": tuple(
        _transaction(kind, action, "TransactWriteItems") for kind, action in _TRANSACTION.items()
    ),
}
_TABLES: Operations = {
    "CreateTable": creates("dynamodb:CreateTable", _TABLE, tag_action="dynamodb:TagResource"),
    **same(
        "dynamodb",
        _TABLE,
        "DeleteTable DescribeContinuousBackups DescribeContributorInsights DescribeTable DescribeTimeToLive "
        "UpdateTable UpdateContinuousBackups UpdateContributorInsights UpdateTimeToLive CreateBackup "
        "DescribeKinesisStreamingDestination",
    ),
    **same("dynamodb", "*", "DescribeEndpoints DescribeLimits ListBackups ListTables"),
    **same("dynamodb", "{ResourceArn}", "DeleteResourcePolicy GetResourcePolicy PutResourcePolicy"),
    "ListTagsOfResource": (Need("dynamodb:ListTagsOfResource", "{ResourceArn}"),),
    "TagResource": tags_resource("dynamodb:TagResource", "{ResourceArn}"),
    "UntagResource": untags_resource("dynamodb:UntagResource", "{ResourceArn}"),
}

OPERATIONS: Operations = {**_ITEMS, **_TABLES}
