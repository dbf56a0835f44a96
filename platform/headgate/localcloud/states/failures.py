"""How states fail: error names of Amazon States Language, and which names of a Retry or Catch they match."""

from __future__ import annotations

from collections.abc import Sequence

ALL = "States.ALL"
BRANCH_FAILED = "States.BranchFailed"
DATA_LIMIT = "States.DataLimitExceeded"
EXCEED_TOLERATED = "States.ExceedToleratedFailureThreshold"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
INTRINSIC = "States.IntrinsicFailure"
NO_CHOICE = "States.NoChoiceMatched"
PARAMETER_PATH = "States.ParameterPathFailure"
PERMISSIONS = "States.Permissions"
RESULT_PATH = "States.ResultPathMatchFailure"
RUNTIME = "States.Runtime"
TASK_FAILED = "States.TaskFailed"
TIMEOUT = "States.Timeout"

KNOWN = frozenset(
    {
        ALL,
        BRANCH_FAILED,
        DATA_LIMIT,
        EXCEED_TOLERATED,
        HEARTBEAT_TIMEOUT,
        INTRINSIC,
        NO_CHOICE,
        PARAMETER_PATH,
        PERMISSIONS,
        RESULT_PATH,
        RUNTIME,
        TASK_FAILED,
        TIMEOUT,
        "States.ItemReaderFailed",
        "States.ResultWriterFailed",
        "States.Http.Socket",
    }
)
"""Names with the prefix `States.` are reserved; a Retry or Catch may name no others of them."""

_TERMINAL = frozenset({RUNTIME, DATA_LIMIT})
"""What `States.ALL` does not match."""


class StateError(Exception):
    """A state has failed. `error` is what Retry and Catch match, `cause` is for people."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


def matches(error: str, names: Sequence[str]) -> bool:
    """Whether an error is one of those that a Retry or Catch names in `ErrorEquals`."""
    return any(_matches(error, name) for name in names)


def _matches(error: str, name: str) -> bool:
    if name == error:
        return True
    if name == ALL:
        return error not in _TERMINAL
    if name == TASK_FAILED:
        return not error.startswith("States.") or error == PERMISSIONS
    return name == TIMEOUT and error == HEARTBEAT_TIMEOUT
