"""How data flows through a state: InputPath, Parameters, ResultSelector, ResultPath, OutputPath. Pure functions."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

from headgate.localcloud.states import expressions, jsonpath
from headgate.localcloud.states.expressions import Expression, Scope
from headgate.localcloud.states.failures import DATA_LIMIT, PARAMETER_PATH, RESULT_PATH, RUNTIME, StateError
from headgate.localcloud.states.intrinsics import compact
from headgate.localcloud.states.jsonpath import PathNotFoundError

LARGEST = 262_144
"""The largest input or output of a state, in bytes of UTF-8."""


def select(field: str, path: str | None, scope: Scope) -> Any:
    """What InputPath, OutputPath, ItemsPath or the like names; None (JSON null) is an empty object.

    Raises StateError (States.Runtime) if there is nothing.
    """
    if path is None:
        return {}
    try:
        return expressions.parse(path).evaluate(scope)
    except PathNotFoundError as error:
        raise StateError(RUNTIME, _not_found(path, field, scope)) from error


def fill(field: str, template: Any, scope: Scope) -> Any:
    """A payload template with its `.$` fields replaced. Raises StateError (States.ParameterPathFailure)."""
    if isinstance(template, dict):
        return dict(_filled(field, name, value, scope) for name, value in template.items())
    if isinstance(template, list):
        return [fill(field, item, scope) for item in template]
    return template


def place(result: Any, path: str | None, raw: Any) -> Any:
    """The raw input with a result put at ResultPath; None (JSON null) drops the result. Raises StateError."""
    if path is None:
        return raw
    keys = jsonpath.parse_reference(path).keys()
    if not keys:
        return result
    whole = copy.deepcopy(raw)
    _place(whole, keys, result, path, raw)
    return whole


def check_size(value: Any, what: str) -> None:
    """Raises StateError (States.DataLimitExceeded) for what is too large to be passed on."""
    if len(compact(value).encode()) > LARGEST:
        message = f"{what} is larger than {LARGEST} bytes, the limit of what a state can pass on"
        raise StateError(DATA_LIMIT, message)


def _filled(field: str, name: str, value: Any, scope: Scope) -> tuple[str, Any]:
    if not name.endswith(".$"):
        return name, fill(field, value, scope)
    expression = expressions.parse(value)
    try:
        return name.removesuffix(".$"), expression.evaluate(scope)
    except PathNotFoundError as error:
        missing = str(value) if not isinstance(expression, expressions.Call) else str(error)
        raise StateError(PARAMETER_PATH, _not_found(missing, name, scope, expression)) from error


def _not_found(path: str, field: str, scope: Scope, expression: Expression | None = None) -> str:
    of_context = path.startswith("$$") or isinstance(expression, expressions.ContextPath)
    where = "context object" if of_context else "input"
    seen = scope.context if of_context else scope.data
    return (
        f"The JSONPath '{path}' specified for the field '{field}' could not be found in the {where} '{compact(seen)}'"
    )


def _place(node: Any, keys: tuple[str | int, ...], result: Any, path: str, raw: Any) -> None:
    """Walk to the last key but one, making objects on the way, then set it."""
    for key, following in pairwise(keys):
        if isinstance(key, str) and isinstance(node, dict):
            node = node.setdefault(key, {} if isinstance(following, str) else [])
        elif isinstance(key, int) and isinstance(node, list) and 0 <= key < len(node):
            node = node[key]
        else:
            raise _no_place(path, raw)
    last = keys[-1]
    named = isinstance(last, str) and isinstance(node, dict)
    numbered = isinstance(last, int) and isinstance(node, list) and 0 <= last < len(node)
    if not named and not numbered:
        raise _no_place(path, raw)
    node[last] = result


def _no_place(path: str, raw: Any) -> StateError:
    return StateError(RESULT_PATH, f"Unable to apply ReferencePath {path} to input {compact(raw)}")
