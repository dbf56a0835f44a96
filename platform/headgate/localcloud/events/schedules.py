"""Schedule expressions: `rate(5 minutes)`, `cron(0 12 * * ? *)` and `at(2026-11-21T12:00:00)`.

Source: Amazon EventBridge User Guide, 'Cron expressions' and 'Rate expressions'; EventBridge Scheduler User Guide,
'Schedule types'. Times are seconds since the epoch.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

_EXPRESSION = re.compile(r"^(rate|cron|at)\((.*)\)$")
_RATE = re.compile(r"^([1-9]\d*) (minute|hour|day)(s?)$")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_LAST_YEAR = 2199
_HORIZON_DAYS = 366 * 8 + 31
"""A 29th of February on a given weekday is no further away than this, but for the turn of a century."""


class InvalidScheduleError(ValueError):
    """An expression that EventBridge does not take, with the reason."""


class Schedule(Protocol):
    """When something is due."""

    def after(self, moment: float, started: float) -> float | None:
        """The first time later than `moment`, None when there is none. `started` is when the schedule came to be."""
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """Every so many seconds, counted from the start."""

    seconds: int

    def after(self, moment: float, started: float) -> float | None:
        periods = max(0, int((moment - started) // self.seconds)) + 1
        return started + periods * self.seconds


@dataclass(frozen=True, slots=True)
class Once:
    """At one moment."""

    moment: float

    def after(self, moment: float, started: float) -> float | None:  # noqa: ARG002 - the protocol's
        return self.moment if self.moment > moment else None


@dataclass(frozen=True, slots=True)
class Cron:
    """Minutes, hours and years are sets; a day must satisfy the one of `days` and `weekdays` that is not `?`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: str
    months: frozenset[int]
    weekdays: str
    years: frozenset[int]
    zone: ZoneInfo

    def after(self, moment: float, started: float) -> float | None:  # noqa: ARG002 - the protocol's
        local = datetime.fromtimestamp(moment, self.zone)
        for day in self._days_from(local.date()):
            for hour in sorted(self.hours):
                for minute in sorted(self.minutes):
                    found = self._exists(day, hour, minute)
                    if found is not None and found > moment:
                        return found
        return None

    def _days_from(self, first: date) -> Iterator[date]:
        for offset in range(_HORIZON_DAYS):
            day = first + timedelta(days=offset)
            if day.year > _LAST_YEAR:
                return
            if day.year in self.years and day.month in self.months and self._wants(day):
                yield day

    def _wants(self, day: date) -> bool:
        return _day_of_month(self.days, day) if self.weekdays == "?" else _day_of_week(self.weekdays, day)

    def _exists(self, day: date, hour: int, minute: int) -> float | None:
        """The moment of a local time; None for one that a change to summer time leaves out."""
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
        utc = local.astimezone(UTC)
        same = utc.astimezone(self.zone)
        return utc.timestamp() if (same.hour, same.minute) == (hour, minute) else None


def parse(expression: str, zone: str = "UTC") -> Schedule:
    """Compile an expression. Raises InvalidScheduleError."""
    match = _EXPRESSION.match(expression)
    if match is None:
        raise InvalidScheduleError(f"'{expression}' is neither rate(...), cron(...) nor at(...)")
    try:
        place = ZoneInfo(zone)
    except (ValueError, OSError, KeyError) as error:
        raise InvalidScheduleError(f"unknown time zone '{zone}'") from error
    kind, text = match.groups()
    if kind == "rate":
        return _rate(text)
    return _cron(text, place) if kind == "cron" else _at(text, place)


def _rate(text: str) -> Rate:
    match = _RATE.match(text)
    if match is None or (match[1] == "1") is bool(match[3]):
        raise InvalidScheduleError(f"rate({text}) is not a number and minute(s), hour(s) or day(s)")
    return Rate(int(match[1]) * _SECONDS[match[2]])


def _at(text: str, zone: ZoneInfo) -> Once:
    try:
        local = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone)
    except ValueError as error:
        raise InvalidScheduleError(f"at({text}) is not yyyy-mm-ddThh:mm:ss") from error
    return Once(local.timestamp())


def _cron(text: str, zone: ZoneInfo) -> Cron:
    fields = text.split()
    if len(fields) != 6:
        raise InvalidScheduleError(f"cron({text}) has {len(fields)} fields, not six")
    minutes, hours, days, months, weekdays, years = (field.upper() for field in fields)
    if (days == "?") is (weekdays == "?"):
        raise InvalidScheduleError(f"cron({text}): one of day-of-month and day-of-week is ?, the other is not")
    _check_day_of_month(days)
    _check_day_of_week(weekdays)
    return Cron(
        _values(minutes, 0, 59, {}),
        _values(hours, 0, 23, {}),
        days,
        _values(months, 1, 12, _MONTHS),
        weekdays,
        _values(years, 1970, _LAST_YEAR, {}),
        zone,
    )


def _values(field: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    """The numbers that a field stands for: lists of numbers, ranges, `*` and steps of them."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        start = low if span == "*" else _number(first, names)
        end = _number(last, names) if dash else (high if span == "*" or slash else start)
        stride = _number(step, {}) if slash else 1
        if not (low <= start <= high and low <= end <= high) or stride < 1 or start > end:
            raise InvalidScheduleError(f"'{part}' is not within {low} to {high}")
        found.update(range(start, end + 1, stride))
    return frozenset(found)


def _number(text: str, names: dict[str, int]) -> int:
    if text in names:
        return names[text]
    if not text.isdigit():
        raise InvalidScheduleError(f"'{text}' is not a number" + (f" or one of {', '.join(names)}" if names else ""))
    return int(text)


def _check_day_of_month(field: str) -> None:
    if field not in {"?", "L", "LW"} and not re.fullmatch(r"([1-9]|[12]\d|3[01])W", field):
        _values(field, 1, 31, {})


def _check_day_of_week(field: str) -> None:
    if field in {"?", "L"} or re.fullmatch(r"([1-7]|[A-Z]{3})(L|#[1-5])", field):
        if "#" in field or (field.endswith("L") and field != "L"):
            _number(re.split(r"#|L$", field)[0], _WEEKDAYS)
        return
    _values(field, 1, 7, _WEEKDAYS)


def _day_of_month(field: str, day: date) -> bool:
    last = calendar.monthrange(day.year, day.month)[1]
    if field == "L":
        return day.day == last
    if field == "LW":
        return day == _nearest_weekday(day.replace(day=last))
    if field.endswith("W"):
        wanted = int(field[:-1])
        return wanted <= last and day == _nearest_weekday(day.replace(day=wanted))
    return day.day in _values(field, 1, 31, {})


def _nearest_weekday(day: date) -> date:
    """The working day nearest to a day, within its month."""
    shift = {5: -1, 6: 1}.get(day.weekday(), 0)
    moved = day + timedelta(days=shift)
    if moved.month != day.month:
        moved = day + timedelta(days=2 if shift < 0 else -2)
    return moved


def _day_of_week(field: str, day: date) -> bool:
    number = day.isoweekday() % 7 + 1  # Sunday is 1
    if field == "L":
        return number == 7
    if field.endswith("L"):
        last = calendar.monthrange(day.year, day.month)[1]
        return number == _number(field[:-1], _WEEKDAYS) and day.day > last - 7
    name, sharp, nth = field.partition("#")
    if sharp:
        return number == _number(name, _WEEKDAYS) and (day.day - 1) // 7 + 1 == int(nth)
    return number in _values(field, 1, 7, _WEEKDAYS)
