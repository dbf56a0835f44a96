"""A template that CloudFormation would refuse is refused when it is made."""

from __future__ import annotations

import json

import pytest

from headgate.errors import FailedError
from headgate.infra.limits import BY_URL, check_template


def _template(resources: int, parameters: int = 0, description: str = "") -> bytes:
    return json.dumps(
        {
            "Description": description,
            "Parameters": {f"P{each}": {"Type": "String"} for each in range(parameters)},
            "Resources": {f"R{each}": {} for each in range(resources)},
        }
    ).encode()


def test_a_template_at_the_limits_passes() -> None:
    check_template("x", _template(500, 200))


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (_template(501), "501 resources, of which 500 are allowed"),
        (_template(1, 201), "201 parameters, of which 200 are allowed"),
        (_template(1, 0, "x" * BY_URL), "bytes, of which 1,000,000 are allowed"),
    ],
)
def test_a_template_over_a_limit_is_refused_with_the_limit(content: bytes, what: str) -> None:
    with pytest.raises(FailedError, match="kind 'data-lake' is over CloudFormation's limits") as caught:
        check_template("data-lake", content)
    assert any(what in line for line in caught.value.details)


def test_every_limit_that_it_is_over_is_named() -> None:
    with pytest.raises(FailedError) as caught:
        check_template("x", _template(501, 201))
    assert len(caught.value.details) == 2
