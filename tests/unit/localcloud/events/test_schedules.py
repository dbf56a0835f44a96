"""Schedule expressions, against dates that a calendar shows."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from headgate.localcloud.events.schedules import InvalidScheduleError, parse


def moment(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("cron(0 12 * * ? *)", "2026-11-21T12:00:00", "2026-11-22T12:00:00"),
        ("cron(0 12 * * ? *)", "2026-11-21T11:59:59", "2026-11-21T12:00:00"),
        ("cron(15 10 ? * MON-FRI *)", "2026-11-21T00:00:00", "2026-11-23T10:15:00"),
        ("cron(0/15 8-9 * * ? *)", "2026-11-21T08:46:00", "2026-11-21T09:00:00"),
        ("cron(0 0 L * ? *)", "2026-02-01T00:00:00", "2026-02-28T00:00:00"),
        ("cron(0 0 LW * ? *)", "2026-02-01T00:00:00", "2026-02-27T00:00:00"),
        ("cron(0 0 1W * ? *)", "2026-07-31T12:00:00", "2026-08-03T00:00:00"),
        ("cron(0 0 15W * ? *)", "2026-08-01T00:00:00", "2026-08-14T00:00:00"),
        ("cron(0 0 ? * 2#1 *)", "2026-11-21T00:00:00", "2026-12-07T00:00:00"),
        ("cron(0 0 ? * FRIL *)", "2026-11-01T00:00:00", "2026-11-27T00:00:00"),
        ("cron(0 0 29 2 ? *)", "2026-11-21T00:00:00", "2028-02-29T00:00:00"),
        ("cron(0 0 1 JAN,JUL ? 2027-2028)", "2026-11-21T00:00:00", "2027-01-01T00:00:00"),
        ("at(2026-12-01T08:30:00)", "2026-11-21T00:00:00", "2026-12-01T08:30:00"),
    ],
)
def test_next_times(expression: str, after: str, expected: str) -> None:
    assert parse(expression).after(moment(after), 0.0) == moment(expected)


def test_a_rate_counts_from_the_start() -> None:
    schedule = parse("rate(5 minutes)")
    assert schedule.after(1000.0, 1000.0) == 1300.0
    assert schedule.after(1299.0, 1000.0) == 1300.0
    assert schedule.after(1300.0, 1000.0) == 1600.0


def test_the_past_is_over() -> None:
    assert parse("at(2026-01-01T00:00:00)").after(moment("2026-11-21T00:00:00"), 0.0) is None
    assert parse("cron(0 0 1 1 ? 2020)").after(moment("2026-11-21T00:00:00"), 0.0) is None


def test_local_time_follows_summer_time() -> None:
    schedule = parse("cron(30 2 * * ? *)", "Europe/Berlin")
    before = moment("2026-03-28T12:00:00", "Europe/Berlin")
    # On 29 March 2026 the hour from 2 to 3 does not exist in Berlin.
    assert schedule.after(before, 0.0) == moment("2026-03-30T02:30:00", "Europe/Berlin")
    assert parse("at(2026-07-01T12:00:00)", "Europe/Berlin").after(0.0, 0.0) == moment("2026-07-01T10:00:00")


@pytest.mark.parametrize(
    "expression",
    [
        "every day",
        "rate(0 minutes)",
        "rate(1 minutes)",
        "rate(5 minute)",
        "rate(5 weeks)",
        "at(2026-11-21)",
        "cron(0 12 * * ?)",
        "cron(0 12 * * * *)",
        "cron(0 12 ? * ? *)",
        "cron(60 12 * * ? *)",
        "cron(0 12 32 * ? *)",
        "cron(0 12 ? * 8 *)",
        "cron(0 12 ? * FOO#1 *)",
        "cron(0 9-8 * * ? *)",
        "cron(0 12 * FOO ? *)",
        "cron(0/0 12 * * ? *)",
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(InvalidScheduleError):
        parse(expression)


def test_an_unknown_time_zone_is_refused() -> None:
    with pytest.raises(InvalidScheduleError, match="unknown time zone 'Mars'"):
        parse("rate(1 day)", "Mars")
