"""States of alarms by their datapoints; X is a datapoint that breaches, 0 one that does not, - none."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from headgate.localcloud.alarms.evaluate import evaluate
from headgate.localcloud.alarms.values import Alarm, State

ALARM = Alarm(
    "111122223333", "eu-west-1", "a", "Headgate", "Drift", (("Model", "churn"),), "Maximum", 60, 3, 3,
    "GreaterThanThreshold", 5.0,
)  # fmt: skip
VALUES = {"X": 9.0, "0": 1.0, "-": None}


def state(points: str, missing: str, before: str = "OK", to_alarm: int = 3) -> str:
    alarm = replace(ALARM, missing=missing, to_alarm=to_alarm, state=State(before))  # type: ignore[arg-type]
    found = evaluate(alarm, [VALUES[point] for point in points], 1_000_000.0)
    return found.value if found is not None else before


@pytest.mark.parametrize(
    ("points", "missing", "ignore", "breaching", "not_breaching"),
    [
        ("000", "OK", "OK", "OK", "OK"),
        ("XXX", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0--", "OK", "OK", "OK", "OK"),
        ("---", "INSUFFICIENT_DATA", "kept", "ALARM", "OK"),
        ("0XX", "OK", "OK", "OK", "OK"),
        ("X--", "ALARM", "kept", "ALARM", "OK"),
    ],
)
def test_missing_data_is_treated_as_the_alarm_says(
    points: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    """The first column of CloudWatch's own table, in the alarm's three periods."""
    for before in ("OK", "ALARM"):
        expected = {"missing": missing, "ignore": ignore, "breaching": breaching, "notBreaching": not_breaching}
        for treated, value in expected.items():
            assert state(points, treated, before) == (before if value == "kept" else value), (treated, before)


@pytest.mark.parametrize(("points", "value"), [("X0X", "ALARM"), ("0X0", "OK")])
def test_m_out_of_n(points: str, value: str) -> None:
    assert state(points, "missing", to_alarm=2) == value


@pytest.mark.parametrize(
    ("comparison", "above", "equal"),
    [
        ("GreaterThanThreshold", "ALARM", "OK"),
        ("GreaterThanOrEqualToThreshold", "ALARM", "ALARM"),
        ("LessThanThreshold", "OK", "OK"),
        ("LessThanOrEqualToThreshold", "OK", "ALARM"),
    ],
)
def test_comparisons(comparison: str, above: str, equal: str) -> None:
    alarm = replace(ALARM, comparison=comparison, periods=1, to_alarm=1)
    values = [evaluate(alarm, [value], 0.0) for value in (6.0, 5.0)]
    assert [one.value for one in values if one] == [above, equal]


def test_the_reason_names_datapoints_and_threshold() -> None:
    found = evaluate(replace(ALARM, periods=1, to_alarm=1), [9], 1_570_035_880.985)
    assert found is not None
    assert found.reason == (
        "Threshold Crossed: 1 out of the last 1 datapoint [9.0] was greater than the threshold (5.0)."
    )
    data = json.loads(found.reason_data)
    assert (data["queryDate"], data["startDate"]) == ("2019-10-02T17:04:40.985+0000", "2019-10-02T17:03:40.985+0000")
    assert (data["recentDatapoints"], data["threshold"], data["period"]) == ([9], 5.0, 60)
    unknown = evaluate(replace(ALARM, state=State("OK")), [None, None, None], 0.0)
    assert unknown is not None
    assert unknown.reason == "Insufficient Data: 3 datapoints were unknown."
    treated = evaluate(replace(ALARM, missing="breaching"), [None, None, None], 0.0)
    assert treated is not None
    assert treated.reason.endswith("3 periods of missing data were treated as [Breaching].")
