"""Parameters of a template: declared, given, checked, and converted to what `Ref` yields."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from headgate.localcloud.cloudformation.template.forms import format_error
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

HIDDEN = "****"

_MEMBERS = frozenset(
    [
        "Type",
        "Default",
        "Description",
        "AllowedValues",
        "AllowedPattern",
        "ConstraintDescription",
        "NoEcho",
        "MinLength",
        "MaxLength",
        "MinValue",
        "MaxValue",
    ]
)
AWS_TYPES = frozenset(
    [
        "AWS::EC2::AvailabilityZone::Name",
        "AWS::EC2::Image::Id",
        "AWS::EC2::Instance::Id",
        "AWS::EC2::KeyPair::KeyName",
        "AWS::EC2::SecurityGroup::GroupName",
        "AWS::EC2::SecurityGroup::Id",
        "AWS::EC2::Subnet::Id",
        "AWS::EC2::VPC::Id",
        "AWS::EC2::Volume::Id",
        "AWS::Route53::HostedZone::Id",
    ]
)
_SSM_VALUE = re.compile(r"^AWS::SSM::Parameter::Value<(.+)>$")
_LIST = re.compile(r"^List<(.+)>$")


class Lookup(Protocol):
    """What parameters need to ask AWS, as whoever the stack acts for."""

    def parameter(self, name: str) -> str:
        """The value of an SSM parameter. Raises AwsError (ValidationError) when there is none."""
        ...

    def exists(self, kind: str, values: Sequence[str]) -> None:
        """Raises AwsError (ValidationError) unless every value is an existing resource of an AWS-specific type."""
        ...


@dataclass(frozen=True, slots=True)
class Value:
    """One parameter: `given` as text (the name of an SSM parameter for its type), `resolved` as `Ref` yields it."""

    given: str
    resolved: str | list[str]
    hidden: bool = False
    looked_up: bool = False

    def described(self, name: str) -> Json:
        """The member of DescribeStacks."""
        body: Json = {"ParameterKey": name, "ParameterValue": HIDDEN if self.hidden else self.given}
        if self.looked_up:
            text = ",".join(self.resolved) if isinstance(self.resolved, list) else self.resolved
            body["ResolvedValue"] = HIDDEN if self.hidden else text
        return body


def check_declarations(declarations: Mapping[str, Json]) -> None:
    """Raises AwsError (ValidationError) for a declaration that makes no sense."""
    for name, declaration in declarations.items():
        unknown = sorted(set(declaration) - _MEMBERS)
        if unknown:
            raise format_error(f"Invalid template parameter property '{unknown[0]}' of {name}")
        kind = declaration.get("Type")
        if not isinstance(kind, str):
            raise format_error(f"Every Parameters object must contain a Type member: {name}")
        if not _known_type(kind):
            raise format_error(f"Unrecognized parameter type: {kind}")
        default = declaration.get("Default", "")
        if isinstance(default, (dict, list)):
            raise format_error(f"Every Default member must be a string: {name}")


def _known_type(kind: str) -> bool:
    inner = _SSM_VALUE.match(kind)
    if inner:
        kind = inner[1]
        if kind in {"Number", "List<Number>"}:
            return False
    if kind in ("String", "Number", "CommaDelimitedList", "AWS::SSM::Parameter::Name") or kind in AWS_TYPES:
        return True
    listed = _LIST.match(kind)
    return bool(listed) and (listed[1] in ("String", "Number") or listed[1] in AWS_TYPES)  # type: ignore[index]


def resolve(
    declarations: Mapping[str, Json],
    supplied: Sequence[Json],
    lookup: Lookup,
    previous: Mapping[str, Value] | None = None,
) -> dict[str, Value]:
    """Every declared parameter's value, from what is supplied (`Parameters` of CreateStack), else from its default.

    `previous` are those of the stack that is being updated. Raises AwsError (ValidationError).
    """
    given = _given(declarations, supplied, previous)
    missing = [name for name in declarations if name not in given]
    if missing:
        raise AwsError("ValidationError", f"Parameters: [{', '.join(missing)}] must have values")
    return {name: _value(name, declaration, given[name], lookup) for name, declaration in declarations.items()}


def _given(
    declarations: Mapping[str, Json], supplied: Sequence[Json], previous: Mapping[str, Value] | None
) -> dict[str, str]:
    given = {name: _text(item["Default"]) for name, item in declarations.items() if "Default" in item}
    names = [item.get("ParameterKey", "") for item in supplied]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AwsError("ValidationError", f"Parameter {twice[0]} is given more than once")
    unknown = [name for name in names if name not in declarations]
    if unknown:
        raise AwsError("ValidationError", f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for item in supplied:
        name = item["ParameterKey"]
        if item.get("UsePreviousValue"):
            if "ParameterValue" in item:
                raise AwsError(
                    "ValidationError",
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and "
                    f"non empty value for a parameter",
                )
            if previous is None or name not in previous:
                raise AwsError(
                    "ValidationError",
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true for a "
                    f"parameter key not in the previous template",
                )
            given[name] = previous[name].given
        else:
            given[name] = item.get("ParameterValue", "")
    return given


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _value(name: str, declaration: Json, given: str, lookup: Lookup) -> Value:
    kind = declaration["Type"]
    hidden = _text(declaration.get("NoEcho", "false")).lower() == "true"
    inner = _SSM_VALUE.match(kind)
    if kind == "AWS::SSM::Parameter::Name":
        lookup.parameter(given)
    text = lookup.parameter(given) if inner else given
    kind = inner[1] if inner else kind
    listed = _LIST.match(kind)
    values = [part.strip() for part in text.split(",")] if listed or kind == "CommaDelimitedList" else [text]
    if text == "" and kind == "CommaDelimitedList":
        values = []
    item_type = listed[1] if listed else "String" if kind == "CommaDelimitedList" else kind
    for value in values if not inner else []:
        _check(name, declaration, item_type, value)
    if item_type in AWS_TYPES:
        lookup.exists(item_type, values)
    resolved: str | list[str] = values if listed or kind == "CommaDelimitedList" else text
    return Value(given, resolved, hidden, looked_up=bool(inner))


def _check(name: str, declaration: Json, kind: str, value: str) -> None:
    """The declaration's constraints on one value; for lists, on each member."""
    allowed = declaration.get("AllowedValues")
    if allowed is not None and value not in [_text(item) for item in allowed]:
        listed = ", ".join(_text(item) for item in allowed)
        raise _violation(name, declaration, f"must be one of AllowedValues ({listed})")
    if kind == "Number":
        _check_number(name, declaration, value)
    pattern = declaration.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, value):
        raise _violation(name, declaration, f"must match pattern {pattern}")
    if "MinLength" in declaration and len(value) < int(declaration["MinLength"]):
        raise _violation(name, declaration, f"must contain at least {declaration['MinLength']} characters")
    if "MaxLength" in declaration and len(value) > int(declaration["MaxLength"]):
        raise _violation(name, declaration, f"must contain at most {declaration['MaxLength']} characters")


def _check_number(name: str, declaration: Json, value: str) -> None:
    try:
        number = float(value)
    except ValueError as error:
        raise AwsError("ValidationError", f"Parameter {name} must be a number, not '{value}'") from error
    if "MinValue" in declaration and number < float(declaration["MinValue"]):
        raise _violation(name, declaration, f"must be a number not less than {declaration['MinValue']}")
    if "MaxValue" in declaration and number > float(declaration["MaxValue"]):
        raise _violation(name, declaration, f"must be a number not greater than {declaration['MaxValue']}")


def _violation(name: str, declaration: Json, rule: str) -> AwsError:
    said = declaration.get("ConstraintDescription")
    return AwsError("ValidationError", f"Parameter {name} failed to satisfy constraint: {said or rule}")
