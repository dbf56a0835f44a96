"""The rules of Choice states: which comparison operators there are, and where a value leads."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.states import expressions
from headgate.localcloud.states.expressions import Scope
from headgate.localcloud.states.failures import NO_CHOICE, RUNTIME, StateError
from headgate.localcloud.states.jsonpath import PathNotFoundError

_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "GreaterThan": operator.gt,
    "LessThanEquals": operator.le,
    "GreaterThanEquals": operator.ge,
}


def timestamp(value: Any) -> datetime | None:
    """A moment as Amazon States Language spells it (RFC 3339 with T and a zone); None for anything else."""
    if not isinstance(value, str) or not _TIMESTAMP.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Any) -> float | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else value


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


_KINDS: Mapping[str, Callable[[Any], Any]] = {"String": _text, "Numeric": _number, "Timestamp": timestamp}


def _matches(value: str, pattern: str) -> bool:
    return _pattern(pattern).fullmatch(value) is not None


def _comparison(read: Callable[[Any], Any], compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Compare two values of one kind; values of another kind never match."""

    def compared(value: Any, expected: Any) -> bool:
        one, other = read(value), read(expected)
        return one is not None and other is not None and compare(one, other)

    return compared


OPERANDS: Mapping[str, Callable[[Any], Any]] = {
    **{f"{kind}{order}": read for kind, read in _KINDS.items() for order in _ORDERS},
    "BooleanEquals": _truth,
    "StringMatches": _text,
}
"""Comparisons that also exist with `Path` after their name, but for StringMatches, and what reads their operand."""

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    **{
        f"{kind}{order}": _comparison(read, compare)
        for kind, read in _KINDS.items()
        for order, compare in _ORDERS.items()
    },
    "BooleanEquals": _comparison(_truth, operator.eq),
    "StringMatches": _comparison(_text, _matches),
}

_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "IsNull": lambda value: value is None,
    "IsNumeric": lambda value: _number(value) is not None,
    "IsString": lambda value: isinstance(value, str),
    "IsBoolean": lambda value: isinstance(value, bool),
    "IsTimestamp": lambda value: timestamp(value) is not None,
}

TESTS = frozenset(_TESTS) | {"IsPresent"}
PATH_VARIANTS = frozenset(f"{name}Path" for name in OPERANDS if name != "StringMatches")
COMBINATIONS = frozenset({"And", "Or", "Not"})
OPERATORS = frozenset(OPERANDS) | PATH_VARIANTS | TESTS


def choose(state: Json, scope: Scope) -> str:
    """The name of the state that a Choice leads to. Raises StateError: NoChoiceMatched, Runtime for a missing path."""
    for rule in state["Choices"]:
        if holds(rule, scope):
            return str(rule["Next"])
    if "Default" in state:
        return str(state["Default"])
    raise StateError(NO_CHOICE, "No choice rule matched, and the state has no Default")


def holds(rule: Json, scope: Scope) -> bool:
    """Whether a rule matches. Raises StateError (States.Runtime) when its variable names nothing."""
    if "And" in rule:
        return all(holds(one, scope) for one in rule["And"])
    if "Or" in rule:
        return any(holds(one, scope) for one in rule["Or"])
    if "Not" in rule:
        return not holds(rule["Not"], scope)
    return _compare(rule, next(member for member in rule if member in OPERATORS), scope)


def _compare(rule: Json, name: str, scope: Scope) -> bool:
    expected = rule[name]
    if name == "IsPresent":
        return _present(rule["Variable"], scope) == bool(expected)
    value = _read(rule["Variable"], scope)
    if name in _TESTS:
        return _TESTS[name](value) == bool(expected)
    if name in PATH_VARIANTS:
        return _COMPARISONS[name.removesuffix("Path")](value, _read(expected, scope))
    return _COMPARISONS[name](value, expected)


def _present(path: str, scope: Scope) -> bool:
    try:
        found = expressions.parse(path).evaluate(scope)
    except PathNotFoundError:
        return False
    return bool(found) or expressions.is_definite(path)


def _read(path: str, scope: Scope) -> Any:
    try:
        return expressions.parse(path).evaluate(scope)
    except PathNotFoundError as error:
        message = f"Invalid path '{path}': The choice state's condition path references an invalid value."
        raise StateError(RUNTIME, message) from error


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    r"""A StringMatches pattern: `*` stands for any characters, `\*` for itself."""
    pieces = re.findall(r"\\.|\*|[^\\*]+|\\$", text, flags=re.DOTALL)
    return re.compile(
        "".join(".*" if piece == "*" else re.escape(re.sub(r"\\(.)", r"\1", piece)) for piece in pieces), re.DOTALL
    )
