"""The intrinsic functions of Amazon States Language, but for States.Format, which reads its template unevaluated."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.states.dice import Dice
from headgate.localcloud.states.jsonpath import PathSyntaxError

_LONGEST_TEXT = 10_000
_LONGEST_RANGE = 1000
_SMALLEST, _LARGEST = -(2**31), 2**31 - 1
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}


@dataclass(frozen=True, slots=True)
class Function:
    """A function and how many arguments it takes; `most` None is any number. `call` raises ValueError or TypeError."""

    call: Callable[[list[Any], Dice], Any]
    least: int
    most: int | None

    def check_count(self, name: str, count: int) -> None:
        """Raises PathSyntaxError for a number of arguments that the function does not take."""
        if count < self.least or (self.most is not None and count > self.most):
            wanted = f"{self.least}" if self.least == self.most else f"{self.least} to {self.most or 'any number of'}"
            raise PathSyntaxError(f"States.{name} takes {wanted} arguments, not {count}")


def _array(arguments: list[Any], _: Dice) -> list[Any]:
    return arguments


def _array_partition(arguments: list[Any], _: Dice) -> list[list[Any]]:
    items, size = _list(arguments[0]), _integer(arguments[1])
    if size <= 0:
        raise ValueError(f"the chunk size has to be above 0, not {size}")
    return [items[start : start + size] for start in range(0, len(items), size)]


def _array_contains(arguments: list[Any], _: Dice) -> bool:
    return any(_same(item, arguments[1]) for item in _list(arguments[0]))


def _array_range(arguments: list[Any], _: Dice) -> list[int]:
    first, last, step = (_integer(argument) for argument in arguments)
    if step == 0:
        raise ValueError("the increment must not be 0")
    values = range(first, last + (1 if step > 0 else -1), step)
    if len(values) > _LONGEST_RANGE:
        raise ValueError(f"a range has at most {_LONGEST_RANGE} items, not {len(values)}")
    return list(values)


def _array_get_item(arguments: list[Any], _: Dice) -> Any:
    items, index = _list(arguments[0]), _integer(arguments[1])
    if not 0 <= index < len(items):
        raise ValueError(f"there is no index {index} in an array of {len(items)}")
    return items[index]


def _array_length(arguments: list[Any], _: Dice) -> int:
    return len(_list(arguments[0]))


def _array_unique(arguments: list[Any], _: Dice) -> list[Any]:
    kept: list[Any] = []
    for item in _list(arguments[0]):
        if not any(_same(item, other) for other in kept):
            kept.append(item)
    return kept


def _base64_encode(arguments: list[Any], _: Dice) -> str:
    return base64.b64encode(_text(arguments[0]).encode()).decode()


def _base64_decode(arguments: list[Any], _: Dice) -> str:
    try:
        return base64.b64decode(_text(arguments[0]), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"the text is not Base64: {error}") from error


def _hash(arguments: list[Any], _: Dice) -> str:
    data, algorithm = arguments
    if algorithm not in _ALGORITHMS:
        raise ValueError(f"the algorithm has to be one of {', '.join(_ALGORITHMS)}, not {algorithm!r}")
    text = _text(data if isinstance(data, str) else compact(data))
    return hashlib.new(_ALGORITHMS[algorithm], text.encode(), usedforsecurity=False).hexdigest()


def _json_merge(arguments: list[Any], _: Dice) -> Any:
    one, other, deep = arguments
    if deep is not False:
        raise ValueError("only shallow merging exists: the third argument has to be false")
    if not isinstance(one, dict) or not isinstance(other, dict):
        raise TypeError("both arguments have to be JSON objects")
    return {**one, **other}


def _string_to_json(arguments: list[Any], _: Dice) -> Any:
    if arguments[0] is None or not isinstance(arguments[0], str):
        raise ValueError("the argument has to be a string")
    return json.loads(arguments[0]) if arguments[0].strip() else None


def _json_to_string(arguments: list[Any], _: Dice) -> str:
    return compact(arguments[0])


def _math_random(arguments: list[Any], dice: Dice) -> int:
    start, end = _integer(arguments[0]), _integer(arguments[1])
    if start >= end:
        raise ValueError(f"the start {start} has to be below the end {end}")
    if len(arguments) == 3:
        return random.Random(_integer(arguments[2])).randrange(start, end)
    return start + int(dice.fraction() * (end - start))


def _math_add(arguments: list[Any], _: Dice) -> int:
    total = _integer(arguments[0]) + _integer(arguments[1])
    if not _SMALLEST <= total <= _LARGEST:
        raise ValueError(f"the sum {total} is not within {_SMALLEST} to {_LARGEST}")
    return total


def _string_split(arguments: list[Any], _: Dice) -> list[str]:
    text, delimiters = arguments
    if not isinstance(text, str) or not isinstance(delimiters, str):
        raise TypeError("both arguments have to be strings")
    if not delimiters:
        return [text]
    return re.findall(f"[^{re.escape(delimiters)}]+", text)


def _uuid(_: list[Any], dice: Dice) -> str:
    return dice.uuid()


def _format(_: list[Any], __: Dice) -> str:
    raise ValueError("States.Format is evaluated where its template is known")


FUNCTIONS: dict[str, Function] = {
    "Array": Function(_array, 0, None),
    "ArrayContains": Function(_array_contains, 2, 2),
    "ArrayGetItem": Function(_array_get_item, 2, 2),
    "ArrayLength": Function(_array_length, 1, 1),
    "ArrayPartition": Function(_array_partition, 2, 2),
    "ArrayRange": Function(_array_range, 3, 3),
    "ArrayUnique": Function(_array_unique, 1, 1),
    "Base64Decode": Function(_base64_decode, 1, 1),
    "Base64Encode": Function(_base64_encode, 1, 1),
    "Format": Function(_format, 1, None),
    "Hash": Function(_hash, 2, 2),
    "JsonMerge": Function(_json_merge, 3, 3),
    "JsonToString": Function(_json_to_string, 1, 1),
    "MathAdd": Function(_math_add, 2, 2),
    "MathRandom": Function(_math_random, 2, 3),
    "StringSplit": Function(_string_split, 2, 2),
    "StringToJson": Function(_string_to_json, 1, 1),
    "UUID": Function(_uuid, 0, 0),
}


def compact(value: Any) -> str:
    """A value as JSON text without spaces, as Step Functions writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"the argument has to be an array, not {compact(value)}")
    return value


def _integer(value: Any) -> int:
    """A number as an integer, rounded as Step Functions does. Raises TypeError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"the argument has to be a number, not {compact(value)}")
    return int(value + 0.5) if isinstance(value, float) and value >= 0 else round(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"the argument has to be a string, not {compact(value)}")
    if len(value) > _LONGEST_TEXT:
        raise ValueError(f"the text has {len(value)} characters; the limit is {_LONGEST_TEXT}")
    return value


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: `true` is not `1`."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)
