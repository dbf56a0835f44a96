from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from headgate.localcloud.cloudformation.template.parameters import Value, check_declarations, resolve
from headgate.localcloud.errors import AwsError


class Looked:
    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    def parameter(self, name: str) -> str:
        return f"value,of,{name}"

    def exists(self, kind: str, values: Sequence[str]) -> None:
        self.asked.append((kind, list(values)))


def given(**values: str) -> list[dict[str, Any]]:
    return [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]


@pytest.mark.parametrize(
    ("declaration", "text", "expected"),
    [
        ({"Type": "String"}, "x", "x"),
        ({"Type": "Number"}, "5", "5"),
        ({"Type": "List<Number>"}, "1, 2", ["1", "2"]),
        ({"Type": "CommaDelimitedList"}, "a,b , c", ["a", "b", "c"]),
        ({"Type": "CommaDelimitedList"}, "", []),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "/p", "value,of,/p"),
        ({"Type": "AWS::SSM::Parameter::Value<List<String>>"}, "/p", ["value", "of", "/p"]),
        ({"Type": "AWS::SSM::Parameter::Name"}, "/p", "/p"),
        ({"Type": "List<AWS::EC2::Subnet::Id>"}, "subnet-1,subnet-2", ["subnet-1", "subnet-2"]),
    ],
)
def test_types(declaration: dict[str, Any], text: str, expected: Any) -> None:
    check_declarations({"P": declaration})
    assert resolve({"P": declaration}, given(P=text), Looked())["P"].resolved == expected


def test_resources_of_aws_types_have_to_exist() -> None:
    looked = Looked()
    resolve({"P": {"Type": "List<AWS::EC2::Subnet::Id>"}}, given(P="subnet-1,subnet-2"), looked)
    assert looked.asked == [("AWS::EC2::Subnet::Id", ["subnet-1", "subnet-2"])]


@pytest.mark.parametrize(
    ("declaration", "text", "said"),
    [
        ({"Type": "String", "AllowedValues": ["a", True]}, "b", "must be one of AllowedValues (a, true)"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "a1", "must match pattern [a-z]+"),
        ({"Type": "String", "AllowedPattern": "x", "ConstraintDescription": "only x"}, "y", "only x"),
        ({"Type": "String", "MinLength": "2"}, "a", "at least 2"),
        ({"Type": "String", "MaxLength": 1}, "ab", "at most 1"),
        ({"Type": "Number"}, "x", "must be a number"),
        ({"Type": "Number", "MinValue": 3}, "2", "not less than 3"),
        ({"Type": "Number", "MaxValue": 3}, "4", "not greater than 3"),
        ({"Type": "CommaDelimitedList", "AllowedValues": ["a"]}, "a,b", "AllowedValues"),
    ],
)
def test_constraints(declaration: dict[str, Any], text: str, said: str) -> None:
    with pytest.raises(AwsError) as error:
        resolve({"P": declaration}, given(P=text), Looked())
    assert said in error.value.message


def test_defaults_previous_values_and_what_is_missing() -> None:
    declarations: dict[str, Any] = {"A": {"Type": "String", "Default": True}, "B": {"Type": "String"}}
    with pytest.raises(AwsError, match=r"Parameters: \[B\] must have values"):
        resolve(declarations, [], Looked())
    previous = {"B": Value("old", "old")}
    found = resolve(declarations, [{"ParameterKey": "B", "UsePreviousValue": True}], Looked(), previous)
    assert (found["A"].resolved, found["B"].resolved) == ("true", "old")


@pytest.mark.parametrize(
    ("supplied", "said"),
    [
        (given(Z="1"), "do not exist in the template"),
        ([*given(A="1"), *given(A="2")], "given more than once"),
        ([{"ParameterKey": "A", "UsePreviousValue": True}], "not in the previous template"),
        ([{"ParameterKey": "A", "UsePreviousValue": True, "ParameterValue": "x"}], "non empty value"),
    ],
)
def test_what_is_supplied_wrongly(supplied: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(AwsError) as error:
        resolve({"A": {"Type": "String"}}, supplied, Looked())
    assert said in error.value.message


def test_hidden_and_looked_up_values_as_described() -> None:
    assert Value("s", "s", hidden=True).described("P") == {"ParameterKey": "P", "ParameterValue": "****"}
    looked = Value("/p", ["a", "b"], looked_up=True).described("P")
    assert looked == {"ParameterKey": "P", "ParameterValue": "/p", "ResolvedValue": "a,b"}


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        ({"Type": "String", "Foo": 1}, "Invalid template parameter property 'Foo'"),
        ({}, "must contain a Type"),
        ({"Type": "Text"}, "Unrecognized parameter type: Text"),
        ({"Type": "List<Text>"}, "Unrecognized parameter type"),
        ({"Type": "AWS::SSM::Parameter::Value<Number>"}, "Unrecognized parameter type"),
        ({"Type": "String", "Default": {}}, "Every Default member must be a string"),
    ],
)
def test_declarations_that_make_no_sense(declaration: dict[str, Any], said: str) -> None:
    with pytest.raises(AwsError) as error:
        check_declarations({"P": declaration})
    assert said in error.value.message
