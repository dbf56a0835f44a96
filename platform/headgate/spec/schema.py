"""JSON Schema (2020-12): reading ours, putting plugins' sections into it, and filling in defaults."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DIALECT = "https://json-schema.org/draft/2020-12/schema"
Schema = Mapping[str, Any]

_IN_ONE = (
    "additionalProperties",
    "items",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "propertyNames",
    "unevaluatedProperties",
)
_IN_LIST = ("allOf", "anyOf", "oneOf", "prefixItems")
_IN_MAPPING = ("properties", "patternProperties", "$defs", "dependentSchemas")


@functools.cache
def _base_text() -> str:
    return (Path(__file__).parent / "headgate.schema.json").read_text(encoding="utf-8")


def base_schema() -> dict[str, Any]:
    """The schema of headgate.yaml without any plugin's section: a new copy."""
    schema: dict[str, Any] = json.loads(_base_text())
    return schema


def strict(schema: Schema) -> dict[str, Any]:
    """A plugin's schema, with unknown keys refused at its top unless it says something about them."""
    says = {"additionalProperties", "unevaluatedProperties", "$ref"} & schema.keys()
    return dict(schema) if says else {**schema, "additionalProperties": False}


def flaw(schema: Schema) -> str | None:
    """Where a document is no JSON Schema 2020-12 and why, in one line; None when it is one."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    try:
        Draft202012Validator.check_schema(dict(schema))
    except SchemaError as error:
        return f"{error.json_path}: {error.message}"
    return None


def full_schema(sections: Mapping[str, Schema]) -> dict[str, Any]:
    """The schema of headgate.yaml with a section for each plugin, for editors.

    References inside a plugin's schema are moved to where it now stands. In overlays nothing is required.
    """
    schema = base_schema()
    plugins = schema["properties"]["plugins"]
    plugins["properties"] = {
        name: _moved(strict(section), f"#/properties/plugins/properties/{name}") for name, section in sections.items()
    }
    plugins["additionalProperties"] = False
    properties = schema["properties"]
    overlay = schema["$defs"]["overlay"]["properties"]
    for name in overlay:
        if name == "plugins":
            overlay[name] = _relaxed(_moved(plugins, "#/$defs/overlay/properties/plugins", "#/properties/plugins"))
        elif name in {"images", "pipelines"}:
            of = {"images": "image", "pipelines": "pipeline"}[name]
            members = {"additionalProperties": _relaxed(schema["$defs"][of])}
            overlay[name] = {**properties[name], **members}
        else:
            overlay[name] = {"$ref": f"#/properties/{name}"}
    schema["$defs"]["overlay"]["properties"] = {name: overlay[name] for name in properties if name in overlay}
    return schema


def _moved(schema: Schema, to: str, of: str = "#") -> dict[str, Any]:
    """A copy in which local references point below `to` instead of `of`."""

    def walk(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: _reference(item) if name == "$ref" else walk(item) for name, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list) else value

    def _reference(target: Any) -> Any:
        inside = isinstance(target, str) and (target == of or target.startswith(f"{of}/"))
        return to + target[len(of) :] if inside else target

    moved: dict[str, Any] = walk({name: value for name, value in schema.items() if name not in {"$schema", "$id"}})
    return moved


def _relaxed(schema: Any) -> Any:
    """A schema in which nothing is required: an overlay says only what differs."""
    if isinstance(schema, Mapping):
        return {
            name: _relaxed(value)
            for name, value in schema.items()
            if not (name == "required" and isinstance(value, list))
        }
    return [_relaxed(item) for item in schema] if isinstance(schema, list) else schema


def resolve(schema: Any, root: Schema) -> Schema:
    """A subschema with its local `$ref` followed; what stands beside it wins. Unknown targets resolve to nothing."""
    seen: set[str] = set()
    while isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        reference = schema["$ref"]
        if reference in seen or not reference.startswith("#"):
            break
        seen.add(reference)
        target: Any = root
        for part in reference.removeprefix("#").split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            target = target.get(name) if isinstance(target, Mapping) else None
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        schema = {**target, **beside} if isinstance(target, Mapping) else beside
    return schema if isinstance(schema, Mapping) else {}


def fill_defaults(value: Any, schema: Schema, root: Schema | None = None) -> Any:
    """The value with `default`s of its schema filled in, deeply; the value itself is not changed.

    A mapping that is absent and has no default of its own comes into being when members of it have defaults and none
    of its members is required without one.
    """
    root = schema if root is None else root
    schema = resolve(schema, root)
    for part in schema.get("allOf", ()):
        value = fill_defaults(value, part, root)
    if isinstance(value, Mapping):
        return _fill_mapping(dict(value), schema, root)
    if isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        return [fill_defaults(item, schema["items"], root) for item in value]
    return value


def _fill_mapping(value: dict[str, Any], schema: Schema, root: Schema) -> dict[str, Any]:
    properties = schema.get("properties", {})
    for name, below in properties.items():
        if name in value:
            value[name] = fill_defaults(value[name], below, root)
            continue
        resolved = resolve(below, root)
        if "default" in resolved:
            value[name] = fill_defaults(copy.deepcopy(resolved["default"]), resolved, root)
        elif resolved.get("type") == "object":
            filled = _fill_mapping({}, resolved, root)
            if filled and not set(resolved.get("required", ())) - filled.keys():
                value[name] = filled
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping):
        for name in value.keys() - properties.keys():
            value[name] = fill_defaults(value[name], others, root)
    return value


def subschemas(schema: Any, path: str = "") -> list[tuple[str, Schema]]:
    """Every named setting of a schema with its dotted path, `$defs` included: what checks walk over."""
    found: list[tuple[str, Schema]] = []
    if not isinstance(schema, Mapping):
        return found
    for keyword in _IN_MAPPING:
        for name, below in schema.get(keyword, {}).items():
            dotted = f"{path}.{name}" if path else name
            if keyword == "properties":
                found.append((dotted, below))
            found += subschemas(below, dotted)
    for keyword in _IN_ONE:
        found += subschemas(schema.get(keyword), path)
    for keyword in _IN_LIST:
        for below in schema.get(keyword, ()):
            found += subschemas(below, path)
    return found
