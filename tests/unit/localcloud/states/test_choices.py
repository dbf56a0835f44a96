from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.states.choices import choose, holds
from headgate.localcloud.states.expressions import Scope
from headgate.localcloud.states.failures import StateError
from unit.localcloud.states.world import LoadedDice

DATA: Any = {
    "s": "b", "t": "b", "n": 2, "m": 2.0, "f": True, "z": None, "l": [1, 2],
    "d": "2030-01-01T12:00:00Z", "e": "2030-01-01T13:00:00+01:00",
}  # fmt: skip


def rule(operator: str, value: Any, variable: str = "$.s") -> bool:
    return holds(
        {"Variable": variable, operator: value, "Next": "x"}, Scope(DATA, {"State": {"Name": "b"}}, LoadedDice())
    )


@pytest.mark.parametrize(
    ("variable", "operator", "value", "expected"),
    [
        ("$.s", "StringEquals", "b", True),
        ("$.s", "StringLessThan", "c", True),
        ("$.s", "StringLessThan", "b", False),
        ("$.s", "StringGreaterThan", "a", True),
        ("$.s", "StringLessThanEquals", "b", True),
        ("$.s", "StringGreaterThanEquals", "c", False),
        ("$.s", "StringEqualsPath", "$.t", True),
        ("$.s", "StringEqualsPath", "$$.State.Name", True),
        ("$$.State.Name", "StringEquals", "b", True),
        ("$.n", "StringEquals", "2", False),
        ("$.s", "StringMatches", "*", True),
        ("$.d", "StringMatches", "2030-*:00Z", True),
        ("$.d", "StringMatches", "2030", False),
        ("$.s", "StringMatches", r"\*", False),
        ("$.n", "NumericEquals", 2, True),
        ("$.n", "NumericEqualsPath", "$.m", True),
        ("$.n", "NumericLessThan", 2.5, True),
        ("$.n", "NumericGreaterThan", 2, False),
        ("$.n", "NumericGreaterThanEquals", 2, True),
        ("$.n", "NumericLessThanEqualsPath", "$.m", True),
        ("$.f", "NumericEquals", 1, False),
        ("$.f", "BooleanEquals", True, True),
        ("$.n", "BooleanEquals", True, False),
        ("$.f", "BooleanEqualsPath", "$.f", True),
        ("$.d", "TimestampEquals", "2030-01-01T12:00:00Z", True),
        ("$.d", "TimestampEqualsPath", "$.e", True),
        ("$.d", "TimestampLessThan", "2030-01-02T00:00:00Z", True),
        ("$.d", "TimestampGreaterThan", "2030-01-02T00:00:00Z", False),
        ("$.s", "TimestampEquals", "2030-01-01T12:00:00Z", False),
        ("$.z", "IsNull", True, True),
        ("$.s", "IsNull", False, True),
        ("$.n", "IsNumeric", True, True),
        ("$.f", "IsNumeric", True, False),
        ("$.s", "IsString", True, True),
        ("$.f", "IsBoolean", True, True),
        ("$.d", "IsTimestamp", True, True),
        ("$.s", "IsTimestamp", False, True),
        ("$.none", "IsPresent", False, True),
        ("$.z", "IsPresent", True, True),
        ("$.l[?(@ > 5)]", "IsPresent", False, True),
    ],
)
def test_comparisons(variable: str, operator: str, value: Any, expected: bool) -> None:
    assert rule(operator, value, variable) is expected


@pytest.mark.parametrize(("operator", "value"), [("StringEquals", "b"), ("IsNull", True), ("StringEqualsPath", "$.t")])
def test_a_variable_that_is_not_there_is_an_error(operator: str, value: Any) -> None:
    with pytest.raises(StateError, match="condition path references an invalid value") as error:
        rule(operator, value, "$.none")
    assert error.value.error == "States.Runtime"


def test_rules_combine() -> None:
    scope = Scope(DATA, {}, LoadedDice())
    yes, no = {"Variable": "$.n", "NumericEquals": 2}, {"Variable": "$.n", "NumericEquals": 3}
    assert holds({"And": [yes, {"Not": no}]}, scope)
    assert holds({"Or": [no, yes]}, scope)
    assert not holds({"And": [yes, no]}, scope)


def test_without_a_match_or_a_default_it_fails() -> None:
    state = {"Choices": [{"Variable": "$.n", "NumericEquals": 3, "Next": "x"}]}
    scope = Scope(DATA, {}, LoadedDice())
    assert choose({**state, "Default": "y"}, scope) == "y"
    with pytest.raises(StateError) as error:
        choose(state, scope)
    assert error.value.error == "States.NoChoiceMatched"
