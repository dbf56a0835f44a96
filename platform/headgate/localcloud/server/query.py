"""The query protocol (IAM, STS, CloudFormation, SNS, EC2, ...): forms in, XML out, by botocore's shapes.

Format: docs.aws.amazon.com, Smithy `awsQuery` and `ec2Query`. A value of a form is named by its path:
`Tags.member.1.Key`; EC2 leaves the `member` out.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import HttpRequest, HttpResponse, Json, Operation
from headgate.localcloud.server.models import operation_model, service_model

Tree = dict[str, Any]


class QueryService:
    """A service that speaks the query protocol, as a table of operations. What is not in it raises, named."""

    def __init__(self, service: str, operations: Mapping[str, Operation]) -> None:
        self._service = service
        self._operations = dict(operations)

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer one request. Raises AwsError: ValidationError for a malformed one, 501 for an unknown operation."""
        form = read_form(request)
        name = form.get("Action", "")
        if name not in self._operations:
            raise unsupported(f"{self._service} {name or request.path}")
        parameters = parse(self._service, name, form)
        validate(self._service, name, parameters)
        return serialize(self._service, name, self._operations[name](request.caller, parameters))


def read_form(request: HttpRequest) -> dict[str, str]:
    """The form of a request, from its query and its body."""
    body = request.body.read().decode("utf-8", "replace")
    return dict(request.query) | dict(parse_qsl(body, keep_blank_values=True))


def parse(service: str, operation: str, form: Mapping[str, str]) -> Json:
    """A form as the operation's parameters. Raises AwsError (InvalidAction, MalformedInput)."""
    try:
        shape = operation_model(service, operation).input_shape
    except LookupError as error:
        raise AwsError("InvalidAction", f"Could not find operation {operation}") from error
    if shape is None:
        return {}
    ec2 = service_model(service).metadata["protocol"] == "ec2"
    try:
        found: Json = _structure(shape, _tree(form), ec2=ec2)
    except ValueError as error:
        raise AwsError("MalformedInput", f"{operation}: {error}") from error
    return found


def validate(service: str, operation: str, parameters: Json) -> None:
    """Check parameters against the operation's shape, constraints too. Raises AwsError (ValidationError)."""
    from botocore.validate import ParamValidator

    from headgate.localcloud.sagemaker.constraints import violations

    shape = operation_model(service, operation).input_shape
    if shape is None:
        return
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise AwsError("ValidationError", f"{operation}: {report.generate_report()}")
    if found := violations(parameters, shape):
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected"
        raise AwsError("ValidationError", f"{count}: {'; '.join(found)}")


def serialize(service: str, operation: str, answer: Json, request_id: str = "headgate") -> HttpResponse:
    """An answer's members as XML. Timestamps are seconds since the epoch, or text as it is."""
    model = operation_model(service, operation)
    space = service_model(service).metadata.get("xmlNamespace", "")
    opening = f'<{operation}Response xmlns="{space}">'
    inner = ""
    if model.output_shape is not None:
        inner = "".join(_members(model.output_shape, answer))
        wrapper = model.output_shape.serialization.get("resultWrapper", f"{operation}Result")
        inner = f"<{wrapper}>{inner}</{wrapper}>"
    meta = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    text = f"{opening}{inner}{meta}</{operation}Response>"
    return HttpResponse(200, {"content-type": "text/xml", "x-amzn-requestid": request_id}, text.encode())


def _tree(form: Mapping[str, str]) -> Tree:
    """`A.B.1` as nested mappings; a value that also has children keeps them under its name, its own under ''."""
    root: Tree = {}
    for name, value in form.items():
        node = root
        *path, last = name.split(".")
        for part in path:
            below = node.get(part)
            if not isinstance(below, dict):
                below = node[part] = {} if below is None else {"": below}
            node = below
        if isinstance(node.get(last), dict):
            node[last][""] = value
        else:
            node[last] = value
    return root


def _parsed(shape: Any, node: Any, *, ec2: bool) -> Any:
    match shape.type_name:
        case "structure":
            return _structure(shape, node if isinstance(node, dict) else {}, ec2=ec2)
        case "list":
            return _list(shape, node, ec2=ec2)
        case "map":
            return _map(shape, node, ec2=ec2)
    return _scalar(shape.type_name, node.get("", "") if isinstance(node, dict) else node)


def _structure(shape: Any, node: Tree, *, ec2: bool) -> Json:
    found: Json = {}
    for name, member in shape.members.items():
        given = node.get(_key(member, name, ec2=ec2))
        if given is not None:
            found[name] = _parsed(member, given, ec2=ec2)
    return found


def _key(shape: Any, member: str, *, ec2: bool) -> str:
    """The name that a member has in a form; a flattened list takes its element's."""
    serialization = shape.serialization
    if ec2:
        name = serialization.get("queryName")
        if name is None:
            name = serialization.get("name", member)
            name = name[0].upper() + name[1:]
        return str(name)
    if shape.type_name == "list" and serialization.get("flattened") and "name" in shape.member.serialization:
        return str(shape.member.serialization["name"])
    return str(serialization.get("locationNameForQueryCompatibility", serialization.get("name", member)))


def _list(shape: Any, node: Any, *, ec2: bool) -> list[Any]:
    if not isinstance(node, dict):
        return []
    if not ec2 and not shape.serialization.get("flattened"):
        node = node.get(shape.member.serialization.get("name", "member"), {})
    return [_parsed(shape.member, item, ec2=ec2) for item in _numbered(node)]


def _map(shape: Any, node: Any, *, ec2: bool) -> Json:
    if not isinstance(node, dict):
        return {}
    entries = node if shape.serialization.get("flattened") else node.get("entry", {})
    key, value = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
    return {str(item[key]): _parsed(shape.value, item.get(value, ""), ec2=ec2) for item in _numbered(entries)}


def _numbered(node: Any) -> Iterator[Any]:
    """The items `1`, `2`, ... of a list in order."""
    numbers = sorted(int(name) for name in node if name.isdigit()) if isinstance(node, dict) else []
    return (node[str(number)] for number in numbers)


def _scalar(kind: str, text: str) -> Any:
    match kind:
        case "integer" | "long":
            return int(text)
        case "float" | "double":
            return float(text)
        case "boolean":
            return text.lower() == "true"
        case "blob":
            return base64.b64decode(text)
    return text


def _members(shape: Any, value: Mapping[str, Any]) -> Iterator[str]:
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield _element(member, str(member.serialization.get("name", name)), value[name])


def _element(shape: Any, name: str, value: Any) -> str:
    flattened = shape.serialization.get("flattened")
    match shape.type_name:
        case "structure":
            inner = "".join(_members(shape, value))
        case "list":
            tag = name if flattened else shape.member.serialization.get("name", "member")
            inner = "".join(_element(shape.member, tag, item) for item in value)
            if flattened:
                return inner
        case "map":
            inner = _entries(shape, name if flattened else "entry", value)
            if flattened:
                return inner
        case _:
            inner = escape(_text(shape.type_name, value))
    return f"<{name}>{inner}</{name}>"


def _entries(shape: Any, tag: str, value: Mapping[str, Any]) -> str:
    key, inner = shape.key.serialization.get("name", "key"), shape.value.serialization.get("name", "value")
    return "".join(
        f"<{tag}>{_element(shape.key, key, one)}{_element(shape.value, inner, other)}</{tag}>"
        for one, other in value.items()
    )


def _text(kind: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if kind == "timestamp" and isinstance(value, (int, float)):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    if kind == "blob" and isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)
