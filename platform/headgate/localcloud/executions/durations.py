"""ISO 8601 durations as SageMaker's CacheConfig takes them: `P30D`, `PT1H`, and its own short forms `30d`, `T16m`."""

from __future__ import annotations

import re

_DAY = 86_400.0
_DATE_UNITS = {"Y": 365 * _DAY, "M": 30 * _DAY, "W": 7 * _DAY, "D": _DAY}
_TIME_UNITS = {"H": 3600.0, "M": 60.0, "S": 1.0}
_DURATION = re.compile(r"P?(?P<date>(?:\d+(?:\.\d+)?[YMWD])*)(?:T(?P<time>(?:\d+(?:\.\d+)?[HMS])+))?", re.IGNORECASE)


def seconds(text: str) -> float:
    """The length of a duration in seconds; a year is 365 days and a month 30. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None or not (match["date"] or match["time"]):
        message = f"'{text}' is not an ISO 8601 duration such as P30D, PT1H or P1DT12H"
        raise ValueError(message)
    return _total(match["date"] or "", _DATE_UNITS) + _total(match["time"] or "", _TIME_UNITS)


def _total(text: str, units: dict[str, float]) -> float:
    return sum(float(number) * units[unit.upper()] for number, unit in re.findall(r"(\d+(?:\.\d+)?)([A-Za-z])", text))
