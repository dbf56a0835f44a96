"""Calling a handler as AWS's Python runtime does: arguments, context, and every way it can fail.

Runs in a forked child; imports nothing but the standard library.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Context:
    """The handler's second argument (docs.aws.amazon.com/lambda/latest/dg/python-context.html)."""

    identity = None
    client_context = None

    def __init__(self, call: dict[str, Any], deadline: float) -> None:
        self.function_name: str = call["name"]
        self.function_version: str = call["version"]
        self.invoked_function_arn: str = call["arn"]
        self.memory_limit_in_mb = str(call["memory"])
        self.aws_request_id: str = call["request_id"]
        self.log_group_name: str = call["log_group"]
        self.log_stream_name: str = call["log_stream"]
        self._deadline = deadline

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class HandlerError(Exception):
    """The handler could not be called, or its result not be returned; `kind` is AWS's name for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def call_handler(call: dict[str, Any]) -> dict[str, Any]:
    """Import and run; returns {"failed": bool, "payload": JSON text}. Prints an error's traceback, as AWS logs it."""
    try:
        function = load(call["handler"])
        context = Context(call, time.monotonic() + call["timeout"])
        result = function(json.loads(call["event"]), context)
        try:
            return {"failed": False, "payload": json.dumps(result)}
        except (TypeError, ValueError) as error:
            raise HandlerError("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
    except HandlerError as error:
        _say(f"[ERROR] {error.kind}: {error}")
        return _failure(error.kind, str(error), call["request_id"], [])
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
        message = f"RequestId: {call['request_id']} Error: Runtime exited with error: exit status {status}"
        return _failure("Runtime.ExitError", message, call["request_id"], None)
    except BaseException as error:
        frames = traceback.extract_tb(error.__traceback__)[1:]
        trace = traceback.format_list(frames)
        _say(f"[ERROR] {type(error).__name__}: {error}\nTraceback (most recent call last):\n{''.join(trace)}")
        return _failure(type(error).__name__, str(error), call["request_id"], trace)


def load(handler: str) -> Callable[[Any, Context], Any]:
    """The function that `package/module.function` names. Raises HandlerError."""
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise HandlerError("Runtime.MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack")
    module_name = module_name.replace("/", ".")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise HandlerError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        raise HandlerError("Runtime.UserCodeSyntaxError", message) from error
    function = getattr(module, name, None)
    if function is None:
        raise HandlerError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    found: Callable[[Any, Context], Any] = function
    return found


def forget_bundled(folders: list[str]) -> None:
    """Drop preloaded packages that the function brings itself, so that its own versions are imported."""
    bundled = {
        path.stem for folder in folders for path in Path(folder).iterdir() if path.is_dir() or path.suffix == ".py"
    }
    for name in list(sys.modules):
        top = name.partition(".")[0]
        if top in bundled and top not in sys.stdlib_module_names and top != "headgate":
            del sys.modules[name]


def _say(text: str) -> None:
    """Standard output is the function's log."""
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def _failure(kind: str, message: str, request_id: str, trace: list[str] | None) -> dict[str, Any]:
    error: dict[str, Any] = {"errorMessage": message, "errorType": kind, "requestId": request_id}
    if trace is not None:
        error["stackTrace"] = trace
    return {"failed": True, "payload": json.dumps(error)}
