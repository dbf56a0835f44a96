"""Event patterns: which events a rule wants.

Source: Amazon EventBridge User Guide, 'Creating Amazon EventBridge event patterns' and 'Comparison operators'.
A pattern is compiled once; what EventBridge would refuse raises InvalidPatternError when it is compiled.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Matcher = Callable[[Any], bool]
"""Whether one value of an event (a scalar; `_ABSENT` where the event has none) is wanted."""

_ABSENT = object()
_COMPARISONS = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_OR = "$or"
_WILD = re.compile(r"\\[*\\]|[^\\]", re.DOTALL)
"""A character of a wildcard, or an escaped one."""


class InvalidPatternError(ValueError):
    """A pattern that EventBridge does not take, with the reason."""


class EventPattern:
    """A compiled pattern. `matches` takes the whole event, as JSON."""

    def __init__(self, text: str) -> None:
        try:
            pattern = json.loads(text)
        except ValueError as error:
            raise InvalidPatternError(f"the pattern is not JSON: {error}") from error
        if not isinstance(pattern, dict) or not pattern:
            raise InvalidPatternError("a pattern is an object with at least one field")
        self._test = _object(pattern, "")

    def matches(self, event: Mapping[str, Any]) -> bool:
        return self._test(event)


def _object(pattern: Mapping[str, Any], path: str) -> Callable[[Any], bool]:
    """All fields must match; an event's list of objects matches when one of its objects does."""
    tests = [
        _alternatives(value, path) if name == _OR else _field(name, value, f"{path}.{name}".lstrip("."))
        for name, value in pattern.items()
    ]

    def test(event: Any) -> bool:
        candidates = event if isinstance(event, list) else [event]
        if not candidates:
            candidates = [{}]
        return any(all(each(one if isinstance(one, Mapping) else {}) for each in tests) for one in candidates)

    return test


def _alternatives(value: Any, path: str) -> Callable[[Any], bool]:
    if not isinstance(value, list) or len(value) < 2 or not all(isinstance(each, dict) and each for each in value):
        raise InvalidPatternError(f"{path or 'the pattern'}: $or is a list of two or more objects")
    tests = [_object(each, path) for each in value]
    return lambda event: any(test(event) for test in tests)


def _field(name: str, value: Any, path: str) -> Callable[[Any], bool]:
    if isinstance(value, dict):
        if not value:
            raise InvalidPatternError(f"{path}: an empty object")
        inner = _object(value, path)
        return lambda event: inner(event.get(name, {}))
    if not isinstance(value, list) or not value:
        raise InvalidPatternError(f"{path}: the wanted values stand in a list that is not empty")
    matchers = [_matcher(each, path) for each in value]

    def test(event: Mapping[str, Any]) -> bool:
        found = event.get(name, _ABSENT)
        values = found if isinstance(found, list) else [found]
        if isinstance(found, dict):  # only leaves are compared; an object is none
            values = [_ABSENT]
        return any(matcher(each) for matcher in matchers for each in values or [_ABSENT])

    return test


def _matcher(wanted: Any, path: str) -> Matcher:
    if isinstance(wanted, dict):
        if len(wanted) != 1:
            raise InvalidPatternError(f"{path}: a comparison has exactly one operator, not {sorted(wanted)}")
        ((name, argument),) = wanted.items()
        if name not in _OPERATORS:
            raise InvalidPatternError(f"{path}: unknown operator '{name}'")
        return _OPERATORS[name](argument, path)
    if isinstance(wanted, list):
        raise InvalidPatternError(f"{path}: a list in a list")
    return lambda value: _same(value, wanted)


