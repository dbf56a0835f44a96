from __future__ import annotations

from typing import Any

import pytest

from headgate.pipelines import (
    Parameter,
    Test,
    any_of,
    equals,
    greater_or_equal,
    greater_than,
    is_in,
    less_or_equal,
    less_than,
    negate,
)

X = Parameter.integer("X")
GET = {"Get": "Parameters.X"}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (equals(X, 1), {"Type": "Equals", "LeftValue": GET, "RightValue": 1}),
        (greater_than(X, 1), {"Type": "GreaterThan", "LeftValue": GET, "RightValue": 1}),
        (greater_or_equal(X, 1), {"Type": "GreaterThanOrEqualTo", "LeftValue": GET, "RightValue": 1}),
        (less_than(1, X), {"Type": "LessThan", "LeftValue": 1, "RightValue": GET}),
        (less_or_equal(X, 0.5), {"Type": "LessThanOrEqualTo", "LeftValue": GET, "RightValue": 0.5}),
        (is_in(X, [1, X]), {"Type": "In", "QueryValue": GET, "Values": [1, GET]}),
        (negate(equals(X, 1)), {"Type": "Not", "Condition": equals(X, 1).as_json()}),
        (
            any_of(equals(X, 1), equals(X, 2)),
            {"Type": "Or", "Conditions": [equals(X, 1).as_json(), equals(X, 2).as_json()]},
        ),
    ],
)
def test_comparison_is_written_as_the_service_reads_it(test: Test, expected: dict[str, Any]) -> None:
    assert test.as_json() == expected
