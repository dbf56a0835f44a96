"""What botocore's own validator leaves to the service: enumerations, patterns and upper limits of a request.

The wording is SageMaker's, because people search for it. Instance types are not held against the enumeration: new ones
appear faster than botocore is updated, and all of them are this machine anyway.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

_LONGEST_MATCHED = 4096
"""Longer texts are not matched against patterns: those are made for names, and some backtrack."""

_INSTANCE_TYPE = re.compile(r"(ml\.)?[a-z0-9-]+\.[a-z0-9.-]+|local(_gpu)?")


def violations(value: Any, shape: Any) -> list[str]:
    """Every constraint of the shape that the value breaks, in SageMaker's words; empty when it fits."""
    return list(_violations(value, shape, ()))


def _violations(value: Any, shape: Any, path: tuple[str, ...]) -> Iterator[str]:
    check = _CHECKS.get(shape.type_name)
    if check is not None:
        yield from check(value, shape, path)


def _structure(value: Any, shape: Any, path: tuple[str, ...]) -> Iterator[str]:
    members = shape.members
    for name, member in value.items():
        if name in members:
            yield from _violations(member, members[name], (*path, name))


def _list(value: Any, shape: Any, path: tuple[str, ...]) -> Iterator[str]:
    yield from _too_many(value, shape, path)
    for index, element in enumerate(value, start=1):
        yield from _violations(element, shape.member, (*path, str(index), "member"))


def _map(value: Any, shape: Any, path: tuple[str, ...]) -> Iterator[str]:
    yield from _too_many(value, shape, path)
    for key, element in value.items():
        yield from _violations(key, shape.key, path)
        yield from _violations(element, shape.value, (*path, key, "member"))


def _number(value: Any, shape: Any, path: tuple[str, ...]) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and value > most:
        yield _say(value, path, f"Member must have value less than or equal to {most}")


def _text(value: str, shape: Any, path: tuple[str, ...]) -> Iterator[str]:
    if shape.enum and value not in shape.enum and not _is_instance_type(value, shape):
        yield _say(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    most = shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield _say(value, path, f"Member must have length less than or equal to {most}")
    pattern = shape.metadata.get("pattern")
    if pattern and len(value) <= _LONGEST_MATCHED:
        compiled = _compiled(pattern)
        if compiled is not None and not compiled.fullmatch(_by_category(value) if r"\p{" in pattern else value):
            yield _say(value, path, f"Member must satisfy regular expression pattern: {pattern}")


_CHECKS: dict[str, Callable[[Any, Any, tuple[str, ...]], Iterator[str]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _text,
    **dict.fromkeys(("integer", "long", "float", "double"), _number),
}


def _is_instance_type(value: str, shape: Any) -> bool:
    return shape.name.endswith("InstanceType") and bool(_INSTANCE_TYPE.fullmatch(value))


def _too_many(value: Any, shape: Any, path: tuple[str, ...]) -> Iterator[str]:
    most = shape.metadata.get("max")
    if most is not None and len(value) > most:
        yield _say(f"{len(value)} entries", path, f"Member must have length less than or equal to {most}")


def _say(value: Any, path: tuple[str, ...], constraint: str) -> str:
    member = ".".join(part[:1].lower() + part[1:] for part in path)
    return f"Value '{str(value)[:200]}' at '{member}' failed to satisfy constraint: {constraint}"


_PROPERTIES = {
    r"\p{L}": "a-zA-Z",
    r"\p{M}": "\u0300",
    r"\p{N}": "0-9",
    r"\p{P}": r"!-#%-*,-/:;?@\[-\]_{}",
    r"\p{S}": r"$+<=>\^`|~",
    r"\p{Z}": " ",
    r"\p{Alnum}": "a-zA-Z0-9",
}
"""Java's properties of characters, inside of brackets, for a text that `_by_category` has reduced."""

_STANDS_FOR = {"L": "a", "M": "\u0300", "N": "0", "P": "!", "S": "$", "Z": " "}


def _by_category(text: str) -> str:
    """The text with each character outside of ASCII as one of the same Unicode category; control characters as NUL."""
    return "".join(char if char.isascii() else _STANDS_FOR.get(unicodedata.category(char)[0], "\0") for char in text)


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    r"""Java's pattern as Python's; None when Python has nothing like it.

    Botocore's patterns say `\p{L}`, which Python lacks, and repeat an anchor (`${1,256}`), which means the anchor.
    """
    for java, python in _PROPERTIES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(re.sub(r"(?<!\\)\$\{\d+,\d+\}", "$", pattern))
    except re.error:
        return None
