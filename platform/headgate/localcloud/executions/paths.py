"""Property paths: `ModelArtifacts.S3ModelArtifacts`, `Outputs['train'].S3Uri`, `TrainingJobSummaries[0]`.

The same grammar serves references into a step's properties and the paths of `Std:JsonGet`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Segment = str | int

_TOKEN = re.compile(
    r"""
    (?:^|\.) (?P<bare>[^.\[\]'"]+)       # a member
    | \[ (?P<index>\d+) \]               # a place in a list
    | \[ (?P<quote>['"]) (?P<key>.*?) (?P=quote) \]  # a key, which may hold dots
    """,
    re.VERBOSE,
)

_NAMING_MEMBERS = ("OutputName", "InputName", "ChannelName", "MetricName", "Name", "AlgorithmName")
"""Lists of named things are addressed by name: `ProcessingOutputConfig.Outputs['train']` (SageMaker does the same)."""


class PathError(ValueError):
    """A path that does not parse, or leads nowhere; the text says where it ended and what is there."""


def parse_path(text: str) -> tuple[Segment, ...]:
    """Split a path into members and indexes; a leading `$` (JSONPath) is allowed. Raises PathError."""
    rest = text[1:].removeprefix(".") if text.startswith("$") else text
    segments: list[Segment] = []
    position = 0
    while position < len(rest):
        match = _TOKEN.match(rest, position)
        if match is None:
            message = f"'{text}' is not a property path: cannot read it from '{rest[position:]}' on"
            raise PathError(message)
        if match["index"] is not None:
            segments.append(int(match["index"]))
        else:
            segments.append(match["bare"] if match["bare"] is not None else match["key"])
        position = match.end()
    return tuple(segments)


def format_path(path: Sequence[Segment]) -> str:
    """Write a path back as text."""
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
        elif re.fullmatch(r"[\w-]+", segment):
            text += f".{segment}" if text else segment
        else:
            text += f"['{segment}']"
    return text


def descend(value: Any, path: Sequence[Segment]) -> Any:
    """The value that a path leads to. Raises PathError, which names the last place that exists."""
    for depth, segment in enumerate(path):
        try:
            value = _child(value, segment)
        except (KeyError, IndexError) as error:
            where = format_path(path[:depth]) or "the top"
            message = f"'{format_path(path)}' does not exist: at {where} there is {_what_is_there(value)}"
            raise PathError(message) from error
    return value


def _child(value: Any, segment: Segment) -> Any:
    if isinstance(value, dict):
        return value[segment] if segment in value else value[str(segment)]
    if isinstance(value, list) and isinstance(segment, int):
        return value[segment]
    if isinstance(value, list):
        for element in value:
            if isinstance(element, dict) and any(element.get(member) == segment for member in _NAMING_MEMBERS):
                return element
    raise KeyError(segment)


def _what_is_there(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {', '.join(sorted(map(str, value))) or 'no members'}"
    if isinstance(value, list):
        names = [
            str(element[member])
            for element in value
            if isinstance(element, dict)
            for member in _NAMING_MEMBERS
            if member in element
        ]
        return f"a list of {len(value)}" + (f" ({', '.join(names)})" if names else "")
    return f"the value {value!r}"
