"""Wildcards and policy variables: `*`, `?` and `${key}` in the values of a policy, compiled to regular expressions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from headgate.localcloud.identity.errors import PolicyError

_VARIABLE = re.compile(r"\$\{(?P<body>[^}]*)\}")
_BODY = re.compile(r"\s*(?P<key>[^,\s']+(?: [^,']+)?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?")
_ESCAPED = {"*": "*", "?": "?", "$": "$"}
_ARN_COMPONENTS = 6


class _Wild(Enum):
    STAR = "*"
    ANY = "?"


@dataclass(frozen=True, slots=True)
class Variable:
    """A policy variable `${key, 'default'}`; `key` is in lower case."""

    key: str
    default: str | None = None


_Token = str | _Wild | Variable
Lookup = Callable[[str], str | None]
"""The value of a condition key in lower case, or None where the request has none. May raise UndecidableError."""


def tokens(text: str, *, variables: bool, wildcards: bool) -> tuple[_Token, ...]:
    """A pattern's parts. Raises PolicyError for a variable that is no `${key}` or `${key, 'default'}`."""
    found: list[_Token] = []
    end = 0
    for match in _VARIABLE.finditer(text) if variables else ():
        found += _plain(text[end : match.start()], wildcards=wildcards)
        found.append(_variable(match["body"], text))
        end = match.end()
    rest = text[end:]
    if variables and "${" in rest:
        raise PolicyError(f"the variable in {text!r} has no closing brace")
    return _merged([*found, *_plain(rest, wildcards=wildcards)])


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled value: without variables it is one regular expression, with them one per set of their values."""

    text: str
    tokens: tuple[_Token, ...]
    arn: bool
    expression: re.Pattern[str] | None
    ignore_case: bool = False

    def matches(self, value: str, lookup: Lookup) -> bool:
        """Whether a value matches. A variable without value matches nothing. Raises UndecidableError, by `lookup`."""
        if self.expression is not None:
            return self.expression.fullmatch(value) is not None
        bound: list[_Token] = []
        for token in self.tokens:
            if not isinstance(token, Variable):
                bound.append(token)
                continue
            found = lookup(token.key)
            found = token.default if found is None else found
            if found is None:
                return False
            bound.append(found)
        return _expression(_merged(bound), self.arn, self.ignore_case).fullmatch(value) is not None

    def resolved(self, lookup: Lookup) -> str | None:
        """The text with its variables' values in place; None where one has none. For values without wildcards."""
        parts = []
        for token in self.tokens:
            part: str | None
            if isinstance(token, Variable):
                part = lookup(token.key)
                part = token.default if part is None else part
            else:
                part = token.value if isinstance(token, _Wild) else token
            if part is None:
                return None
            parts.append(part)
        return "".join(parts)


def like(text: str, *, variables: bool, wildcards: bool = True, ignore_case: bool = False) -> Pattern:
    """A pattern over a whole string: `*` matches anything. Raises PolicyError."""
    return _pattern(tokens(text, variables=variables, wildcards=wildcards), text, arn=False, ignore_case=ignore_case)


def arn_like(text: str, *, variables: bool) -> Pattern:
    """A pattern over ARNs: compared component by component, so that `*` does not cross a colon but in the last one.

    Components that are missing at the end match anything, as in IAM. Raises PolicyError.
    """
    parts = tokens(text, variables=variables, wildcards=True)
    return _pattern(_completed(parts), text, arn=True, ignore_case=False)


def _pattern(parts: tuple[_Token, ...], text: str, *, arn: bool, ignore_case: bool) -> Pattern:
    dynamic = any(isinstance(part, Variable) for part in parts)
    return Pattern(text, parts, arn, None if dynamic else _expression(parts, arn, ignore_case), ignore_case)


def _variable(body: str, text: str) -> _Token:
    if body in _ESCAPED:
        return _ESCAPED[body]
    match = _BODY.fullmatch(body)
    if match is None:
        raise PolicyError(f"the variable ${{{body}}} in {text!r} is neither ${{key}} nor ${{key, 'default'}}")
    return Variable(match["key"].lower(), match["default"])


def _plain(text: str, *, wildcards: bool) -> list[_Token]:
    if not wildcards:
        return [text] if text else []
    return [_Wild(piece) if piece in "*?" else piece for piece in re.split(r"([*?])", text) if piece]


def _merged(parts: list[_Token]) -> tuple[_Token, ...]:
    """Neighbouring texts become one; runs of stars become one star."""
    merged: list[_Token] = []
    for part in parts:
        if merged and isinstance(part, str) and isinstance(merged[-1], str):
            merged[-1] += part
        elif not (part is _Wild.STAR and merged and merged[-1] is _Wild.STAR):
            merged.append(part)
    return tuple(merged)


def _completed(parts: tuple[_Token, ...]) -> tuple[_Token, ...]:
    colons = sum(part.count(":") for part in parts if isinstance(part, str))
    missing = _ARN_COMPONENTS - 1 - colons
    if missing <= 0:
        return parts
    padding: list[_Token] = []
    for _ in range(missing):
        padding += [":", _Wild.STAR]
    return _merged([*parts, *padding])


@lru_cache(maxsize=8192)
def _expression(parts: tuple[_Token, ...], arn: bool, ignore_case: bool) -> re.Pattern[str]:
    """Every star but the last is lazy inside an atomic group, so that matching never backtracks exponentially."""
    written: list[str] = []
    colons = 0
    for index, part in enumerate(parts):
        if isinstance(part, str):
            written.append(re.escape(part))
            colons += part.count(":")
            continue
        letter = "[^:]" if arn and colons < _ARN_COMPONENTS - 1 else "."
        if part is _Wild.ANY:
            written.append(letter)
        elif any(later is _Wild.STAR for later in parts[index + 1 :]):
            written.append(f"(?>{letter}*?")
        else:
            written.append(f"{letter}*")
    return re.compile(_closed(written), re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _closed(written: list[str]) -> str:
    """Close each atomic group before the next star: a lazy star and the text after it are found once and for all."""
    pieces: list[str] = []
    is_open = False
    for piece in written:
        is_star = piece.startswith("(?>") or piece in {".*", "[^:]*"}
        if is_star and is_open:
            pieces.append(")")
            is_open = False
        pieces.append(piece)
        is_open = is_open or piece.startswith("(?>")
    return "".join(pieces) + (")" if is_open else "")
