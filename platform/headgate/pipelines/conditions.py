"""The comparisons of a Condition step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from headgate.pipelines.references import Json, Value, render

Operator: TypeAlias = Literal["Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"]


class Test(ABC):
    """Something that is true or false when the pipeline gets there."""

    __slots__ = ()
    __test__ = False  # its name would make pytest collect it

    @abstractmethod
    def as_json(self) -> dict[str, Json]:
        """The condition's entry in the definition."""


@dataclass(frozen=True, slots=True)
class Comparison(Test):
    operator: Operator
    left: Value
    right: Value

    def as_json(self) -> dict[str, Json]:
        return {"Type": self.operator, "LeftValue": render(self.left), "RightValue": render(self.right)}


@dataclass(frozen=True, slots=True)
class In(Test):
    value: Value
    values: tuple[Value, ...]

    def as_json(self) -> dict[str, Json]:
        return {"Type": "In", "QueryValue": render(self.value), "Values": [render(value) for value in self.values]}


@dataclass(frozen=True, slots=True)
class Not(Test):
    test: Test

    def as_json(self) -> dict[str, Json]:
        return {"Type": "Not", "Condition": self.test.as_json()}


@dataclass(frozen=True, slots=True)
class Or(Test):
    tests: tuple[Test, ...]

    def as_json(self) -> dict[str, Json]:
        return {"Type": "Or", "Conditions": [test.as_json() for test in self.tests]}


def equals(left: Value, right: Value) -> Test:
    return Comparison("Equals", left, right)


def greater_than(left: Value, right: Value) -> Test:
    return Comparison("GreaterThan", left, right)


def greater_or_equal(left: Value, right: Value) -> Test:
    return Comparison("GreaterThanOrEqualTo", left, right)


def less_than(left: Value, right: Value) -> Test:
    return Comparison("LessThan", left, right)


def less_or_equal(left: Value, right: Value) -> Test:
    return Comparison("LessThanOrEqualTo", left, right)


def is_in(value: Value, values: Sequence[Value]) -> Test:
    """The value equals one of `values`."""
    return In(value, tuple(values))


def negate(test: Test) -> Test:
    return Not(test)


def any_of(*tests: Test) -> Test:
    """At least one of the tests holds. All of a Condition step's own tests must hold."""
    return Or(tests)
