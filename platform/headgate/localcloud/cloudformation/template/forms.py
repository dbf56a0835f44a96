"""Template text to plain values: JSON, or YAML with CloudFormation's short forms (`!Ref`, `!Sub`, ...)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

_BARE = {"!Ref": "Ref", "!Condition": "Condition"}
_FUNCTIONS = [
    "Base64",
    "Cidr",
    "FindInMap",
    "GetAtt",
    "GetAZs",
    "If",
    "ImportValue",
    "Join",
    "Select",
    "Split",
    "Sub",
    "Transform",
    "And",
    "Equals",
    "Not",
    "Or",
    "Contains",
    "EachMemberEquals",
    "EachMemberIn",
    "RefAll",
    "ValueOf",
    "ValueOfAll",
    "Length",
    "ToJsonString",
]
_SHORT = {**_BARE, **{f"!{name}": f"Fn::{name}" for name in _FUNCTIONS}}


def format_error(message: str) -> AwsError:
    """CloudFormation's answer to a template that it cannot read."""
    return AwsError("ValidationError", f"Template format error: {message}")


def read(text: str) -> Json:
    """The template as nested mappings, lists and scalars. Raises AwsError (ValidationError)."""
    value = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    if not isinstance(value, dict):
        raise format_error("JSON not well-formed" if text.lstrip().startswith(("{", "[")) else "unsupported structure")
    return value


def _json(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except ValueError as error:
        try:  # flow style YAML begins with a brace as well
            return _yaml(text)
        except AwsError:
            raise format_error(f"JSON not well-formed. ({error})") from error


def _unique(pairs: Iterable[tuple[str, Any]]) -> Json:
    found: Json = {}
    for key, value in pairs:
        if key in found:
            raise format_error(f"the key {key} stands twice in one JSON object")
        found[key] = value
    return found


def _yaml(text: str) -> Any:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
        return None if node is None else _Composer(loader("")).value(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise format_error(f"YAML not well-formed.{where} {error.problem or error}") from error
    except yaml.YAMLError as error:
        raise format_error(f"YAML not well-formed. {error}") from error


class _Composer:
    """From YAML nodes to values; refuses what CloudFormation refuses: aliases, repeated keys, unknown tags."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader
        self._seen: set[int] = set()

    def value(self, node: Any) -> Any:
        if id(node) in self._seen:
            raise format_error(f"YAML aliases are not allowed in CloudFormation templates{_where(node)}")
        self._seen.add(id(node))
        if node.tag.startswith("!"):
            return self._short(node)
        return self._plain(node)

    def _plain(self, node: Any) -> Any:
        if node.id == "mapping":
            return self._mapping(node)
        if node.id == "sequence":
            return [self.value(item) for item in node.value]
        if node.tag == "tag:yaml.org,2002:timestamp" or node.tag.endswith(":str"):
            return node.value  # a version such as 2012-10-17 is text
        return self._loader.construct_object(node)

    def _mapping(self, node: Any) -> Json:
        found: Json = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if key_node.id == "scalar" else None
            if key is None or key_node.tag == "tag:yaml.org,2002:merge":
                raise format_error(f"a key has to be text{_where(key_node)}")
            if key in found:
                raise format_error(f"the key {key} stands twice in one mapping{_where(key_node)}")
            found[key] = self.value(value_node)
        return found

    def _short(self, node: Any) -> Json:
        name = _SHORT.get(node.tag)
        if name is None:
            raise format_error(f"YAML tag {node.tag} is not one of CloudFormation's{_where(node)}")
        if node.id == "scalar":
            value: Any = node.value
        else:
            node.tag = f"tag:yaml.org,2002:{'map' if node.id == 'mapping' else 'seq'}"
            value = self._plain(node)
        if name == "Fn::GetAtt" and isinstance(value, str):
            value = value.split(".", 1)
        return {name: value}


def _where(node: Any) -> str:
    mark = node.start_mark
    return f" (line {mark.line + 1}, column {mark.column + 1})"
