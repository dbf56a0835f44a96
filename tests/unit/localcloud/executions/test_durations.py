from __future__ import annotations

import pytest

from headgate.localcloud.executions.durations import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT1H", 3600),
        ("P30D", 30 * 86_400),
        ("p30d", 30 * 86_400),
        ("30d", 30 * 86_400),
        ("T16m", 16 * 60),
        ("30dT5h", 30 * 86_400 + 5 * 3600),
        ("P1Y2M1W", (365 + 60 + 7) * 86_400),
        ("PT1.5S", 1.5),
    ],
)
def test_reads_iso_8601_and_short_forms(text: str, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "P", "PT", "5", "one day", "P1H"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an ISO 8601 duration"):
        seconds(text)
