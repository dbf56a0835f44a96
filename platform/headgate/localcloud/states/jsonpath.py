"""JSONPath as Amazon States Language uses it: `$.orders[0].id`, `$..id`, `$.items[?(@.price < 10)]`.

A *definite* path names at most one place and answers with what is there; any other answers with a list. *Reference
paths* are definite ones: only they can be written to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

Item = TypeVar("Item")

Test = Callable[[Any, Any], bool]
"""A filter: given the candidate (`@`) and the whole document (`$`), whether the candidate stays."""

_NAME = re.compile(r"[^\s.\[\]()',\"*?@=!<>&|$]+")
_INTEGER = re.compile(r"-?\d+")
_SPACE = re.compile(r"\s*")


class PathSyntaxError(ValueError):
    """The text is no JSONPath that Amazon States Language knows."""


class PathNotFoundError(LookupError):
    """A definite path names a place that the document does not have."""


@dataclass(frozen=True, slots=True)
class Names:
    """`.name`, `['name']`, `['a', 'b']`."""

    names: tuple[str, ...]

    def select(self, node: Any, document: Any) -> Iterator[Any]:  # noqa: ARG002 - all segments share one signature
        if isinstance(node, dict):
            yield from (node[name] for name in self.names if name in node)


@dataclass(frozen=True, slots=True)
class Indexes:
    """`[0]`, `[-1]`, `[0, 2]`."""

    indexes: tuple[int, ...]

    def select(self, node: Any, document: Any) -> Iterator[Any]:  # noqa: ARG002
        if isinstance(node, list):
            yield from (node[index] for index in self.indexes if -len(node) <= index < len(node))


@dataclass(frozen=True, slots=True)
class Range:
    """`[1:3]`, `[:2]`, `[-2:]`, `[::2]`."""

    start: int | None
    end: int | None
    step: int | None

    def select(self, node: Any, document: Any) -> Iterator[Any]:  # noqa: ARG002
        if isinstance(node, list):
            yield from node[self.start : self.end : self.step]


@dataclass(frozen=True, slots=True)
class Wildcard:
    """`.*` and `[*]`."""

    def select(self, node: Any, document: Any) -> Iterator[Any]:  # noqa: ARG002
        if isinstance(node, dict):
            yield from node.values()
        elif isinstance(node, list):
            yield from node


@dataclass(frozen=True, slots=True)
class Filter:
    """`[?(@.price < 10)]`."""

    test: Test

    def select(self, node: Any, document: Any) -> Iterator[Any]:
        candidates = node if isinstance(node, list) else [node] if isinstance(node, dict) else []
        yield from (candidate for candidate in candidates if self.test(candidate, document))


@dataclass(frozen=True, slots=True)
class Descend:
    """`..`: the next segment, at this node and at everything below it."""

    then: Names | Indexes | Range | Wildcard | Filter

    def select(self, node: Any, document: Any) -> Iterator[Any]:
        yield from self.then.select(node, document)
        for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
            yield from self.select(below, document)


Segment = Names | Indexes | Range | Wildcard | Filter | Descend


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path; `text` is as it was written."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def definite(self) -> bool:
        return all(
            (isinstance(segment, Names) and len(segment.names) == 1)
            or (isinstance(segment, Indexes) and len(segment.indexes) == 1)
            for segment in self.segments
        )

    def read(self, document: Any) -> Any:
        """What the path names. Raises PathNotFoundError if it is definite and there is nothing."""
        found = self.matches(document)
        if not self.definite:
            return found
        if not found:
            raise PathNotFoundError(self.text)
        return found[0]

    def matches(self, document: Any) -> list[Any]:
        """All that the path names, in document order."""
        nodes = [document]
        for segment in self.segments:
            nodes = [found for node in nodes for found in segment.select(node, document)]
        return nodes

    def keys(self) -> tuple[str | int, ...]:
        """The way to the one place that a definite path names."""
        return tuple(
            segment.names[0] if isinstance(segment, Names) else segment.indexes[0]
            for segment in self.segments
            if isinstance(segment, Names | Indexes)
        )


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """Parse a whole path that begins with `$`. Raises PathSyntaxError."""
    path, end = parse_prefix(text, 0)
    if end != len(text):
        raise PathSyntaxError(f"'{text}' cannot be read from '{text[end:]}' on")
    return path


def parse_reference(text: str) -> Path:
    """Parse a reference path: one that names one place. Raises PathSyntaxError."""
    path = parse(text)
    if not path.definite:
        raise PathSyntaxError(f"'{text}' is not a reference path: it may name more than one place")
    return path


def parse_prefix(text: str, start: int) -> tuple[Path, int]:
    """The path at a position (`$` or, in filters, `@`), and where it ends. Raises PathSyntaxError."""
    if text[start : start + 1] not in ("$", "@"):
        raise PathSyntaxError(f"'{text}' does not begin with '$'")
    if _NAME.match(text, start + 1):
        raise PathSyntaxError(f"'{text}' names a variable; variables (Assign) are not supported by the local cloud")
    position, segments = start + 1, []
    while position < len(text) and text[position] in ".[":
        segment, position = _segment(text, position)
        segments.append(segment)
    return Path(text[start:position], tuple(segments)), position


def _segment(text: str, position: int) -> tuple[Segment, int]:
    if text.startswith("..", position):
        rest = position + 2
        then, end = _brackets(text, rest) if text.startswith("[", rest) else _dotted(text, rest)
        return Descend(then), end
    if text[position] == ".":
        if text.startswith("[", position + 1):
            return _brackets(text, position + 1)
        return _dotted(text, position + 1)
    return _brackets(text, position)


def _dotted(text: str, position: int) -> tuple[Names | Wildcard, int]:
    if text.startswith("*", position):
        return Wildcard(), position + 1
    match = _NAME.match(text, position)
    if match is None:
        raise PathSyntaxError(f"'{text}' has no name after '{text[:position]}'")
    if text.startswith("(", match.end()):
        raise PathSyntaxError(f"'{text}' calls '{match[0]}()'; functions in paths are not supported by the local cloud")
    return Names((match[0],)), match.end()


def _brackets(text: str, start: int) -> tuple[Names | Indexes | Range | Wildcard | Filter, int]:
    position = _skip(text, start + 1)
    if text.startswith("*", position):
        return Wildcard(), _close(text, position + 1)
    if text.startswith("?", position):
        from headgate.localcloud.states.jsonpath_filter import parse_filter

        test, end = parse_filter(text, _skip(text, position + 1))
        return Filter(test), _close(text, end)
    if text[position : position + 1] in ("'", '"'):
        names, end = _listed(text, position, quoted)
        return Names(tuple(names)), _close(text, end)
    return _numbers(text, position)


def _numbers(text: str, position: int) -> tuple[Indexes | Range, int]:
    parts: list[int | None] = []
    at = position
    while True:
        match = _INTEGER.match(text, at)
        parts.append(int(match[0]) if match else None)
        at = _skip(text, match.end() if match else at)
        if not text.startswith(":", at):
            break
        at = _skip(text, at + 1)
    if len(parts) in (2, 3):
        if len(parts) == 3 and parts[2] == 0:
            raise PathSyntaxError(f"'{text}' has a range with step 0")
        return Range(parts[0], parts[1], parts[2] if len(parts) == 3 else None), _close(text, at)
    numbers, end = _listed(text, position, _integer)
    return Indexes(tuple(numbers)), _close(text, end)


def _listed(text: str, position: int, read: Callable[[str, int], tuple[Item, int]]) -> tuple[list[Item], int]:
    items = []
    while True:
        item, position = read(text, position)
        items.append(item)
        position = _skip(text, position)
        if not text.startswith(",", position):
            return items, position
        position = _skip(text, position + 1)


def quoted(text: str, position: int) -> tuple[str, int]:
    """The text in single or double quotes at a position, and where it ends. Raises PathSyntaxError."""
    mark, letters, at = text[position], [], position + 1
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            letters.append(text[at + 1])
            at += 2
        elif text[at] == mark:
            return "".join(letters), at + 1
        else:
            letters.append(text[at])
            at += 1
    raise PathSyntaxError(f"'{text}' does not close the quote that it opens at '{text[position:]}'")


def _integer(text: str, position: int) -> tuple[int, int]:
    match = _INTEGER.match(text, position)
    if match is None:
        raise PathSyntaxError(f"'{text}' has neither number, name, range nor filter at '{text[position:]}'")
    return int(match[0]), match.end()


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position


def _close(text: str, position: int) -> int:
    position = _skip(text, position)
    if not text.startswith("]", position):
        raise PathSyntaxError(f"'{text}' misses ']' at '{text[position:]}'")
    return position + 1
