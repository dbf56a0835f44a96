"""Does a metric breach? A pure function of an alarm and its datapoints.

Source: CloudWatch User Guide, 'Using Amazon CloudWatch alarms': evaluation, and how missing data is treated. Only the
alarm's own evaluation periods are looked at; CloudWatch looks at some more when data is missing.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from headgate.localcloud.alarms.values import Alarm, State, StateValue

_COMPARES: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
COMPARISONS = frozenset(_COMPARES)


def evaluate(alarm: Alarm, points: Sequence[float | None], now: float) -> State | None:
    """The state that follows from the last periods' datapoints, newest first; None when the state stays as it is."""
    breaches = _COMPARES[alarm.comparison][0]
    real = [point for point in points if point is not None]
    breaching = sum(breaches(point, alarm.threshold) for point in real)
    value = _value(alarm, breaching, len(real), len(points) - len(real))
    if value is None or value == alarm.state.value:
        return None
    return State(value, _reason(alarm, value, real), _data(alarm, real, now), now)


def _value(alarm: Alarm, breaching: int, real: int, missing: int) -> StateValue | None:
    match alarm.missing:
        case "breaching":
            return "ALARM" if breaching + missing >= alarm.to_alarm else "OK"
        case "notBreaching":
            return "ALARM" if breaching >= alarm.to_alarm else "OK"
        case "ignore":
            if breaching >= alarm.to_alarm:
                return "ALARM"
            return "OK" if breaching + missing < alarm.to_alarm else None
        case _:
            if not real:
                return "INSUFFICIENT_DATA"
            return "ALARM" if breaching >= min(alarm.to_alarm, real) else "OK"


def _reason(alarm: Alarm, value: StateValue, real: Sequence[float]) -> str:
    count = f"{alarm.periods} datapoint{'s' if alarm.periods > 1 else ''}"
    if not real and value == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {count} {'were' if alarm.periods > 1 else 'was'} unknown."
    words = _COMPARES[alarm.comparison][1]
    verb = "was" if value == "ALARM" else "was not"
    if not real:
        treated = {"breaching": "Breaching", "notBreaching": "NonBreaching"}[alarm.missing]
        periods = f"{alarm.periods} period{'s' if alarm.periods > 1 else ''}"
        return (
            f"Threshold Crossed: no datapoints were received for {periods} and {periods} of missing data were treated "
            f"as [{treated}]."
        )
    shown = ", ".join(str(float(point)) for point in real)
    return (
        f"Threshold Crossed: {len(real)} out of the last {count} [{shown}] {verb} {words} the threshold "
        f"({float(alarm.threshold)})."
    )


def _data(alarm: Alarm, real: Sequence[float], now: float) -> str:
    start = now - alarm.period * alarm.periods
    return json.dumps(
        {
            "version": "1.0",
            "queryDate": stamp(now),
            "startDate": stamp(start),
            "statistic": alarm.statistic,
            "period": alarm.period,
            "recentDatapoints": list(real),
            "threshold": float(alarm.threshold),
        }
    )


def stamp(seconds: float) -> str:
    """`2019-10-02T17:04:40.985+0000`, as alarms' messages have times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
