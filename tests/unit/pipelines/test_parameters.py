from __future__ import annotations

import pytest

from headgate.errors import UserError
from headgate.pipelines import Parameter


def test_parameter_is_declared_with_type_default_and_choices() -> None:
    assert Parameter.string("I", "a", choices=["a", "b"]).as_json() == {
        "Name": "I",
        "Type": "String",
        "DefaultValue": "a",
        "EnumValues": ["a", "b"],
    }
    assert Parameter.integer("N").as_json() == {"Name": "N", "Type": "Integer"}
    assert Parameter.boolean("B", default=False).as_json() == {"Name": "B", "Type": "Boolean", "DefaultValue": False}


def test_integer_is_a_float_but_a_boolean_is_no_number() -> None:
    assert Parameter.float("F", 3).default == 3
    with pytest.raises(UserError, match="is not of type Integer"):
        Parameter.integer("N", True)


def test_default_outside_of_the_choices_is_refused() -> None:
    with pytest.raises(UserError, match="not among its values"):
        Parameter.string("I", "c", choices=["a", "b"])
