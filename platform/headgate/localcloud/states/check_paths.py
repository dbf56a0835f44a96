"""Paths and payload templates in a definition: whether they can be read at all."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.states import expressions, jsonpath
from headgate.localcloud.states.diagnostics import Findings
from headgate.localcloud.states.jsonpath import PathSyntaxError


def reference_path(path: Any, where: str, findings: Findings) -> None:
    """A path that a result can be put at."""
    try:
        if not isinstance(path, str) or path.startswith("$$"):
            raise PathSyntaxError(f"{path!r} is not a path into the input")
        jsonpath.parse_reference(path)
    except PathSyntaxError as error:
        findings.add(f"Value is not a Reference Path: {error}", where)


def read_path(path: Any, where: str, findings: Findings, *, functions: bool = False) -> None:
    """A path into the input or the context object; with `functions`, an intrinsic function will do as well."""
    try:
        if not isinstance(path, str):
            raise PathSyntaxError(f"{path!r} is not a string")
        if path.startswith("States.") and not functions:
            raise PathSyntaxError(f"'{path}' is a function; here only a path can stand")
        expressions.parse(path)
    except PathSyntaxError as error:
        findings.add(f"Value is not a valid JSONPath: {error}", where)


def template(value: Any, where: str, findings: Findings) -> None:
    """A payload template: every field whose name ends in `.$` has to hold a path or a function."""
    for name, inner in (
        value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
    ):
        here = f"{where}/{name}"
        if not isinstance(name, str) or not name.endswith(".$"):
            template(inner, here, findings)
            continue
        try:
            if not isinstance(inner, str):
                raise PathSyntaxError(f"{inner!r} is not a string")
            expressions.parse(inner)
        except PathSyntaxError as error:
            wanted = "must be a valid JSONPath or a valid intrinsic function call"
            findings.add(f"The value for the field '{name}' {wanted}: {error}", here)


def has_token(template: Any) -> bool:
    """Whether a payload template passes the task's token on."""
    if isinstance(template, list):
        return any(has_token(item) for item in template)
    if not isinstance(template, dict):
        return False
    return any(_holds_token(name, value) for name, value in template.items())


def _holds_token(name: str, value: Any) -> bool:
    if not name.endswith(".$"):
        return has_token(value)
    try:
        return isinstance(value, str) and expressions.uses_task_token(expressions.parse(value))
    except PathSyntaxError:
        return False
