"""The Condition element: which operators hold for a request's context, and what a missing key means to each.

Source: IAM User Guide, "Condition operators", "Multivalued context keys".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from headgate.localcloud.identity.errors import PolicyError, UndecidableError
from headgate.localcloud.identity.keys import is_known
from headgate.localcloud.identity.operators import OPERATORS, Test

Context = Mapping[str, str | tuple[str, ...]]
"""A request's condition keys in lower case. A tuple is a key with several values, also when there is just one."""

Quantifier = Literal["", "ForAllValues", "ForAnyValue"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One key under one operator. Its values are alternatives; for negated operators none of them may be met."""

    operator: str
    key: str
    quantifier: Quantifier
    negated: bool
    if_exists: bool
    tests: tuple[Test, ...]

    def holds(self, context: Context) -> bool:
        """Whether it is met. Raises UndecidableError for a key that the local cloud does not know."""
        found = context.get(self.key.lower())
        if found is None or found == ():
            if not is_known(self.key.lower()):
                raise UndecidableError(f"the local cloud does not know the condition key {self.key}")
            return self._without_value()
        lookup = _Lookup(context)
        if isinstance(found, str):
            return self._meets(found, lookup)
        if self.quantifier == "ForAllValues":
            return all(self._meets(value, lookup) for value in found)
        if self.quantifier == "ForAnyValue":
            return any(self._meets(value, lookup) for value in found)
        raise UndecidableError(
            f"{self.key} can have several values, so {self.operator} needs ForAllValues: or ForAnyValue: before it"
        )

    def _without_value(self) -> bool:
        if self.if_exists or self.quantifier == "ForAllValues":
            return True
        return self.negated and self.quantifier != "ForAnyValue"

    def _meets(self, value: str, lookup: _Lookup) -> bool:
        return any(test(value, lookup) for test in self.tests) != self.negated


@dataclass(frozen=True, slots=True)
class NullCondition:
    """`Null`: whether a key is absent (true) or present (false)."""

    key: str
    absent: bool

    def holds(self, context: Context) -> bool:
        """Whether it is met. Raises UndecidableError for a key that the local cloud does not know."""
        found = context.get(self.key.lower())
        missing = found is None or found == ()
        if missing and not is_known(self.key.lower()):
            raise UndecidableError(f"the local cloud does not know the condition key {self.key}")
        return missing == self.absent


def parse_conditions(element: Any, *, variables: bool) -> tuple[Condition | NullCondition, ...]:
    """A statement's Condition element, compiled. Raises PolicyError."""
    if not isinstance(element, Mapping):
        raise PolicyError("Condition must be an object of operators")
    found: list[Condition | NullCondition] = []
    for operator, keys in element.items():
        if not isinstance(keys, Mapping) or not keys:
            raise PolicyError(f"the condition operator {operator} must hold an object of condition keys")
        found += (_condition(operator, key, _texts(operator, key, values), variables) for key, values in keys.items())
    return tuple(found)


def _condition(operator: str, key: str, values: tuple[str, ...], variables: bool) -> Condition | NullCondition:
    if operator == "Null":
        if len({value.lower() for value in values}) != 1 or values[0].lower() not in {"true", "false"}:
            raise PolicyError(f"Null compares {key} with true or false")
        return NullCondition(key, values[0].lower() == "true")
    quantifier, name = _quantified(operator)
    if_exists = name.endswith("IfExists")
    known = OPERATORS.get(name.removesuffix("IfExists"))
    if known is None:
        raise PolicyError(f"there is no condition operator {operator!r}")
    tests = tuple(known.compile(value, variables) for value in values)
    return Condition(operator, key, quantifier, known.negated, if_exists, tests)


def _quantified(operator: str) -> tuple[Quantifier, str]:
    first, colon, rest = operator.partition(":")
    if not colon:
        return "", operator
    if first == "ForAllValues":
        return "ForAllValues", rest
    if first == "ForAnyValue":
        return "ForAnyValue", rest
    raise PolicyError(f"there is no condition operator {operator!r}")


def _texts(operator: str, key: str, values: Any) -> tuple[str, ...]:
    """JSON's strings, numbers and booleans as text. Raises PolicyError for anything else and for no value at all."""
    listed = values if isinstance(values, list) else [values]
    if not listed:
        raise PolicyError(f"{operator} compares {key} with no value")
    return tuple(_text(operator, key, value) for value in listed)


def _text(operator: str, key: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise PolicyError(f"{operator} compares {key} with {value!r}, which is neither text, number nor boolean")


class _Lookup:
    """The values of policy variables: condition keys with one value."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def __call__(self, key: str) -> str | None:
        """Raises UndecidableError for keys that are unknown here or have several values."""
        return variable(self._context, key)


def variable(context: Context, key: str) -> str | None:
    """What `${key}` stands for, or None. Raises UndecidableError for keys unknown here or with several values."""
    found = context.get(key)
    if isinstance(found, tuple):
        raise UndecidableError(f"{key} can have several values, so it cannot be a policy variable")
    if found is None and not is_known(key):
        raise UndecidableError(f"the local cloud does not know the policy variable ${{{key}}}")
    return found
