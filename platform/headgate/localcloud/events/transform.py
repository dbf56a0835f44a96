"""What a target receives of an event: all of it, a part of it, a constant, or a text made from it.

Source: Amazon EventBridge User Guide, 'Amazon EventBridge input transformation'.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(r"<([A-Za-z0-9_.-]+)>")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_MISSING = object()


class InvalidTransformError(ValueError):
    """An input that EventBridge does not take, with the reason."""


def target_input(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, ingested: str) -> str:
    """The text that a target is given. `ingested` is when the event came in, as ISO 8601."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        found = lookup(event, target["InputPath"])
        return json.dumps(None if found is _MISSING else found)
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, rule_arn, ingested)
    return json.dumps(event)


def check_input(target: Mapping[str, Any]) -> None:
    """Raises InvalidTransformError for what could never be made."""
    given = [name for name in ("Input", "InputPath", "InputTransformer") if name in target]
    if len(given) > 1:
        raise InvalidTransformError(f"only one of {', '.join(given)} may be given")
    transformer = target.get("InputTransformer", {})
    for path in [
        *transformer.get("InputPathsMap", {}).values(),
        *([target["InputPath"]] if "InputPath" in target else []),
    ]:
        _steps(path)
    if "Input" in target:
        try:
            json.loads(target["Input"])
        except ValueError as error:
            raise InvalidTransformError(f"Input is not JSON: {error}") from error


def lookup(event: Any, path: str) -> Any:
    """The value at a path such as `$.detail.items[0].name`; a marker of this module when there is none."""
    value = event
    for step in _steps(path):
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else _MISSING
        else:
            value = value.get(step, _MISSING) if isinstance(value, Mapping) else _MISSING
        if value is _MISSING:
            return _MISSING
    return value


def _steps(path: str) -> list[str | int]:
    rest = path.removeprefix("$")
    steps = list(_STEP.finditer(rest))
    if not path.startswith("$") or "".join(step.group() for step in steps) != rest:
        raise InvalidTransformError(f"'{path}' is not a path such as $.detail.name")
    return [int(step[2]) if step[2] else step[1] or step[3] for step in steps]


def _transformed(transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, ingested: str) -> str:
    """A variable outside quotes becomes JSON, inside quotes its text."""
    values = {name: lookup(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    reserved = {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rsplit("/", 1)[-1],
        "aws.events.event.ingestion-time": ingested,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": dict(event),
    }
    values |= reserved
    template = transformer["InputTemplate"]
    is_text = template.startswith('"') and template.endswith('"') and "\n" not in template.strip()

    def put(match: re.Match[str]) -> str:
        name = match.group(1)
        if name not in values:
            return match.group()
        value = values[name]
        inside = is_text or _within_quotes(template, match.start())
        if value is _MISSING:
            return "" if inside else "null"
        if not inside:
            return json.dumps(value)
        text = value if isinstance(value, str) else json.dumps(value)
        return json.dumps(text)[1:-1]

    made = _VARIABLE.sub(put, template)
    try:
        return json.dumps(json.loads(made))
    except ValueError:
        return made


def _within_quotes(template: str, position: int) -> bool:
    """Whether a place in a template lies inside a JSON text."""
    inside, escaped = False, False
    for character in template[:position]:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"':
            inside = not inside
    return inside
