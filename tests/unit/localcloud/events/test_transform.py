"""What a target receives of an event."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.events.transform import InvalidTransformError, check_input, target_input

EVENT = {
    "id": "1",
    "source": "aws.sagemaker",
    "resources": ["arn:x"],
    "detail": {"name": 'the "best"', "count": 3, "nested": {"a": [10, 20]}},
}
RULE = "arn:aws:events:eu-west-1:111122223333:rule/approved"


def given(**target: Any) -> Any:
    return json.loads(target_input(target, EVENT, RULE, "2026-11-21T12:00:00Z"))


def test_the_whole_event_unless_something_else_is_asked_for() -> None:
    assert given() == EVENT


def test_a_constant_and_a_part() -> None:
    assert given(Input='{"a": 1}') == {"a": 1}
    assert given(InputPath="$.detail.nested.a[1]") == 20
    assert given(InputPath="$.detail.absent") is None


def test_a_template_puts_json_outside_quotes_and_text_inside() -> None:
    paths = {"name": "$.detail.name", "count": "$.detail.count", "nested": "$.detail.nested", "none": "$.absent"}
    template = '{"n": <name>, "c": <count>, "t": "<name> x <count>", "o": <nested>, "e": "<none>", "z": <none>}'
    assert given(InputTransformer={"InputPathsMap": paths, "InputTemplate": template}) == {
        "n": 'the "best"',
        "c": 3,
        "t": 'the "best" x 3',
        "o": {"a": [10, 20]},
        "e": "",
        "z": None,
    }


def test_a_text_template() -> None:
    paths = {"name": "$.detail.name"}
    assert given(InputTransformer={"InputPathsMap": paths, "InputTemplate": '"model <name>"'}) == 'model the "best"'


def test_reserved_variables() -> None:
    template = (
        '{"rule": "<aws.events.rule-name>", "arn": <aws.events.rule-arn>, "at": <aws.events.event.ingestion-time>, '
        '"event": <aws.events.event>, "all": <aws.events.event.json>}'
    )
    made = given(InputTransformer={"InputTemplate": template})
    assert made["rule"] == "approved"
    assert made["arn"] == RULE
    assert made["at"] == "2026-11-21T12:00:00Z"
    assert "detail" not in made["event"]
    assert made["all"] == EVENT


def test_an_unknown_variable_stays_as_it_is() -> None:
    text = target_input({"InputTransformer": {"InputTemplate": '"<b>"'}}, EVENT, RULE, "")
    assert json.loads(text) == "<b>"


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ({"Input": "{}", "InputPath": "$"}, "only one of"),
        ({"Input": "{"}, "not JSON"),
        ({"InputPath": "detail"}, "not a path"),
        ({"InputTransformer": {"InputPathsMap": {"a": "$.b[x]"}, "InputTemplate": "<a>"}}, "not a path"),
    ],
)
def test_what_could_never_be_made_is_refused(target: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidTransformError, match=reason):
        check_input(target)
