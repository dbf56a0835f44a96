"""'Did you mean': the one helper behind every nearest match that Headgate prints."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def suggest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that looks most like `word`, or None when none is near.

    Upper and lower case, `-` and `_` count as the same; ties go to the choice that comes first.
    """
    folded: dict[str, str] = {}
    for choice in choices:
        folded.setdefault(_fold(choice), choice)
    matches = difflib.get_close_matches(_fold(word), folded, n=1, cutoff=0.6)
    return folded[matches[0]] if matches else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """`did you mean 'x'?`, or nothing: to be appended to an error."""
    nearest = suggest(word, choices)
    return f"did you mean '{nearest}'?" if nearest else ""


def one_of(word: str, choices: Iterable[str], *, otherwise: str = "none: there is none") -> str:
    """`one of a, b; did you mean 'a'?`: what an error expects instead of a wrong name; `otherwise` without choices."""
    names = list(choices)
    if not names:
        return otherwise
    return "; ".join(filter(None, ["one of " + ", ".join(names), did_you_mean(word, names)]))


def _fold(word: str) -> str:
    return word.casefold().replace("_", "-")
