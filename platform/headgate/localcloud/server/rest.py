"""REST requests read by botocore's shapes: which operation a method and path mean, and with which parameters."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import HttpRequest, Json
from headgate.localcloud.server.models import operation_model, service_model

_LABEL = re.compile(r"\\\{(\w+)(\\\+)?\\\}")
_SHADOWED = {"s3": frozenset({"ListDirectoryBuckets", "CreateSession", "WriteGetObjectResponse"})}
"""Operations of another kind of endpoint, with the paths of everyday ones."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way to call an operation: its path as a pattern, and what must be in query and headers."""

    operation: str
    method: str
    path: re.Pattern[str]
    query: tuple[tuple[str, str], ...]
    needed_query: tuple[str, ...]
    needed_headers: tuple[str, ...]

    def match(self, request: HttpRequest, path: str, query: Mapping[str, str]) -> re.Match[str] | None:
        """The path's labels, or None if the request means another operation."""
        if request.method != self.method:
            return None
        if any(name not in query or (value and query[name] != value) for name, value in self.query):
            return None
        if not (query.keys() >= set(self.needed_query) and request.headers.keys() >= set(self.needed_headers)):
            return None
        return self.path.fullmatch(path)

    @property
    def weight(self) -> tuple[int, int]:
        """The more a route asks for, the earlier it is tried."""
        return len(self.query) + len(self.needed_query) + len(self.needed_headers), len(self.path.pattern)


def read(request: HttpRequest, path: str, body: bytes) -> tuple[str, Json] | None:
    """The operation and its parameters, None if no operation has such a request. Raises AwsError for a broken body.

    `path` is as it was sent, without the query; a body that is a stream is not among the parameters.
    """
    query = dict(request.query)
    for route in routes(request.service):
        found = route.match(request, path, query)
        if found is not None:
            labels = {name: unquote(value) for name, value in found.groupdict().items()}
            return route.operation, _parameters(request, route.operation, labels, query, body)
    return None


@functools.cache
def routes(service: str) -> tuple[Route, ...]:
    """All routes of a REST service, those that ask for most first. Raises LookupError for an unknown service."""
    model = service_model(service)
    skipped = _SHADOWED.get(service, frozenset())
    names = [name for name in model.operation_names if name not in skipped]
    models = [model.operation_model(name) for name in names]
    found = [_route(one) for one in models if not one.deprecated]
    found += [_route(one) for one in models if one.deprecated]
    return tuple(sorted(found, key=lambda route: route.weight, reverse=True))


def _route(operation: Any) -> Route:
    template, _, query = operation.http["requestUri"].partition("?")
    items = tuple(_pair(item) for item in query.split("&") if item)
    shape = operation.input_shape
    required = [shape.members[name] for name in shape.required_members] if shape is not None else []
    by_place: dict[str, list[str]] = {"querystring": [], "header": []}
    for member in required:
        place = member.serialization.get("location")
        if place in by_place:
            by_place[place].append(member.serialization["name"])
    return Route(
        operation.name,
        operation.http["method"],
        _pattern(template),
        items,
        tuple(by_place["querystring"]),
        tuple(name.lower() for name in by_place["header"]),
    )


def _pair(item: str) -> tuple[str, str]:
    name, _, value = item.partition("=")
    return name, value


def _pattern(template: str) -> re.Pattern[str]:
    """`/{Bucket}/{Key+}` as a pattern; a trailing slash may be there or not."""
    names: dict[str, str] = {}

    def label(match: re.Match[str]) -> str:
        names[match[1]] = match[1]
        return f"(?P<{match[1]}>{'.+' if match[2] else '[^/]+'})"

    text = _LABEL.sub(label, re.escape(template.rstrip("/")))
    return re.compile(text + "/?", re.DOTALL)


def _parameters(
    request: HttpRequest, operation: str, labels: Mapping[str, str], query: Mapping[str, str], body: bytes
) -> Json:
    shape = operation_model(request.service, operation).input_shape
    if shape is None:
        return {}
    found: Json = {}
    for name, member in shape.members.items():
        value = _outside_the_body(member, name, request, labels, query)
        if value is not None:
            found[name] = value
    return found | _from_body(request.service, shape, body)


def _outside_the_body(
    member: Any, name: str, request: HttpRequest, labels: Mapping[str, str], query: Mapping[str, str]
) -> Any:
    key = member.serialization.get("name", name)
    match member.serialization.get("location"):
        case "uri":
            text = labels.get(name, labels.get(key))
        case "querystring":
            if member.type_name == "list":
                values = [value for one, value in request.query if one == key]
                return values or None
            text = query.get(key)
        case "header":
            text = request.headers.get(key.lower())
        case "headers":
            prefix = key.lower()
            headers = request.headers.items()
            return {one[len(prefix) :]: value for one, value in headers if one.startswith(prefix)} or None
        case _:
            return None
    return None if text is None else _simple(member.type_name, text)


def _simple(kind: str, text: str) -> Any:
    if kind == "boolean":
        return text.lower() == "true"
    if kind in {"integer", "long"} and text.lstrip("-").isdigit():
        return int(text)
    return text


def _from_body(service: str, shape: Any, body: bytes) -> Json:
    payload = shape.serialization.get("payload")
    if not body or (payload is not None and shape.members[payload].type_name in {"blob", "string"}):
        return {}
    inner = shape.members[payload] if payload is not None else shape
    if service_model(service).metadata["protocol"] == "rest-xml":
        value = _from_xml(inner, body)
    else:
        value = _from_json(inner, body)
    return {payload: value} if payload is not None else value


def _from_json(shape: Any, body: bytes) -> Any:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise AwsError("SerializationException", f"the request is not JSON: {error}") from error
    return _named(shape, value)


def _named(shape: Any, value: Any) -> Any:
    """Members by their names in the API; on the wire they may have others."""
    if shape.type_name == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return {
            name: _named(member, value[key])
            for name, member in shape.members.items()
            if "location" not in member.serialization
            and (key := member.serialization.get("name", name)) in value
            and value[key] is not None
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_named(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _named(shape.value, item) for key, item in value.items()}
    return value


def _from_xml(shape: Any, body: bytes) -> Any:
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat expands no entities from outside, and limits those inside
    except ET.ParseError as error:
        raise AwsError("MalformedXML", f"the XML is not well-formed: {error}") from error
    return _node(shape, [root])


def _node(shape: Any, nodes: list[ET.Element]) -> Any:
    """A value from the elements of its name; there are several for a flattened list."""
    match shape.type_name:
        case "structure":
            return _xml_members(shape, nodes[0])
        case "list":
            if shape.serialization.get("flattened"):
                return [_node(shape.member, [node]) for node in nodes]
            return [_node(shape.member, [child]) for child in nodes[0]]
        case "map":
            return {}  # no request that is authorized by it has one
    return _simple(shape.type_name, (nodes[0].text or "").strip() if len(nodes[0]) == 0 else "")


def _xml_members(shape: Any, node: ET.Element) -> Json:
    children: dict[str, list[ET.Element]] = {}
    for child in node:
        children.setdefault(child.tag.rpartition("}")[2], []).append(child)
    found: Json = {}
    for name, member in shape.members.items():
        serialization = member.serialization
        key = serialization.get("name", name)
        if member.type_name == "list" and serialization.get("flattened"):
            key = serialization.get("name") or member.member.serialization.get("name", name)
        if "location" not in serialization and key in children:
            found[name] = _node(member, children[key])
    return found
