"""The one place where errors are printed: one screen, secrets masked, with the exit code that belongs to them.

0 done; 1 something failed, or the reader of our output went away; 2 the user's mistake; 130 interrupted (Ctrl-C).
With `--output json` an error is one JSON object on standard output, so that a machine always reads JSON there.
"""

from __future__ import annotations

import errno
import itertools
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import click

from headgate.cli.common import style, to_json
from headgate.errors import FailedError, HeadgateError, UserError
from headgate.spec.secrets import mask

INTERRUPTED = 130
MOST_DETAILS = 12
LONGEST_LINE = 600
_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class UsageMistakeError(UserError):
    """A wrong option or argument."""

    code = "usage"


def guarded(call: Callable[[], Any], arguments: Sequence[str]) -> int:
    """Make a call and turn what comes of it into an exit code, printing errors. An int that it returns is the code."""
    as_json = asks_for_json(arguments)
    try:
        result = call()
        sys.stdout.flush()
    except (HeadgateError, click.ClickException) as error:
        return _print(error, as_json)
    except (KeyboardInterrupt, click.Abort):
        print(style("interrupted", "yellow", sys.stderr), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        _drop_output()
        return 1  # as click does when it notices first
    except Exception as error:
        known = _of_system(error)
        return _print(known, as_json) if known else _print_bug(error, as_json)
    return result if isinstance(result, int) else 0


def asks_for_json(arguments: Sequence[str]) -> bool:
    """Whether `--output json` is among the arguments, known even when they cannot be parsed."""
    return "--output=json" in arguments or ("--output", "json") in itertools.pairwise(arguments)


def failure_of(call: Callable[[], Any]) -> FailedError | None:
    """Make a call, and return the failure that it raises: what was done before it is still to be shown."""
    try:
        call()
    except FailedError as error:
        return error
    return None


def tell(error: HeadgateError) -> None:
    """Print an error that comes beside a result, on standard error whatever `--output` says."""
    print(render(error), file=sys.stderr)


def _of_click(error: click.ClickException) -> HeadgateError:
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "headgate"
        return UsageMistakeError(message, next_command=f"{path} --help")
    return UserError(message)


def _of_system(error: Exception) -> HeadgateError | None:
    """What is nobody's bug: a full disk, files of others, and calls that the cloud refuses."""
    if isinstance(error, OSError) and error.errno in _FULL:
        place = str(error.filename) if error.filename else None
        return FailedError(f"nothing more can be written: {os.strerror(error.errno or 0).lower()}", where=place)
    if isinstance(error, OSError) and error.errno in _REFUSED and error.filename:
        return FailedError(f"this user may not do that: {os.strerror(error.errno).lower()}", where=str(error.filename))
    response = getattr(error, "response", None)
    if type(error).__module__.partition(".")[0] == "botocore" and isinstance(response, dict) and "Error" in response:
        refused = response["Error"]
        return FailedError(
            f"the cloud refused {getattr(error, 'operation_name', 'a call')}: {refused.get('Code')}: "
            f"{refused.get('Message')}"
        )
    return None


def render(error: HeadgateError) -> str:
    """An error on one screen: what was wrong, where, what would be right, the next command."""
    lines = [f"{style('error:', 'red', sys.stderr)} {error.message}"]
    if error.where:
        lines.append(f"  at {error.where}")
    if error.expected:
        lines.append(f"  expected: {error.expected}")
    lines += [f"  - {detail}" for detail in error.details[:MOST_DETAILS]]
    if len(error.details) > MOST_DETAILS:
        lines.append(f"  - and {len(error.details) - MOST_DETAILS} more (all of them: --output json)")
    if error.next_command:
        lines.append(f"{style('next:', 'cyan', sys.stderr)} {error.next_command}")
    return "\n".join(_short(mask(line)) for line in lines)


def _print(error: HeadgateError | click.ClickException, as_json: bool) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        error = _of_click(error)
    if as_json:
        _say_json(error.as_json())
    else:
        print(render(error), file=sys.stderr)
    return error.exit_code


def _print_bug(error: Exception, as_json: bool) -> int:
    trace = mask("".join(traceback.format_exception(error)))
    print(trace, file=sys.stderr, end="")
    whose = "" if getattr(error, "__notes__", None) else "this is a bug in Headgate: "
    advice = "report it with the trace above and the output of `headgate --version` and `headgate plugins list`"
    print(f"{style('error:', 'red', sys.stderr)} {whose}{advice}", file=sys.stderr)
    if as_json:
        _say_json({"error": "bug", "message": f"{type(error).__name__}: {error}", "trace": trace.splitlines()})
    return 1


def _say_json(error: dict[str, object]) -> None:
    try:
        print(to_json(masked(error)), flush=True)
    except OSError as lost:
        _drop_output()
        print(
            f"{style('error:', 'red', sys.stderr)} standard output cannot be written: {lost.strerror}", file=sys.stderr
        )


def _drop_output() -> None:
    """Standard output goes nowhere from now on, or Python complains again when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def masked(value: Any) -> Any:
    """JSON with the secrets in its texts masked."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: masked(item) for name, item in value.items()}
    return [masked(item) for item in value] if isinstance(value, (list, tuple)) else value


def _short(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"
