"""The intrinsic functions, evaluated in a scope; pure but for what the scope looks up.

Source: the CloudFormation template reference, 'Intrinsic function reference'.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.localcloud.cloudformation.template.forms import format_error
from headgate.localcloud.cloudformation.template.graph import get_att, sub_parts
from headgate.localcloud.cloudformation.template.values import NO_VALUE, Unknown, as_text, unknown_among, without_absent
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json

_SUB = re.compile(r"\$\{(!?)\s*([^}]*?)\s*\}")


def template_error(message: str) -> AwsError:
    """CloudFormation's answer to a function that cannot be evaluated."""
    return AwsError("ValidationError", f"Template error: {message}")


def _no_export(name: str) -> str:
    raise AwsError("ValidationError", f"No export named {name} found.")


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean: `names` are parameters and pseudo parameters.

    `reference` and `attribute` answer for resources: the value, an Unknown, or None where there is no such resource.
    """

    names: Mapping[str, Any]
    mappings: Mapping[str, Json] = field(default_factory=dict)
    conditions: Mapping[str, bool] = field(default_factory=dict)
    reference: Callable[[str], Any] = lambda _: None
    attribute: Callable[[str, str], Any] = lambda _, __: None
    import_value: Callable[[str], str] = _no_export
    zones: Callable[[str], list[str]] = lambda _: []


def choose(value: Any, conditions: Mapping[str, bool]) -> Any:
    """The value with each `Fn::If` replaced by the branch that its condition chooses."""
    if isinstance(value, list):
        return [choose(item, conditions) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and "Fn::If" in value:
        arguments = value["Fn::If"]
        if not isinstance(arguments, list) or len(arguments) != 3 or not isinstance(arguments[0], str):
            raise template_error("Fn::If requires a list argument with three elements, the first a condition's name")
        if arguments[0] not in conditions:
            raise template_error(f"unresolved condition dependency {arguments[0]}")
        return choose(arguments[1] if conditions[arguments[0]] else arguments[2], conditions)
    return {key: choose(item, conditions) for key, item in value.items()}


def evaluate(value: Any, scope: Scope) -> Any:
    """The value with every function replaced by its result. Raises AwsError (ValidationError).

    What depends on an Unknown is an Unknown; what is `AWS::NoValue` is gone, on the top `NO_VALUE` itself is returned.
    """
    return without_absent(_Evaluation(scope).value(value))


class _Evaluation:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::If": self._if,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ImportValue": self._import_value,
            "Fn::Base64": self._base64,
            "Fn::Cidr": self._cidr,
            "Fn::GetAZs": self._get_azs,
        }

    def value(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in self._functions:
                return self._functions[name](argument)
        return {key: self.value(item) for key, item in value.items()}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._scope.names:
            return self._scope.names[name]
        found = self._scope.reference(name)
        if found is None:
            raise format_error(f"Unresolved resource dependencies [{name}] in the Resources block of the template")
        return found

    def _get_att(self, argument: Any) -> Any:
        if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict):
            argument = [argument[0], self._text("Fn::GetAtt", argument[1])]
        resource, attribute = get_att(argument, "Fn::GetAtt")
        return self._attribute(resource, attribute)

    def _attribute(self, resource: str, attribute: str) -> Any:
        found = self._scope.attribute(resource, attribute)
        if found is None:
            raise template_error(
                f"resource {resource} does not support attribute type {attribute} in Fn::GetAtt, or is not created"
            )
        return found

    def _sub(self, argument: Any) -> Any:
        text, given = sub_parts(argument, "Fn::Sub")
        values = {name: self.value(item) for name, item in given.items()}
        found: dict[str, Any] = {}
        for literal, name in _SUB.findall(text):
            if literal or name in found:
                continue
            if name in values:
                found[name] = values[name]
            elif "." in name:
                found[name] = self._attribute(*name.split(".", 1))
            else:
                found[name] = self._ref(name)
        missing = unknown_among(found)
        if missing:
            return missing
        for name, item in found.items():
            if isinstance(item, (dict, list)) or item is NO_VALUE:
                raise template_error(f"variable {name} in Fn::Sub expression does not resolve to a string")
        return _SUB.sub(lambda hit: f"${{{hit[2]}}}" if hit[1] else as_text(found[hit[2]]), text)

    def _join(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str):
            raise template_error("every Fn::Join object requires two parameters, a delimiter and a list")
        items = self.value(argument[1])
        if isinstance(items, Unknown):
            return items
        if not isinstance(items, list):
            raise template_error("the second parameter of Fn::Join has to be a list")
        items = [item for item in items if item is not NO_VALUE]
        missing = unknown_among(items)
        if missing:
            return missing
        if any(isinstance(item, (dict, list)) for item in items):
            raise template_error("every item of the list of Fn::Join has to be a string")
        return argument[0].join(as_text(item) for item in items)

    def _select(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:
            raise template_error("Fn::Select requires a list argument with two elements: an integer index and a list")
        index, items = self.value(argument[0]), self.value(argument[1])
        missing = unknown_among([index]) or (items if isinstance(items, Unknown) else None)
        if missing:
            return missing
        if not isinstance(items, list) or not str(index).isdigit():
            raise template_error("Fn::Select requires a list argument with two elements: an integer index and a list")
        items = [item for item in items if item is not NO_VALUE]
        if int(index) >= len(items):
            raise template_error(f"Fn::Select cannot select nonexistent value at index {index}")
        return items[int(index)]

    def _split(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[0], str) or not argument[0]:
            raise template_error("every Fn::Split object requires two parameters, a delimiter and a string")
        text = self._text("Fn::Split", argument[1])
        return text if isinstance(text, Unknown) else text.split(argument[0])

    def _if(self, argument: Any) -> Any:
        return self.value(choose({"Fn::If": argument}, self._scope.conditions))

    def _find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:
            raise template_error("every Fn::FindInMap object requires three parameters: map, top and second level key")
        name, *keys = (self.value(item) for item in argument)
        missing = unknown_among([name, *keys])
        if missing:
            return missing
        node: Any = self._scope.mappings.get(name)
        for key in keys:
            node = node.get(as_text(key)) if isinstance(node, dict) else None
        if node is None:
            raise template_error(f"Unable to get mapping for {name}::{'::'.join(map(as_text, keys))}")
        return node

    def _import_value(self, argument: Any) -> Any:
        name = self._text("Fn::ImportValue", argument)
        return name if isinstance(name, Unknown) else self._scope.import_value(name)

    def _base64(self, argument: Any) -> Any:
        text = self._text("Fn::Base64", argument)
        return text if isinstance(text, Unknown) else base64.b64encode(text.encode()).decode()

    def _cidr(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) not in (2, 3):
            raise template_error("Fn::Cidr takes an IP block, a count and optionally the number of host bits")
        values = [self.value(item) for item in argument]
        return unknown_among(values) or cidr(as_text(values[0]), values[1], values[2] if len(values) == 3 else None)

    def _get_azs(self, argument: Any) -> Any:
        region = self.value(argument)
        if isinstance(region, Unknown):
            return region
        return self._scope.zones(region or self._scope.names["AWS::Region"])

    def _text(self, function: str, argument: Any) -> Any:
        """The argument as text, or Unknown."""
        value = self.value(argument)
        if isinstance(value, Unknown):
            return value
        if isinstance(value, (dict, list)) or value is NO_VALUE:
            raise template_error(f"every {function} object must have a String-typed value")
        return as_text(value)


def cidr(block: str, count: Any, bits: Any = None) -> list[str]:
    """`count` blocks of 2^`bits` addresses from the start of `block`. Raises AwsError (ValidationError)."""
    try:
        network = ipaddress.ip_network(block)
        number = int(count)
        host_bits = int(bits) if bits is not None else (network.max_prefixlen - network.prefixlen)
        prefix = network.max_prefixlen - host_bits
    except ValueError as error:
        raise template_error(f"Fn::Cidr cannot be evaluated: {error}") from error
    room = 2 ** max(0, prefix - network.prefixlen)
    if not 1 <= number <= 256 or prefix < network.prefixlen or prefix > network.max_prefixlen or number > room:
        raise template_error(
            f"Fn::Cidr: {block} does not hold {count} blocks of {host_bits} host bits (1 to 256 blocks)"
        )
    subnets = network.subnets(new_prefix=prefix)
    return [str(next(subnets)) for _ in range(number)]
