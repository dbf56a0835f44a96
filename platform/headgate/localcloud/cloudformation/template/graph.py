"""Who refers to whom: references of a template, whether they resolve, and the order that they impose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headgate.localcloud.cloudformation.template.document import Declaration, Template
from headgate.localcloud.cloudformation.template.forms import format_error
from headgate.localcloud.errors import AwsError, unsupported

PSEUDO = frozenset(
    f"AWS::{name}"
    for name in ["AccountId", "NotificationARNs", "NoValue", "Partition", "Region", "StackId", "StackName", "URLSuffix"]
)
_SUB = re.compile(r"\$\{(?!!)\s*([^}]*?)\s*\}")
_FUNCTIONS = frozenset(
    f"Fn::{name}"
    for name in [
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
    ]
)
_CONDITION_FUNCTIONS = frozenset(f"Fn::{name}" for name in ["And", "Equals", "Not", "Or"])
_REFUSED = frozenset(f"Fn::{name}" for name in ["Transform", "Length", "ToJsonString"])


class References:
    """What a value refers to: names of `Ref`, (resource, attribute) of `Fn::GetAtt`, conditions, mappings.

    `conditional` says that the value stands in Conditions or Rules, whose functions mean nothing elsewhere: there, an
    object with the key `Condition` is an IAM policy's.
    """

    def __init__(self, value: Any, *, where: str = "", conditional: bool = False) -> None:
        self.names: set[str] = set()
        self.attributes: set[tuple[str, str]] = set()
        self.conditions: set[str] = set()
        self.maps: set[str] = set()
        self._where = where
        self._conditional = conditional
        self._walk(value)

    @property
    def logical_ids(self) -> set[str]:
        """Everything that may be a resource."""
        return self.names | {name for name, _ in self.attributes}

    def _walk(self, value: Any) -> None:
        if isinstance(value, list):
            for item in value:
                self._walk(item)
        elif isinstance(value, dict):
            if len(value) == 1 and self._function(*next(iter(value.items()))):
                return
            for key, item in value.items():
                if key.startswith("Fn::"):
                    raise format_error(f"[{self._where}] {key} has to stand alone in its object")
                self._walk(item)

    def _function(self, name: str, argument: Any) -> bool:
        """Note what a function refers to; False when it is no function."""
        if name == "Ref":
            if not isinstance(argument, str):
                raise format_error(f"[{self._where}] every Ref object must have a single String value")
            self.names.add(argument)
            return True
        if name == "Condition" and self._conditional and isinstance(argument, str):
            self.conditions.add(argument)
            return True
        if not name.startswith("Fn::"):
            return False
        if name in _REFUSED:
            raise unsupported(f"the function {name} ([{self._where}])")
        if name not in (_FUNCTIONS | _CONDITION_FUNCTIONS if self._conditional else _FUNCTIONS):
            raise format_error(f"[{self._where}] unknown function {name}")
        self._arguments(name, argument)
        return True

    def _arguments(self, name: str, argument: Any) -> None:
        if name == "Fn::GetAtt":
            self.attributes.add(get_att(argument, self._where))
        elif name == "Fn::Sub":
            self._sub(argument)
        else:
            if name == "Fn::If" and isinstance(argument, list) and argument and isinstance(argument[0], str):
                self.conditions.add(argument[0])
            if name == "Fn::FindInMap" and isinstance(argument, list) and argument and isinstance(argument[0], str):
                self.maps.add(argument[0])
            self._walk(argument)

    def _sub(self, argument: Any) -> None:
        text, values = sub_parts(argument, self._where)
        self._walk(list(values.values()))
        for name in _SUB.findall(text):
            if name in values:
                continue
            resource, dot, attribute = name.partition(".")
            if dot:
                self.attributes.add((resource, attribute))
            else:
                self.names.add(name)


def get_att(argument: Any, where: str) -> tuple[str, str]:
    """The resource and the attribute of `Fn::GetAtt`. Raises AwsError (ValidationError)."""
    parts = argument.split(".", 1) if isinstance(argument, str) else argument
    if not isinstance(parts, list) or len(parts) < 2 or not all(isinstance(part, str) for part in parts):
        raise format_error(f"[{where}] every Fn::GetAtt object requires two non-empty parameters, names")
    return parts[0], ".".join(parts[1:])


def sub_parts(argument: Any, where: str) -> tuple[str, dict[str, Any]]:
    """The text and the values of `Fn::Sub`. Raises AwsError (ValidationError)."""
    if isinstance(argument, str):
        return argument, {}
    if isinstance(argument, list) and len(argument) == 2:
        text, values = argument
        if isinstance(text, str) and isinstance(values, dict):
            return text, values
    raise format_error(f"[{where}] Fn::Sub takes a text, or a list of a text and an object of values")


def check(template: Template) -> None:
    """Every reference resolves and no resources depend on each other in a circle. Raises AwsError."""
    for name, declaration in template.resources.items():
        if declaration.condition:
            _known(template.conditions, {declaration.condition}, "condition", f"/Resources/{name}/Condition")
        unknown = set(declaration.depends_on) - set(template.resources)
        if unknown:
            raise _unresolved(unknown, "Resources")
        _check_value(template, declaration.properties, f"/Resources/{name}/Properties", "Resources")
    for name, output in template.outputs.items():
        _check_output(template, name, output)
    for name, value in template.conditions.items():
        _check_condition(template, name, value)
    order(template.resources)


def _check_output(template: Template, name: str, output: Any) -> None:
    if "Value" not in output:
        raise format_error(f"[/Outputs/{name}] Every Outputs member must contain a Value object")
    unknown = set(output) - {"Value", "Description", "Export", "Condition"}
    if unknown:
        raise format_error(f"[/Outputs/{name}] unknown member {min(unknown)}")
    if "Condition" in output:
        _known(template.conditions, {output["Condition"]}, "condition", f"/Outputs/{name}/Condition")
    value = {key: item for key, item in output.items() if key in ("Value", "Export")}
    _check_value(template, value, f"/Outputs/{name}", "Outputs")


def _check_condition(template: Template, name: str, value: Any) -> None:
    where = f"/Conditions/{name}"
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _CONDITION_FUNCTIONS | {"Condition"}:
        raise format_error(f"[{where}] a condition is one of Fn::And, Fn::Equals, Fn::Not, Fn::Or, Condition")
    found = References(value, where=where, conditional=True)
    unknown = found.logical_ids - set(template.parameters) - PSEUDO
    if unknown:
        raise AwsError(
            "ValidationError",
            f"Template error: Unresolved dependencies [{', '.join(sorted(unknown))}]. Cannot reference resources in "
            f"the Conditions block of the template",
        )
    _known(template.conditions, found.conditions, "condition", where)
    _known(template.mappings, found.maps, "mapping", where)


def _check_value(template: Template, value: Any, where: str, block: str) -> None:
    found = References(value, where=where)
    unknown = found.names - set(template.parameters) - set(template.resources) - PSEUDO
    unknown |= {name for name, _ in found.attributes} - set(template.resources)
    if unknown:
        raise _unresolved(unknown, block)
    _known(template.mappings, found.maps, "mapping", where)
    _known(template.conditions, found.conditions, "condition", where)


def _known(known: Mapping[str, Any], names: Iterable[str], what: str, where: str) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise AwsError("ValidationError", f"Template error: unresolved {what} dependency {unknown[0]} in [{where}]")


def _unresolved(names: Iterable[str], block: str) -> AwsError:
    listed = ", ".join(sorted(names))
    return format_error(f"Unresolved resource dependencies [{listed}] in the {block} block of the template")


def dependencies(declaration: Declaration, among: Iterable[str]) -> frozenset[str]:
    """The resources that have to be there before this one: `DependsOn` and references."""
    wanted = set(declaration.depends_on) | References(declaration.properties).logical_ids
    return frozenset(wanted & set(among))


def order(resources: Mapping[str, Declaration]) -> list[str]:
    """Logical ids so that each stands after what it depends on. Raises AwsError for a circle."""
    waiting = {name: set(dependencies(declaration, resources)) for name, declaration in resources.items()}
    ordered: list[str] = []
    while waiting:
        free = [name for name, needs in waiting.items() if not needs]
        if not free:
            circle = ", ".join(sorted(_circle(waiting)))
            raise AwsError("ValidationError", f"Circular dependency between resources: [{circle}]")
        for name in free:
            del waiting[name]
        ordered += free
        for needs in waiting.values():
            needs.difference_update(free)
    return ordered


def _circle(waiting: Mapping[str, set[str]]) -> Iterator[str]:
    """The members of one circle among what nothing can free."""
    path: list[str] = []
    name = min(waiting)
    while name not in path:
        path.append(name)
        name = min(waiting[name])
    return iter(path[path.index(name) :])
