"""What evaluation works with beside plain JSON: the absent value and the value that nobody knows yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final


class _NoValue:
    """`AWS::NoValue`: the property that has it is as if it were not there."""

    def __repr__(self) -> str:
        return "AWS::NoValue"


NO_VALUE: Final = _NoValue()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that only an operation will know: of a resource that is yet to be made or replaced.

    `causes` are the logical ids that it waits for, with the attribute (`Bucket.Arn`) where one is asked for.
    """

    causes: frozenset[str]


def unknown_among(values: Any) -> Unknown | None:
    """The union of all unknown values within lists and mappings, or None."""
    causes: set[str] = set()
    _collect(values, causes)
    return Unknown(frozenset(causes)) if causes else None


def _collect(value: Any, causes: set[str]) -> None:
    if isinstance(value, Unknown):
        causes.update(value.causes)
    elif isinstance(value, dict):
        for item in value.values():
            _collect(item, causes)
    elif isinstance(value, list):
        for item in value:
            _collect(item, causes)


def without_absent(value: Any) -> Any:
    """The value without whatever is `AWS::NoValue`, in objects and lists alike."""
    if isinstance(value, dict):
        return {key: without_absent(item) for key, item in value.items() if item is not NO_VALUE}
    if isinstance(value, list):
        return [without_absent(item) for item in value if item is not NO_VALUE]
    return value


def as_text(value: Any) -> str:
    """A scalar as CloudFormation writes it into text: `true`, `5`, `0.5`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
