from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.executions.model import Parameter
from headgate.localcloud.executions.parameters import as_request, bind, check_parameter

DECLARED = {
    "Count": Parameter("Count", "Integer", 1),
    "Rate": Parameter("Rate", "Float", 2),
    "On": Parameter("On", "Boolean", False),
    "Size": Parameter("Size", "String", "small", ("small", "large")),
    "Data": Parameter("Data", "String"),
}


def given(**values: str) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in values.items()]


def test_values_are_typed_and_defaults_fill_in() -> None:
    values = bind(DECLARED, given(Count="7", On="True", Data="s3://x"))
    assert values == {"Count": 7, "Rate": 2.0, "On": True, "Size": "small", "Data": "s3://x"}
    assert as_request(values)[2] == {"Name": "On", "Value": "true"}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"Data": "x", "Counts": "1"}, "unknown pipeline parameters: Counts; this pipeline declares: Count, Rate"),
        ({}, "'Data' has no default value"),
        ({"Data": "x", "Count": "1.5"}, "'Count' is of type Integer, and '1.5' is not"),
        ({"Data": "x", "Rate": "fast"}, "'Rate' is of type Float"),
        ({"Data": "x", "Rate": "nan"}, "'Rate' is of type Float"),
        ({"Data": "x", "On": "yes"}, "'On' is of type Boolean"),
        ({"Data": "x", "Size": "tiny"}, "'tiny' is not one of small, large"),
    ],
)
def test_what_does_not_fit_is_refused(values: dict[str, str], told: str) -> None:
    with pytest.raises(AwsError, match="ValidationException") as caught:
        bind(DECLARED, given(**values))
    assert told in caught.value.message


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(AwsError, match="given twice"):
        bind(DECLARED, given(Data="a") + given(Data="b"))


@pytest.mark.parametrize(
    ("parameter", "told"),
    [
        (Parameter("a", "Number"), "unknown Type 'Number'"),
        (Parameter("a", "Integer", 1.5), "DefaultValue 1.5 is not of type Integer"),
        (Parameter("a", "Integer", True), "not of type Integer"),
        (Parameter("a", "Boolean", 1), "not of type Boolean"),
        (Parameter("a", "String", 1), "not of type String"),
        (Parameter("a", "String", "x", ("y",)), "'x' is not one of y"),
    ],
)
def test_declarations_are_checked(parameter: Parameter, told: str) -> None:
    assert told in str(check_parameter(parameter))


@pytest.mark.parametrize("default", [None, 1, 1.5])
def test_right_declarations_pass(default: Any) -> None:
    assert check_parameter(Parameter("a", "Float", default)) is None
