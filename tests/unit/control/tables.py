# ruff: noqa: N803 - parameters are called what AWS calls them
"""DynamoDB in memory: items by key, conditions, updates, transactions; only what vending uses, as DynamoDB does it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from headgate.control.errors import CallFailed

_TOKENS = re.compile(r"\s*(attribute_not_exists|OR|AND|IN|[#:]?\w+|[()=<,])")
Item = dict[str, Any]


class Tables:
    """`keys` are the partition and sort keys of each table."""

    def __init__(self, keys: Mapping[str, tuple[str, str]]) -> None:
        self.keys = keys
        self.items: dict[str, dict[tuple[str, str], Item]] = {name: {} for name in keys}

    def plain(self, table: str) -> list[dict[str, Any]]:
        """A table's items as Python values."""
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for item in self.items[table].values()]

    def get_item(self, *, TableName: str, Key: Item, ConsistentRead: bool = False) -> Item:
        found = self._find(TableName, Key)
        return {"Item": dict(found)} if found is not None else {}

    def query(
        self, *, TableName: str, KeyConditionExpression: str, ExpressionAttributeValues: Item, ConsistentRead: bool
    ) -> Item:
        partition = self.keys[TableName][0]
        assert KeyConditionExpression == f"{partition} = :{partition}"
        wanted = ExpressionAttributeValues[f":{partition}"]
        found = [item for item in self.items[TableName].values() if item[partition] == wanted]
        return {"Items": sorted(found, key=lambda item: item[self.keys[TableName][1]]["S"])}

    def update_item(
        self,
        *,
        TableName: str,
        Key: Item,
        UpdateExpression: str,
        ConditionExpression: str,
        ExpressionAttributeNames: Mapping[str, str],
        ExpressionAttributeValues: Item,
    ) -> Item:
        item = self._find(TableName, Key) or {}
        used = UpdateExpression + ConditionExpression
        for name in (*ExpressionAttributeNames, *ExpressionAttributeValues):
            assert name in used, f"{name} is unused in expressions: keys"
        if not holds(ConditionExpression, item, ExpressionAttributeNames, ExpressionAttributeValues):
            raise CallFailed(
                "dynamodb", "update_item", "ConditionalCheckFailedException", "The conditional request failed"
            )
        changed = {**Key, **item}
        names = ExpressionAttributeNames
        sets, _, removes = UpdateExpression.partition("REMOVE")
        for pair in filter(None, (each.strip() for each in sets.removeprefix("SET").split(","))):
            name, _, value = pair.partition(" = ")
            changed[names.get(name, name)] = ExpressionAttributeValues[value.strip()]
        for name in filter(None, (each.strip() for each in removes.split(","))):
            changed.pop(names.get(name, name), None)
        self._store(TableName, changed)
        return {}

    def transact_write_items(self, *, TransactItems: list[Mapping[str, Any]]) -> Item:
        reasons = [self._reason(part) for part in TransactItems]
        if any(reasons):
            raise CallFailed(
                "dynamodb",
                "transact_write_items",
                "TransactionCanceledException",
                "Transaction cancelled",
                [{"Code": "ConditionalCheckFailed" if each else "None"} for each in reasons],
            )
        for part in TransactItems:
            if "Put" in part:
                self._store(part["Put"]["TableName"], part["Put"]["Item"])
        return {}

    def _reason(self, part: Mapping[str, Any]) -> bool:
        (kind, body), *_ = part.items()
        key = body["Key"] if kind == "ConditionCheck" else self._key_of(body["TableName"], body["Item"])
        item = self._find(body["TableName"], key) or {}
        names, values = body.get("ExpressionAttributeNames", {}), body.get("ExpressionAttributeValues", {})
        return not holds(body["ConditionExpression"], item, names, values)

    def _key_of(self, table: str, item: Item) -> Item:
        return {name: item[name] for name in self.keys[table]}

    def _find(self, table: str, key: Item) -> Item | None:
        partition, sort = self.keys[table]
        assert set(key) == {partition, sort}
        return self.items[table].get((key[partition]["S"], key[sort]["S"]))

    def _store(self, table: str, item: Item) -> None:
        partition, sort = self.keys[table]
        self.items[table][item[partition]["S"], item[sort]["S"]] = item


def holds(expression: str, item: Item, names: Mapping[str, str], values: Item) -> bool:
    """Whether a condition is true of an item; OR binds weaker than AND."""
    tokens = _TOKENS.findall(expression)
    assert "".join(tokens) == re.sub(r"\s", "", expression), expression

    def operand(token: str) -> Any:
        value = values[token] if token.startswith(":") else item.get(names.get(token, token))
        return next(iter(value.values())) if value is not None else None

    def one(part: list[str]) -> bool:
        match part:
            case ["attribute_not_exists", "(", name, ")"]:
                return item.get(names.get(name, name)) is None
            case [left, "IN", "(", *rest]:
                return operand(left) in [operand(each) for each in rest if each not in (",", ")")]
            case [left, "=", right]:
                return bool(operand(left) == operand(right))
            case [left, "<", right]:
                return operand(left) is not None and bool(operand(left) < operand(right))
        raise AssertionError(f"no condition of DynamoDB's: {part}")

    return any(all(one(each) for each in _split(part, "AND")) for part in _split(tokens, "OR"))


def _split(tokens: list[str], at: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for token in tokens:
        if token == at:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
