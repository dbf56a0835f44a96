"""What differs between two sets of properties, and whether it can be changed in place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headgate.localcloud.cloudformation.registry.schemas import Schema
from headgate.localcloud.cloudformation.template.values import Unknown

Path = tuple[str, ...]


def changed_paths(old: Any, new: Any, path: Path = ()) -> Iterator[Path]:
    """Where two values differ, as deep as objects and lists of the same length go. An Unknown differs from anything."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            if key not in old or key not in new:
                yield (*path, key)
            else:
                yield from changed_paths(old[key], new[key], (*path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from changed_paths(one, other, (*path, str(index)))
    elif isinstance(new, Unknown) or old != new:
        yield path


def recreation(schema: Schema | None, path: Path) -> str:
    """`Always`, `Conditionally` or `Never`: whether a change at this path makes another physical resource."""
    if schema is None:
        return "Never"
    if any(_meets(path, only) for only in schema.create_only):
        return "Always"
    if any(_meets(path, only) for only in schema.conditionally_create_only):
        return "Conditionally"
    return "Never"


def _meets(path: Path, only: Path) -> bool:
    """Whether one path lies on the other; `*` is any item."""
    return all(right in (left, "*") for left, right in zip(path, only, strict=False))