def _same(value: Any, wanted: Any) -> bool:
    """JSON's equality: true is not 1, and 1.0 is 1."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    return type(value) in {int, float, str, type(None)} and value == wanted


def _text(argument: Any, path: str, name: str) -> str:
    if not isinstance(argument, str) or not argument:
        raise InvalidPatternError(f"{path}: {name} takes text")
    return argument


def _insensitive(argument: Any) -> tuple[Any, bool]:
    """The text of a prefix or suffix, and whether capitals do not count."""
    if isinstance(argument, dict) and set(argument) == {"equals-ignore-case"}:
        return argument["equals-ignore-case"], True
    return argument, False


def _edge(name: str) -> Callable[[Any, str], Matcher]:
    method = {"prefix": str.startswith, "suffix": str.endswith}[name]

    def build(argument: Any, path: str) -> Matcher:
        text, folds = _insensitive(argument)
        text = _text(text, path, name)
        wanted = text.casefold() if folds else text
        return lambda value: isinstance(value, str) and method(value.casefold() if folds else value, wanted)

    return build


def _ignore_case(argument: Any, path: str) -> Matcher:
    wanted = _text(argument, path, "equals-ignore-case").casefold()
    return lambda value: isinstance(value, str) and value.casefold() == wanted


def _wildcard(argument: Any, path: str) -> Matcher:
    text = _text(argument, path, "wildcard")
    parts = _WILD.findall(text)
    if "".join(parts) != text or ("*", "*") in itertools.pairwise(parts):
        raise InvalidPatternError(f"{path}: wildcard has two * in a row, or a backslash before neither * nor backslash")
    expression = re.compile("".join(".*" if part == "*" else re.escape(part[-1]) for part in parts), re.DOTALL)
    return lambda value: isinstance(value, str) and expression.fullmatch(value) is not None


def _exists(argument: Any, path: str) -> Matcher:
    if not isinstance(argument, bool):
        raise InvalidPatternError(f"{path}: exists takes true or false")
    return lambda value: (value is not _ABSENT) is argument


def _numeric(argument: Any, path: str) -> Matcher:
    pairs = list(zip(argument[::2], argument[1::2], strict=False)) if isinstance(argument, list) else []
    sound = bool(pairs) and len(argument) % 2 == 0 and len(pairs) <= 2
    if not sound or not all(name in _COMPARISONS and _is_number(number) for name, number in pairs):
        raise InvalidPatternError(f'{path}: numeric takes a comparison and a number, or two, such as [">", 0, "<=", 5]')
    if len(pairs) == 2:
        (lower, bottom), (upper, top) = pairs
        if lower not in {">", ">="} or upper not in {"<", "<="} or bottom >= top:
            raise InvalidPatternError(f"{path}: a numeric range has its bottom first, and it is less than its top")
    return lambda value: _is_number(value) and all(_COMPARISONS[name](value, number) for name, number in pairs)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cidr(argument: Any, path: str) -> Matcher:
    try:
        network = ipaddress.ip_network(argument)
    except (ValueError, TypeError) as error:
        raise InvalidPatternError(f"{path}: cidr takes a network such as 10.0.0.0/24") from error

    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return test


def _anything_but(argument: Any, path: str) -> Matcher:
    """A field that is there and is none of these; what is absent matches nothing."""
    if isinstance(argument, dict):
        ((name, values),) = argument.items() if len(argument) == 1 else (("", None),)
        if name not in {"prefix", "suffix", "equals-ignore-case", "wildcard"}:
            raise InvalidPatternError(
                f"{path}: anything-but takes values, prefix, suffix, equals-ignore-case or wildcard"
            )
        refused = [_OPERATORS[name](each, path) for each in (values if isinstance(values, list) else [values])]
    else:
        values = argument if isinstance(argument, list) else [argument]
        if not values or not all(isinstance(each, str) or _is_number(each) for each in values):
            raise InvalidPatternError(f"{path}: anything-but takes texts or numbers")
        refused = [_matcher(each, path) for each in values]
    return lambda value: value is not _ABSENT and not any(matcher(value) for matcher in refused)


_OPERATORS: Mapping[str, Callable[[Any, str], Matcher]] = {
    "prefix": _edge("prefix"),
    "suffix": _edge("suffix"),
    "equals-ignore-case": _ignore_case,
    "wildcard": _wildcard,
    "exists": _exists,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}
