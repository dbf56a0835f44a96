from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.executions.conditions import ConditionError, evaluate, problem
from headgate.localcloud.executions.references import ReferenceUnresolvedError


class NoScope:
    def get(self, reference: Any) -> Any:
        raise ReferenceUnresolvedError("nothing here")

    property_file = read = get


def compare(kind: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": kind, "LeftValue": left, "RightValue": right}


def holds(*conditions: dict[str, Any]) -> bool:
    return evaluate(list(conditions), NoScope())


@pytest.mark.parametrize(
    ("kind", "smaller", "same", "bigger"),
    [
        ("LessThan", True, False, False),
        ("LessThanOrEqualTo", True, True, False),
        ("GreaterThan", False, False, True),
        ("GreaterThanOrEqualTo", False, True, True),
        ("Equals", False, True, False),
    ],
)
@pytest.mark.parametrize("values", [(1, 2, 3), (1.5, 2, 2.5), ("a", "b", "c")])
def test_comparisons(kind: str, smaller: bool, same: bool, bigger: bool, values: tuple[Any, ...]) -> None:
    low, middle, high = values
    assert holds(compare(kind, low, middle)) is smaller
    assert holds(compare(kind, middle, middle)) is same
    assert holds(compare(kind, high, middle)) is bigger


def test_all_conditions_have_to_hold() -> None:
    assert holds()
    assert holds(compare("Equals", 1, 1), compare("Equals", "a", "a"))
    assert not holds(compare("Equals", 1, 1), compare("Equals", 1, 2))


def test_not_or_and_in_nest() -> None:
    no, yes = compare("Equals", 1, 2), compare("Equals", True, True)
    assert holds({"Type": "Or", "Conditions": [no, {"Type": "Not", "Condition": no}]})
    assert not holds({"Type": "Or", "Conditions": [no, no]})
    assert not holds({"Type": "And", "Conditions": [no, yes]})
    assert holds({"Type": "In", "QueryValue": "b", "Values": ["a", "b"]})
    assert not holds({"Type": "In", "QueryValue": "1", "Values": [1, 2]})


@pytest.mark.parametrize(
    "wrong",
    [compare("LessThan", "1", 2), compare("LessThan", True, 2), compare("Equals", "1", 1), compare("Equals", True, 1)],
)
def test_values_of_different_types_are_an_error_not_false(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConditionError, match="cannot compare"):
        holds(wrong)


def test_an_unresolved_reference_is_the_conditions_error() -> None:
    with pytest.raises(ConditionError, match="nothing here"):
        holds(compare("Equals", {"Get": "Parameters.X"}, 1))


def test_an_unknown_type_is_an_error() -> None:
    with pytest.raises(ConditionError, match="unknown condition type 'Like'"):
        holds({"Type": "Like"})


@pytest.mark.parametrize(
    ("conditions", "told"),
    [
        (None, "has to be a list"),
        (["x"], "unknown condition type None"),
        ([{"Type": "Like"}], "unknown condition type 'Like'; known are Equals"),
        ([{"Type": "Equals", "LeftValue": 1}], "Equals lacks RightValue"),
        ([{"Type": "Not", "Condition": {"Type": "Like"}}], "unknown condition type 'Like'"),
        ([{"Type": "Or", "Conditions": [{"Type": "In"}]}], "In lacks QueryValue, Values"),
    ],
)
def test_the_form_is_checked_ahead(conditions: Any, told: str) -> None:
    assert told in str(problem(conditions))


def test_a_right_form_is_no_problem() -> None:
    assert problem([{"Type": "Or", "Conditions": [compare("Equals", 1, 1)]}]) is None
