"""Reading a request's parameters by dotted paths, and filling them into ARNs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from headgate.localcloud.seams import Caller

Parameters = Mapping[str, Any]

_PLACEHOLDER = re.compile(r"\{([A-Za-z0-9_.\[\]-]+)\}")
_ARN_ACCOUNT = re.compile(r"arn:[^:]*:[^:]*:[^:]*:(\d{12}):")
_NOWHERE = "*"


@lru_cache(maxsize=4096)
def _steps(path: str) -> tuple[tuple[str, bool], ...]:
    return tuple((step.removesuffix("[]"), step.endswith("[]")) for step in path.split("."))


def values(parameters: Parameters, path: str) -> list[Any]:
    """Everything that a path such as `ProductionVariants[].InstanceType` leads to; absent members are left out."""
    found: list[Any] = [parameters]
    for name, each in _steps(path):
        members = [item[name] for item in found if isinstance(item, Mapping) and item.get(name) is not None]
        found = [item for member in members for item in member] if each else members
    return found


def at(parameters: Parameters, path: str) -> Any:
    """The first thing that a path leads to, or None."""
    return next(iter(values(parameters, path)), None)


def text(value: Any) -> str | None:
    """A condition key's value as IAM compares it; None for what is no scalar."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None


def texts(found: list[Any]) -> tuple[str, ...] | None:
    """Several values, each once and in order; None when there is none."""
    kept = dict.fromkeys(value for item in found if (value := text(item)) is not None)
    return tuple(kept) or None


def owner(arn: str, caller: Caller) -> str:
    """The account in an ARN, the caller's for `*`, and nothing for ARNs that name none."""
    if arn == _NOWHERE:
        return caller.account
    match = _ARN_ACCOUNT.match(arn)
    return match[1] if match else ""


@lru_cache(maxsize=4096)
def _pieces(template: str) -> tuple[tuple[str, str], ...]:
    """Alternating fixed text and path of a template: `("arn:aws:s3:::", "Bucket"), ("/", "Key")`."""
    parts = _PLACEHOLDER.split(template)
    parts.append("")
    return tuple(zip(parts[::2], parts[1::2], strict=True))


def filled(template: str, parameters: Parameters, caller: Caller) -> Iterator[str]:
    """The ARNs of a template. A parameter that is an ARN itself is the ARN; one that is absent matches anything.

    A path with `[]` gives one ARN per item; when the list is empty there is one ARN with a star in its place.
    """
    made = [""]
    for fixed, path in _pieces(template):
        made = [start + fixed for start in made]
        if not path:
            continue
        found = _fill(path, parameters, caller)
        whole = [value for value in found if value.startswith("arn:")]
        if whole:
            yield from whole
            found = [value for value in found if not value.startswith("arn:")]
            if not found:
                return
        made = [start + value for start in made for value in found]
    yield from made


def _fill(path: str, parameters: Parameters, caller: Caller) -> list[str]:
    if path == "region":
        return [caller.region]
    if path == "account":
        return [caller.account]
    return [value for item in values(parameters, path) if (value := text(item)) is not None] or ["*"]
