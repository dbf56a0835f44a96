"""The JSONPath of batch transform's filters: member, index, slice and wildcard, as SageMaker documents it.

`$.a`, `$['a','b']`, `$[0]`, `$[-1]`, `$[0,2,5:]`, `$[1:]`, `$.*`, `$[*]`. Anything else is an error, never ignored.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_DOT = re.compile(r"\.([A-Za-z_][\w-]*|\*)")
_BRACKET = re.compile(r"\[\s*((?:'[^']*'|\"[^\"]*\"|[^\]'\"])*)\]")
_QUOTED = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\")\s*(,|$)")
_NUMBERS = re.compile(r"\s*(-?\d+)?\s*(?:(:)\s*(-?\d+)?)?\s*")


class PathError(ValueError):
    """The expression is none that SageMaker supports, or it selects what is not there."""


@dataclass(frozen=True, slots=True)
class _Names:
    names: tuple[str, ...]

    def select(self, value: Any, text: str) -> Any:
        if not isinstance(value, dict):
            raise PathError(f"{text} asks for a member of something that is no JSON object")
        missing = [name for name in self.names if name not in value]
        if missing:
            raise PathError(f"{text} asks for '{missing[0]}', which is not among {', '.join(sorted(value)) or 'none'}")
        if len(self.names) == 1:
            return value[self.names[0]]
        return {name: value[name] for name in self.names}


@dataclass(frozen=True, slots=True)
class _Positions:
    positions: tuple[int | slice, ...]

    def select(self, value: Any, text: str) -> Any:
        if not isinstance(value, list):
            raise PathError(f"{text} asks for a position in something that is no list")
        if len(self.positions) == 1 and isinstance(self.positions[0], int):
            return _item(value, self.positions[0], text)
        chosen: list[Any] = []
        for position in self.positions:
            chosen += value[position] if isinstance(position, slice) else [_item(value, position, text)]
        return chosen


@dataclass(frozen=True, slots=True)
class _Everything:
    def select(self, value: Any, text: str) -> Any:
        if isinstance(value, dict):
            return list(value.values())
        if isinstance(value, list):
            return value
        raise PathError(f"{text} asks for everything in something that is neither object nor list")


_Step = _Names | _Positions | _Everything


def _item(value: Sequence[Any], position: int, text: str) -> Any:
    if not -len(value) <= position < len(value):
        raise PathError(f"{text} asks for position {position}, but there are only {len(value)}")
    return value[position]


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A parsed expression."""

    text: str
    steps: tuple[_Step, ...]

    @property
    def is_identity(self) -> bool:
        return not self.steps

    def select(self, value: Any) -> Any:
        """The part of `value` that the expression names. Raises PathError if it is not there."""
        for step in self.steps:
            value = step.select(value, self.text)
        return value


def parse_path(text: str) -> JsonPath:
    """Parse an expression. Raises PathError."""
    if not text.startswith("$"):
        raise PathError(f"'{text}' is no JSONPath expression: it must begin with $")
    steps: list[_Step] = []
    position = 1
    while position < len(text):
        match = _DOT.match(text, position)
        if match:
            steps.append(_Everything() if match[1] == "*" else _Names((match[1],)))
        else:
            match = _BRACKET.match(text, position)
            if match is None:
                raise PathError(f"'{text}' is not supported from '{text[position:]}' on")
            steps.append(_bracket(text, match[1].strip()))
        position = match.end()
    return JsonPath(text, tuple(steps))


def _bracket(text: str, inner: str) -> _Step:
    if inner == "*":
        return _Everything()
    if inner[:1] in ("'", '"'):
        return _Names(_quoted(text, inner))
    positions: list[int | slice] = []
    for part in inner.split(","):
        match = _NUMBERS.fullmatch(part)
        if match is None or (match[1] is None and match[2] is None):
            raise PathError(f"'{text}' is not supported at '[{inner}]'")
        start, stop = (int(match[n]) if match[n] is not None else None for n in (1, 3))
        positions.append(slice(start, stop) if match[2] or start is None else start)
    return _Positions(tuple(positions))


def _quoted(text: str, inner: str) -> tuple[str, ...]:
    names: list[str] = []
    position = 0
    while position < len(inner):
        match = _QUOTED.match(inner, position)
        if match is None:
            raise PathError(f"'{text}' is not supported at '[{inner}]'")
        names.append(match[1] if match[1] is not None else match[2])
        position = match.end()
    return tuple(names)
