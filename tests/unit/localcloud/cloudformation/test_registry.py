from __future__ import annotations

import re
from typing import Any

import pytest

from headgate.localcloud.cloudformation.registry.coerce import coerce
from headgate.localcloud.cloudformation.registry.properties import Properties, readable_pattern
from headgate.localcloud.cloudformation.registry.schemas import Schema, Schemas
from headgate.localcloud.cloudformation.resources.registry import registry
from headgate.localcloud.cloudformation.stacks.differences import changed_paths, recreation

SCHEMAS = Schemas()
CHECKS = Properties(SCHEMAS)


def test_what_a_schema_says() -> None:
    schema = SCHEMAS.find("AWS::Logs::LogGroup")
    assert schema is not None
    assert schema.create_only == (("LogGroupName",),)
    assert schema.attributes == {"Arn"}
    assert "logs:CreateLogGroup" in schema.permissions("create")
    assert SCHEMAS.find("AWS::Logs::LogGroups") is None
    custom = SCHEMAS.find("Custom::Anything")
    assert custom is not None
    assert custom.required == {"ServiceToken"}


@pytest.mark.parametrize(
    ("type_name", "properties", "expected"),
    [
        ("AWS::Logs::LogGroup", {"RetentionInDays": "x"}, ["#/RetentionInDays: expected type: Integer, found: String",
                                                           "#/RetentionInDays: x is not a valid enum value"]),
        ("AWS::Logs::LogGroup", {"RetentionInDays": 4}, ["#/RetentionInDays: 4 is not a valid enum value"]),
        ("AWS::Logs::LogGroup", {"Nope": 1}, ["#: extraneous key [Nope] is not permitted"]),
        ("AWS::Logs::LogGroup", {"Arn": "a"}, ["#/Arn: a read-only property cannot be given"]),
        ("Custom::Thing", {"ServiceToken": "arn:aws:lambda:x", "Id": "mine"}, []),
        ("AWS::Logs::LogGroup", {"Tags": [{"Key": "a"}]}, ["#/Tags/0: required key [Value] not found"]),
        ("AWS::Logs::LogGroup", {"Tags": {}}, ["#/Tags: expected type: JSONArray, found: JSONObject"]),
        ("AWS::Logs::LogGroup", {"LogGroupName": "a b"}, ["#/LogGroupName: string [a b] does not match pattern"]),
        ("AWS::Logs::LogGroup", {"LogGroupName": None}, ["#/LogGroupName: expected type: String, found: Null"]),
        ("AWS::IAM::Role", {}, ["#: required key [AssumeRolePolicyDocument] not found"]),
        ("AWS::S3::Bucket", {"VersioningConfiguration": {"Status": "On"}},
         ["#/VersioningConfiguration/Status: On is not a valid enum value; it can be Enabled, Suspended"]),
        ("AWS::No::Thing", {}, ["#: AWS::No::Thing is not a type"]),
        ("Custom::Thing", {"ServiceToken": "t", "Anything": {"a": [1]}}, []),
        ("Custom::Thing", {}, ["#: required key [ServiceToken] not found"]),
    ],
)  # fmt: skip
def test_problems_have_their_path(type_name: str, properties: dict[str, Any], expected: list[str]) -> None:
    found = CHECKS.problems(type_name, properties)
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, sorted(expected, reverse=False), strict=True))


@pytest.mark.parametrize(
    ("type_name", "given", "expected"),
    [
        (
            "AWS::Logs::LogGroup",
            {"RetentionInDays": "30", "LogGroupName": 5},
            {"RetentionInDays": 30, "LogGroupName": "5"},
        ),
        ("AWS::SQS::Queue", {"FifoQueue": "true", "DelaySeconds": "1"}, {"FifoQueue": True, "DelaySeconds": 1}),
        ("AWS::SQS::Queue", {"FifoQueue": "yes", "DelaySeconds": "x"}, {"FifoQueue": "yes", "DelaySeconds": "x"}),
        ("AWS::SSM::Parameter", {"Type": "String", "Value": True}, {"Type": "String", "Value": "true"}),
        (
            "AWS::S3::Bucket",
            {"LifecycleConfiguration": {"Rules": [{"ExpirationInDays": "5", "Status": "Enabled"}]}},
            {"LifecycleConfiguration": {"Rules": [{"ExpirationInDays": 5, "Status": "Enabled"}]}},
        ),
        ("AWS::No::Thing", {"a": "1"}, {"a": "1"}),
    ],
)
def test_scalars_become_what_the_schema_wants(type_name: str, given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert CHECKS.convert(type_name, given) == expected


def test_members_of_alternatives_and_patterns_are_converted() -> None:
    schema = {
        "definitions": {"N": {"type": "number"}},
        "properties": {
            "a": {"anyOf": [{"properties": {"x": {"type": "integer"}}}, {"type": "string"}]},
            "b": {"type": "object", "patternProperties": {".*": {"type": "string"}}},
            "c": {"oneOf": [{"type": "array", "items": {"$ref": "#/definitions/N"}}]},
        },
    }
    given = {"a": {"x": "5"}, "b": {"k": 1}, "c": ["1.5", "x"]}
    assert coerce(schema, given, schema) == {"a": {"x": 5}, "b": {"k": "1"}, "c": [1.5, "x"]}


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        (r"^[\p{L}\p{N}_.:/=+\-@]*$", "Größe-5", "a b"),
        (r"^([\p{L}\p{Z}\p{N}_.:/=+\-@]*)$", "a b", "a!"),
        ("^a(?!b)", "ac", "ab"),
    ],
)
def test_patterns_of_schemas_are_read_as_python(pattern: str, fits: str, does_not: str) -> None:
    assert re.search(readable_pattern(pattern), fits)
    assert not re.search(readable_pattern(pattern), does_not)


def test_a_pattern_that_python_cannot_read_refuses_nothing() -> None:
    assert readable_pattern(r"[\p{Nope}") == ".*"


def test_the_schema_of_every_type_here_can_be_checked() -> None:
    for type_name, kind in registry().items():
        schema = SCHEMAS.find(type_name)
        assert schema is not None, type_name
        given = {"Tags": {"a": "b"}, **dict.fromkeys(kind.handled, "x")}
        assert isinstance(CHECKS.problems(type_name, given), list)
        assert set(kind.handled) <= set(schema.properties), type_name


def test_differences_and_what_they_mean() -> None:
    old = {"a": 1, "b": {"c": [1, 2], "d": 1}, "e": [1]}
    new = {"a": 1, "b": {"c": [1, 3], "f": 1}, "e": [1, 2]}
    assert sorted(changed_paths(old, new)) == [("b", "c", "1"), ("b", "d"), ("b", "f"), ("e",)]
    schema = Schema("T", {
        "createOnlyProperties": ["/properties/b/c", "/properties/l/*/x"],
        "conditionalCreateOnlyProperties": ["/properties/e"],
    })  # fmt: skip
    assert recreation(schema, ("b", "c", "1")) == "Always"
    assert recreation(schema, ("b",)) == "Always"
    assert recreation(schema, ("l", "0", "x")) == "Always"
    assert recreation(schema, ("l", "0", "y")) == "Never"
    assert recreation(schema, ("e",)) == "Conditionally"
    assert recreation(None, ("e",)) == "Never"
