"""Properties of a resource against its type's schema: what is wrong, by path, in CloudFormation's words."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from headgate.localcloud.cloudformation.registry.coerce import coerce
from headgate.localcloud.cloudformation.registry.schemas import CUSTOM, Schema, Schemas
from headgate.localcloud.cloudformation.types import ResourceType
from headgate.localcloud.seams import Json

_UNICODE_CLASS = re.compile(r"\\p\{(\w+)\}")
_UNICODE_CLASSES = {"L": r"\w", "Ll": "a-z", "Lu": "A-Z", "N": r"\d", "Nd": r"\d", "Z": r"\s", "Zs": r"\s"}
_NAMES = {"object": "JSONObject", "array": "JSONArray", "string": "String", "boolean": "Boolean"}


class Properties:
    """Checks by type. Validators are built once per type; safe to use from many threads."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._lock = threading.Lock()
        self._validators: dict[str, Any] = {}

    def convert(self, type_name: str, properties: Json) -> Json:
        """Properties in the schema's types."""
        schema = self._schemas.find(type_name)
        if schema is None:
            return properties
        found: Json = coerce(schema.body, properties, schema.body)
        return found

    def problems(self, type_name: str, properties: Json) -> list[str]:
        """What the schema objects to, each with its path (`#/Tags/0/Key: …`); empty when all is well."""
        schema = self._schemas.find(type_name)
        if schema is None:
            return [f"#: {type_name} is not a type of the CloudFormation registry"]
        found = [f"#/{name}: a read-only property cannot be given" for name in _given_read_only(schema, properties)]
        for error in self._validator(schema).iter_errors(properties):
            found += _messages(error)
        return sorted(set(found))

    def _validator(self, schema: Schema) -> Any:
        from jsonschema import Draft7Validator

        with self._lock:
            if schema.type_name not in self._validators:
                self._validators[schema.type_name] = Draft7Validator(_checkable(schema.body))
            return self._validators[schema.type_name]


def unhandled(resource_type: ResourceType, properties: Mapping[str, Any]) -> list[str]:
    """Properties that the local cloud's type neither acts on nor may ignore."""
    return sorted(set(properties) - resource_type.handled - set(resource_type.ignored))


def _given_read_only(schema: Schema, properties: Json) -> list[str]:
    if schema.type_name == CUSTOM:
        return []  # what a custom resource is given is its provider's business, whatever it is called
    return [path[0] for path in schema.read_only if len(path) == 1 and path[0] in properties]


def _checkable(body: Json) -> Json:
    """The schema without what a validator would read differently: patterns, `format`s, `$id`."""
    schema = copy.deepcopy(body)
    schema.setdefault("type", "object")
    for noise in ("$schema", "$id", "handlers", "tagging"):
        schema.pop(noise, None)
    _clean(schema)
    return schema


def _clean(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _clean(item)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("pattern"), str):
        node["pattern"] = readable_pattern(node["pattern"])
    if isinstance(node.get("patternProperties"), dict):
        node["patternProperties"] = {readable_pattern(key): item for key, item in node["patternProperties"].items()}
    if isinstance(node.get("format"), str):
        del node["format"]
    for item in node.values():
        _clean(item)


def readable_pattern(pattern: str) -> str:
    r"""A pattern of a schema (ECMA, or Java with Unicode classes) as Python reads it; what it cannot read is anything.

    `\\p{L}`, `\\p{N}` and `\\p{Z}` become the nearest classes, which are a little wider.
    """
    text = _UNICODE_CLASS.sub(lambda hit: _UNICODE_CLASSES.get(hit[1], hit[0]), pattern)
    try:
        re.compile(text)
    except re.error:
        return ".*"
    return text


def _messages(error: Any) -> Iterator[str]:
    """A validation error as CloudFormation words it; several missing or extra keys are one error each."""
    where = "#" + "".join(f"/{part}" for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        patterns = error.schema.get("patternProperties", {})
        for name in error.instance:
            if name not in known and not any(re.search(pattern, name) for pattern in patterns):
                yield f"{where}: extraneous key [{name}] is not permitted"
    elif error.validator == "required":
        for name in error.validator_value:
            if name not in error.instance:
                yield f"{where}: required key [{name}] not found"
    else:
        yield f"{where}: {_said(error)}"


def _said(error: Any) -> str:
    value = error.validator_value
    match error.validator:
        case "type":
            wanted = [value] if isinstance(value, str) else value
            kinds = " or ".join(_NAMES.get(kind, kind.capitalize()) for kind in wanted)
            return f"expected type: {kinds}, found: {_found(error.instance)}"
        case "enum":
            return f"{error.instance} is not a valid enum value; it can be {', '.join(map(str, value))}"
        case "pattern":
            return f"string [{error.instance}] does not match pattern {value}"
        case "oneOf" | "anyOf":
            return "none of the alternatives of its schema matched"
    return str(error.message)


def _found(value: Any) -> str:
    if value is None:
        return "Null"
    if isinstance(value, bool):
        return "Boolean"
    if isinstance(value, int | float):
        return "Integer" if isinstance(value, int) else "Number"
    if isinstance(value, str):
        return "String"
    return "JSONArray" if isinstance(value, list) else "JSONObject"
