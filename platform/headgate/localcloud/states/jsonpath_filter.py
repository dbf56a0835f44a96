"""Filters of JSONPath: `@.price < 10 && (@.kind == 'a' || !@.sold)`, compiled to a function."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from typing import Any

from headgate.localcloud.states.jsonpath import Path, PathSyntaxError, Test, parse_prefix, quoted

_SPACE = re.compile(r"\s*")
_OPERATOR = re.compile(r"==|!=|<=|>=|<|>")
_LITERAL = re.compile(r"true\b|false\b|null\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MISSING = object()

Operand = Callable[[Any, Any], Any]
"""A value of a filter, given the candidate and the document; `_MISSING` where its path names nothing."""


def parse_filter(text: str, position: int) -> tuple[Test, int]:
    """The filter in parentheses at a position, and where it ends. Raises PathSyntaxError."""
    if not text.startswith("(", position):
        raise PathSyntaxError(f"'{text}' has a filter without parentheses at '{text[position:]}'")
    return _group(text, position)


def _group(text: str, position: int) -> tuple[Test, int]:
    test, position = _either(text, position + 1)
    position = _skip(text, position)
    if not text.startswith(")", position):
        raise PathSyntaxError(f"'{text}' misses ')' in its filter at '{text[position:]}'")
    return test, position + 1


def _either(text: str, position: int) -> tuple[Test, int]:
    test, position = _both(text, position)
    while text.startswith("||", position := _skip(text, position)):
        other, position = _both(text, position + 2)
        test = _or(test, other)
    return test, position


def _both(text: str, position: int) -> tuple[Test, int]:
    test, position = _single(text, position)
    while text.startswith("&&", position := _skip(text, position)):
        other, position = _single(text, position + 2)
        test = _and(test, other)
    return test, position


def _single(text: str, position: int) -> tuple[Test, int]:
    position = _skip(text, position)
    if text.startswith("!", position):
        test, position = _single(text, position + 1)
        return _not(test), position
    if text.startswith("(", position):
        return _group(text, position)
    left, position = _operand(text, position)
    position = _skip(text, position)
    match = _OPERATOR.match(text, position)
    if match is None:
        return (lambda candidate, document: left(candidate, document) is not _MISSING), position
    right, position = _operand(text, _skip(text, match.end()))
    return _comparison(match[0], left, right), position


def _operand(text: str, position: int) -> tuple[Operand, int]:
    start = text[position : position + 1]
    if start in ("@", "$"):
        path, end = parse_prefix(text, position)
        return _reader(path, of_document=start == "$"), end
    if start in ("'", '"'):
        literal, end = quoted(text, position)
        return (lambda _candidate, _document: literal), end
    match = _LITERAL.match(text, position)
    if match is None:
        raise PathSyntaxError(f"'{text}' has no value that a filter can compare at '{text[position:]}'")
    value = json.loads(match[0])
    return (lambda _candidate, _document: value), match.end()


def _reader(path: Path, *, of_document: bool) -> Operand:
    def read(candidate: Any, document: Any) -> Any:
        found = path.matches(document if of_document else candidate)
        if not path.definite:
            return found
        return found[0] if found else _MISSING

    return read


def _comparison(name: str, left: Operand, right: Operand) -> Test:
    def compare(candidate: Any, document: Any) -> bool:
        one, other = left(candidate, document), right(candidate, document)
        if name in ("==", "!="):
            return _same(one, other) == (name == "==")
        comparable = (_number(one) and _number(other)) or (isinstance(one, str) and isinstance(other, str))
        return comparable and _ORDERS[name](one, other)

    return compare


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: `true` is not `1`."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _or(one: Test, other: Test) -> Test:
    return lambda candidate, document: one(candidate, document) or other(candidate, document)


def _and(one: Test, other: Test) -> Test:
    return lambda candidate, document: one(candidate, document) and other(candidate, document)


def _not(test: Test) -> Test:
    return lambda candidate, document: not test(candidate, document)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
