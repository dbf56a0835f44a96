"""What a field whose name ends in `.$` may hold: a path, a path into the context object, or an intrinsic function."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.states.dice import Dice
from headgate.localcloud.states.failures import INTRINSIC, StateError
from headgate.localcloud.states.intrinsics import FUNCTIONS
from headgate.localcloud.states.jsonpath import Path, PathSyntaxError, parse_prefix

_CALL = re.compile(r"States\.(\w+)\s*\(")
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORDS = {"true": True, "false": False, "null": None}
_DEEPEST = 10
"""How deep intrinsic functions may be nested."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can see: the state's data (`$`), the context object (`$$`), and dice for random values."""

    data: Any
    context: Json
    dice: Dice


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any

    def evaluate(self, scope: Scope) -> Any:  # noqa: ARG002 - all expressions share one signature
        return self.value


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted argument, as written: only States.Format reads its escaped braces."""

    raw: str

    def evaluate(self, scope: Scope) -> str:  # noqa: ARG002
        return re.sub(r"\\(.)", r"\1", self.raw, flags=re.DOTALL)


@dataclass(frozen=True, slots=True)
class DataPath:
    path: Path

    def evaluate(self, scope: Scope) -> Any:
        return self.path.read(scope.data)


@dataclass(frozen=True, slots=True)
class ContextPath:
    path: Path

    def evaluate(self, scope: Scope) -> Any:
        return self.path.read(scope.context)


@dataclass(frozen=True, slots=True)
class Call:
    """An intrinsic function with its arguments. `text` is the whole call."""

    name: str
    arguments: tuple[Expression, ...]
    text: str

    def evaluate(self, scope: Scope) -> Any:
        """Raises StateError (States.IntrinsicFailure) and PathNotFoundError."""
        if self.name == "Format":
            return self._format(scope)
        values = [argument.evaluate(scope) for argument in self.arguments]
        try:
            return FUNCTIONS[self.name].call(values, scope.dice)
        except (ValueError, TypeError, LookupError) as error:
            raise StateError(INTRINSIC, f"The function '{self.text}' failed: {error}") from error

    def _format(self, scope: Scope) -> str:
        template, *others = self.arguments
        raw = template.raw if isinstance(template, Text) else _escaped(template.evaluate(scope))
        values = [_text(argument.evaluate(scope)) for argument in others]
        pieces = re.split(r"(?<!\\)\{\}", raw)
        if len(pieces) != len(values) + 1:
            message = f"The function '{self.text}' has {len(pieces) - 1} places '{{}}' for {len(values)} arguments"
            raise StateError(INTRINSIC, message)
        filled = [re.sub(r"\\(.)", r"\1", piece, flags=re.DOTALL) for piece in pieces]
        return "".join(piece + value for piece, value in zip(filled, [*values, ""], strict=True))


Expression = Literal | Text | DataPath | ContextPath | Call


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The expression that a text is. Raises PathSyntaxError."""
    if not text.startswith(("$", "States.")):
        message = f"'{text}' is neither a path (it would begin with '$') nor an intrinsic function ('States.…')"
        raise PathSyntaxError(message)
    expression, end = _parse(text, 0, 0)
    if end != len(text):
        raise PathSyntaxError(f"'{text}' cannot be read from '{text[end:]}' on")
    return expression


def is_definite(text: str) -> bool:
    """Whether the text is a path that names at most one place."""
    expression = parse(text)
    return isinstance(expression, DataPath | ContextPath) and expression.path.definite


def uses_task_token(expression: Expression) -> bool:
    """Whether a task's token goes into the value: `$$.Task.Token`, or a path that contains it."""
    if isinstance(expression, Call):
        return any(uses_task_token(argument) for argument in expression.arguments)
    return isinstance(expression, ContextPath) and expression.path.text in ("$", "$.Task", "$.Task.Token")


def _parse(text: str, position: int, depth: int) -> tuple[Expression, int]:
    position = _skip(text, position)
    if text.startswith("$$", position):
        path, end = parse_prefix(text, position + 1)
        return ContextPath(path), end
    if text.startswith("$", position):
        path, end = parse_prefix(text, position)
        return DataPath(path), end
    if text.startswith("'", position):
        return _quoted(text, position)
    if call := _CALL.match(text, position):
        return _call(text, position, call, depth)
    for word, value in _WORDS.items():
        if text.startswith(word, position):
            return Literal(value), position + len(word)
    if number := _NUMBER.match(text, position):
        return Literal(json.loads(number[0])), number.end()
    raise PathSyntaxError(f"'{text}' has no argument that a function can take at '{text[position:]}'")


def _call(text: str, start: int, match: re.Match[str], depth: int) -> tuple[Call, int]:
    name = match[1]
    if name not in FUNCTIONS:
        raise PathSyntaxError(
            f"there is no intrinsic function 'States.{name}'; there are {', '.join(sorted(FUNCTIONS))}"
        )
    if depth >= _DEEPEST:
        raise PathSyntaxError(f"'{text}' nests functions deeper than {_DEEPEST} levels")
    arguments, position = [], _skip(text, match.end())
    while not text.startswith(")", position):
        argument, position = _parse(text, position, depth + 1)
        arguments.append(argument)
        position = _skip(text, position)
        if text.startswith(",", position):
            position = _skip(text, position + 1)
        elif not text.startswith(")", position):
            raise PathSyntaxError(f"'{text}' misses ',' or ')' at '{text[position:]}'")
    FUNCTIONS[name].check_count(name, len(arguments))
    return Call(name, tuple(arguments), text[start : position + 1]), position + 1


def _quoted(text: str, position: int) -> tuple[Text, int]:
    at = position + 1
    while at < len(text) and text[at] != "'":
        at += 2 if text[at] == "\\" else 1
    if at >= len(text):
        raise PathSyntaxError(f"'{text}' does not close the quote that it opens at '{text[position:]}'")
    return Text(text[position + 1 : at]), at + 1


def _escaped(value: Any) -> str:
    return str(value).replace("\\", "\\\\")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
