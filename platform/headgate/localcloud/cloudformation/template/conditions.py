"""Conditions and rules of a template, evaluated from its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.template.document import Template
from headgate.localcloud.cloudformation.template.functions import Scope, evaluate, template_error
from headgate.localcloud.cloudformation.template.values import as_text
from headgate.localcloud.errors import AwsError, unsupported


def evaluate_conditions(template: Template, scope: Scope) -> dict[str, bool]:
    """Whether each condition holds. Raises AwsError (ValidationError), also for conditions in a circle."""
    return _Conditions(template.conditions, scope).all()


class _Conditions:
    def __init__(self, conditions: Mapping[str, Any], scope: Scope) -> None:
        self._conditions = conditions
        self._scope = scope
        self._known: dict[str, bool] = {}
        self._open: list[str] = []

    def all(self) -> dict[str, bool]:
        return {name: self.named(name) for name in self._conditions}

    def named(self, name: str) -> bool:
        if name in self._known:
            return self._known[name]
        if name not in self._conditions:
            raise template_error(f"unresolved condition dependency {name}")
        if name in self._open:
            raise template_error(f"Circular dependency between conditions: [{', '.join(self._open)}]")
        self._open.append(name)
        self._known[name] = self.holds(self._conditions[name])
        self._open.pop()
        return self._known[name]

    def holds(self, value: Any) -> bool:
        if not isinstance(value, dict) or len(value) != 1:
            raise template_error(f"a condition has to be one function, not {value!r}")
        name, argument = next(iter(value.items()))
        if name == "Condition":
            return self.named(argument)
        if name == "Fn::Equals":
            left, right = self._pair(argument)
            return bool(left == right)
        if name == "Fn::Not":
            return not self.holds(_listed(name, argument, 1, 1)[0])
        if name == "Fn::And":
            return all(self.holds(item) for item in _listed(name, argument, 2, 10))
        if name == "Fn::Or":
            return any(self.holds(item) for item in _listed(name, argument, 2, 10))
        raise template_error(f"{name} is no condition function")

    def _pair(self, argument: Any) -> tuple[Any, Any]:
        left, right = (self.operand(item) for item in _listed("Fn::Equals", argument, 2, 2))
        return left, right

    def operand(self, value: Any) -> Any:
        found = evaluate(value, self._scope)
        return found if isinstance(found, (dict, list)) else as_text(found)


def _listed(name: str, argument: Any, least: int, most: int) -> list[Any]:
    if not isinstance(argument, list) or not least <= len(argument) <= most:
        count = str(least) if least == most else f"{least} to {most}"
        raise template_error(f"every {name} object requires a list of {count} parameters")
    return argument


def check_rules(template: Template, scope: Scope) -> None:
    """Raises AwsError (ValidationError) with the descriptions of the assertions that do not hold."""
    rules = _Rules(template.conditions, scope)
    for name, rule in template.rules.items():
        unknown = set(rule) - {"RuleCondition", "Assertions"}
        if unknown or not isinstance(rule.get("Assertions"), list):
            raise template_error(f"rule {name} needs Assertions, and may have a RuleCondition besides")
        if "RuleCondition" in rule and not rules.holds(rule["RuleCondition"]):
            continue
        for assertion in rule["Assertions"]:
            if not rules.holds(assertion.get("Assert")):
                said = assertion.get("AssertDescription", "its assertion does not hold")
                raise AwsError("ValidationError", f"Template error: rule {name}: {said}")


class _Rules(_Conditions):
    """Rules know functions over lists besides."""

    def holds(self, value: Any) -> bool:
        if isinstance(value, dict) and len(value) == 1:
            name, argument = next(iter(value.items()))
            if name in ("Fn::Contains", "Fn::EachMemberIn", "Fn::EachMemberEquals"):
                left, right = (self.operand(item) for item in _listed(name, argument, 2, 2))
                return self._lists(name, left, right)
            if name in ("Fn::RefAll", "Fn::ValueOf", "Fn::ValueOfAll"):
                raise unsupported(f"the rule function {name}")
        return super().holds(value)

    def _lists(self, name: str, left: Any, right: Any) -> bool:
        if not isinstance(left, list) or (name == "Fn::EachMemberIn" and not isinstance(right, list)):
            raise template_error(f"{name} takes a list")
        members = [as_text(item) for item in left]
        if name == "Fn::Contains":
            return right in members
        if name == "Fn::EachMemberEquals":
            return all(item == right for item in members)
        return set(members) <= {as_text(item) for item in right}
