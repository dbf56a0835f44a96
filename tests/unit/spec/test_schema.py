from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from headgate.spec.schema import base_schema, fill_defaults, full_schema, resolve, strict, subschemas

SECTION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "limit": {"$ref": "#/$defs/limit"},
        "tune": {"type": "object", "properties": {"jobs": {"type": "integer", "default": 4}}},
        "data": {"type": "object", "required": ["uri"], "properties": {"uri": {"type": "string"}, "n": {"default": 1}}},
    },
    "required": ["data"],
    "$defs": {"limit": {"type": "number", "default": 0.5}},
}


def test_our_schema_is_sound_and_documents_every_key() -> None:
    schema = base_schema()
    Draft202012Validator.check_schema(schema)
    for path, setting in subschemas(schema):
        if setting is not True:
            assert setting.get("title"), path
            assert setting.get("description"), path


def test_full_schema_is_sound_and_refuses_what_plugins_refuse() -> None:
    schema = full_schema({"training": SECTION})
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    good = {"name": "wine", "plugins": {"training": {"limit": 1, "data": {"uri": "s3://b/k"}}}}
    assert validator.is_valid(good)
    assert not validator.is_valid({"name": "wine", "plugins": {"training": {"limit": "high", "data": {"uri": "x"}}}})
    assert not validator.is_valid({"name": "wine", "plugins": {"training": {"data": {"uri": "x"}, "limt": 1}}})
    assert not validator.is_valid({"name": "wine", "plugins": {"trainig": {}}})


def test_overlays_require_nothing_but_check_what_they_say() -> None:
    validator = Draft202012Validator(full_schema({"training": SECTION}))
    assert validator.is_valid({"name": "w", "environments": {"dev": {"plugins": {"training": {"limit": 2}}}}})
    assert not validator.is_valid({"name": "w", "environments": {"dev": {"plugins": {"training": {"limit": "x"}}}}})
    assert not validator.is_valid({"name": "w", "environments": {"dev": {"region": 1}}})


def test_full_schema_is_deterministic_json() -> None:
    assert json.dumps(full_schema({"training": SECTION})) == json.dumps(full_schema({"training": SECTION}))


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ({}, {"limit": 0.5, "tune": {"jobs": 4}}),
        ({"limit": 1, "tune": {}}, {"limit": 1, "tune": {"jobs": 4}}),
        ({"data": {"uri": "u"}}, {"data": {"uri": "u", "n": 1}, "limit": 0.5, "tune": {"jobs": 4}}),
    ],
)
def test_defaults_are_filled_in_deeply(value: dict[str, Any], filled: dict[str, Any]) -> None:
    before = json.dumps(value)
    assert fill_defaults(value, SECTION) == filled
    assert json.dumps(value) == before


def test_defaults_reach_into_lists_maps_and_all_of() -> None:
    item = {"type": "object", "properties": {"n": {"default": 1}}}
    schema = {
        "properties": {"items": {"type": "array", "items": item}},
        "additionalProperties": item,
        "allOf": [{"properties": {"more": {"default": [1]}}}],
    }
    assert fill_defaults({"items": [{}, {"n": 2}], "x": {}}, schema) == {
        "items": [{"n": 1}, {"n": 2}],
        "x": {"n": 1},
        "more": [1],
    }


def test_a_default_is_not_shared_between_projects() -> None:
    schema: dict[str, Any] = {"properties": {"names": {"type": "array", "default": []}}}
    fill_defaults({}, schema)["names"].append("x")
    assert fill_defaults({}, schema) == {"names": []}


def test_strict_refuses_unknown_keys_unless_the_plugin_allows_them() -> None:
    assert strict({"type": "object"})["additionalProperties"] is False
    assert strict({"additionalProperties": True})["additionalProperties"] is True
    assert "additionalProperties" not in strict({"unevaluatedProperties": False})


def test_resolve_survives_references_in_a_circle_and_to_nothing() -> None:
    schema: dict[str, Any] = {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    assert resolve({"$ref": "#/$defs/a"}, schema) == {"$ref": "#/$defs/a"}
    assert resolve({"$ref": "#/$defs/none", "title": "t"}, schema) == {"title": "t"}
    assert resolve(True, schema) == {}
