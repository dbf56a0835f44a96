from __future__ import annotations

import pytest

from headgate.spec import did_you_mean, suggest


@pytest.mark.parametrize(
    ("word", "nearest"),
    [
        ("treshold", "threshold"),
        ("Threshold", "threshold"),
        ("max-jobs", "max_jobs"),
        ("zzz", None),
        ("", None),
    ],
)
def test_suggest_finds_the_nearest_choice(word: str, nearest: str | None) -> None:
    assert suggest(word, ["objective", "threshold", "max_jobs"]) == nearest


def test_suggest_has_nothing_to_say_without_choices() -> None:
    assert suggest("anything", []) is None


def test_did_you_mean_is_empty_when_nothing_is_near() -> None:
    assert did_you_mean("regon", ["region", "name"]) == "did you mean 'region'?"
    assert did_you_mean("zzz", ["region", "name"]) == ""
