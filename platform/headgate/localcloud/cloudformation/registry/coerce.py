"""Scalars brought to the type that a schema wants, as CloudFormation does: "true" and "5" are fine where text came."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.template.values import Unknown, as_text
from headgate.localcloud.seams import Json


def coerce(schema: Json, value: Any, root: Json) -> Any:
    """`value` in the types of `schema`, whose `$ref`s point into `root`; what does not fit stays as it is."""
    schema = resolved(schema, root)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, dict):
        return {key: coerce(member, item, root) for key, item, member in _members(schema, value, root)}
    if isinstance(value, list):
        items = _first(schema, "items", root)
        return [coerce(items, item, root) for item in value] if items is not None else value
    return _scalar(_types(schema, root), value)


def resolved(schema: Json, root: Json) -> Json:
    """The schema that a `$ref` stands for."""
    seen = 0
    while isinstance(schema, dict) and "$ref" in schema and seen < 20:
        node: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            node = node.get(part, {}) if isinstance(node, dict) else {}
        schema, seen = node, seen + 1
    return schema if isinstance(schema, dict) else {}


def _members(schema: Json, value: Mapping[str, Any], root: Json) -> list[tuple[str, Any, Json]]:
    properties = dict(_first(schema, "properties", root) or {})
    for branch in _branches(schema, root):
        properties = {**branch.get("properties", {}), **properties}
    patterns = list((_first(schema, "patternProperties", root) or {}).values())
    other = patterns[0] if len(patterns) == 1 else {}
    return [(key, item, properties.get(key, other)) for key, item in value.items()]


def _first(schema: Json, keyword: str, root: Json) -> Any:
    if isinstance(schema.get(keyword), dict):
        return schema[keyword]
    for branch in _branches(schema, root):
        if isinstance(branch.get(keyword), dict):
            return branch[keyword]
    return None


def _branches(schema: Json, root: Json) -> list[Json]:
    return [resolved(branch, root) for keyword in ("allOf", "anyOf", "oneOf") for branch in schema.get(keyword, ())]


def _types(schema: Json, root: Json) -> frozenset[str]:
    kinds: set[str] = set()
    for branch in [schema, *_branches(schema, root)]:
        kind = branch.get("type", ())
        kinds |= {kind} if isinstance(kind, str) else set(kind)
    return frozenset(kinds)


def _scalar(kinds: frozenset[str], value: Any) -> Any:
    if not kinds or _name(value) & kinds:
        return value
    text = as_text(value)
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    if isinstance(value, str):
        return _number(kinds, text, value)
    return text if "string" in kinds else value


def _number(kinds: frozenset[str], text: str, value: Any) -> Any:
    for kind, convert in (("integer", int), ("number", float)):
        if kind in kinds:
            try:
                return convert(text)
            except ValueError:
                continue
    return value


def _name(value: Any) -> frozenset[str]:
    """The JSON Schema types that a scalar has."""
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int):
        return frozenset({"integer", "number"})
    if isinstance(value, float):
        return frozenset({"number"})
    return frozenset({"string"})
