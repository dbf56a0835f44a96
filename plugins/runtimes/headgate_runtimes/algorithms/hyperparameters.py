"""Hyperparameters of built-in algorithms: what each may be, and what is wrong with one that is not.

A table of rules per algorithm; `parse` reads a request's strings against it and names every hyperparameter that it
refuses.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from headgate_runtimes.algorithms.errors import CustomerError

PLATFORM_PREFIX = "sagemaker_"


class Rule(Protocol):
    """What one hyperparameter may be."""

    @property
    def name(self) -> str: ...

    @property
    def required(self) -> bool: ...

    @property
    def expected(self) -> str:
        """What would be right, for the error text."""
        ...

    def read(self, text: str) -> Any:
        """The value. Raises ValueError when the text is none."""
        ...


@dataclass(frozen=True, slots=True)
class Number:
    """An integer or a real number within bounds; an open bound is not part of the range."""

    name: str
    integer: bool = False
    low: float | None = None
    high: float | None = None
    open_low: bool = False
    open_high: bool = False
    required: bool = False
    words: tuple[str, ...] = ()
    """Words that may stand instead of a number, such as `auto`."""

    @property
    def expected(self) -> str:
        what = "an integer" if self.integer else "a number"
        if self.low is not None:
            what += f" {'greater than' if self.open_low else 'of at least'} {self.low:g}"
        if self.high is not None:
            what += (
                f"{' and' if self.low is not None else ''} {'less than' if self.open_high else 'at most'} {self.high:g}"
            )
        return " or ".join([what, *(f"'{word}'" for word in self.words)])

    def read(self, text: str) -> int | float | str:
        if text in self.words:
            return text
        value = float(text)
        if value != value or (self.integer and not value.is_integer()):  # noqa: PLR0124  NaN is unlike itself
            raise ValueError(text)
        if self.low is not None and (value < self.low or (self.open_low and value == self.low)):
            raise ValueError(text)
        if self.high is not None and (value > self.high or (self.open_high and value == self.high)):
            raise ValueError(text)
        return int(value) if self.integer else value


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    name: str
    words: tuple[str, ...]
    required: bool = False

    @property
    def expected(self) -> str:
        return "one of " + ", ".join(self.words)

    def read(self, text: str) -> str:
        if text not in self.words:
            raise ValueError(text)
        return text


@dataclass(frozen=True, slots=True)
class Words:
    """A comma-separated list of words; `thresholds` may carry `@number`, as in `error@0.7`."""

    name: str
    words: tuple[str, ...]
    thresholds: tuple[str, ...] = ()
    required: bool = False

    @property
    def expected(self) -> str:
        ending = f" ({', '.join(self.thresholds)} with @number too)" if self.thresholds else ""
        return f"a comma-separated list of {', '.join(self.words)}{ending}"

    def read(self, text: str) -> list[str]:
        words = [word.strip() for word in text.strip("[]").replace("'", "").replace('"', "").split(",")]
        for word in words:
            name, _, threshold = word.partition("@")
            if threshold:
                float(threshold)
            if name not in (self.thresholds if threshold else self.words):
                raise ValueError(word)
        return words


@dataclass(frozen=True, slots=True)
class Text:
    """A value that the library reads itself, such as a tuple of constraints."""

    name: str
    expected: str
    required: bool = False

    def read(self, text: str) -> str:
        if not text.strip().startswith(("(", "[")):
            raise ValueError(text)
        return text


def parse(
    rules: Sequence[Rule], given: Mapping[str, str], aliases: Mapping[str, str], algorithm: str
) -> dict[str, Any]:
    """Read hyperparameters against an algorithm's rules.

    Args:
        rules: what the algorithm knows.
        given: the request's strings; those that steer the platform (`sagemaker_…`) are left out.
        aliases: other names, by the name they stand for.
        algorithm: its name, for messages.

    Raises:
        CustomerError: names every hyperparameter that is unknown, missing, given twice or wrong, and what is right.
    """
    known = {rule.name: rule for rule in rules}
    values: dict[str, Any] = {}
    problems: list[str] = []
    for name, text in sorted(given.items()):
        if name.startswith(PLATFORM_PREFIX):
            continue
        proper = aliases.get(name, name)
        rule = known.get(proper)
        if rule is None:
            near = difflib.get_close_matches(name, [*known, *aliases], n=1)
            hint = f"; did you mean '{near[0]}'" if near else ""
            problems.append(f"hyperparameter '{name}' is not one of {algorithm}'s{hint}")
        elif proper in values:
            problems.append(f"hyperparameter '{name}' says again what '{proper}' says")
        else:
            try:
                values[proper] = rule.read(text)
            except ValueError:
                problems.append(f"hyperparameter '{name}' must be {rule.expected}, not '{text}'")
    missing = [rule.name for rule in rules if rule.required and rule.name not in values]
    problems += [
        f"hyperparameter '{name}' is required: {known[name].expected}"
        for name in missing
        if not any(f"'{name}'" in problem for problem in problems)
    ]
    if problems:
        raise CustomerError("; ".join(problems))
    return values
