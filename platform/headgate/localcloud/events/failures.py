"""Why a delivery failed: whether to try again, and what the dead-letter queue is told.

Source: Amazon EventBridge User Guide, 'Using dead-letter queues to process undelivered events in EventBridge'.
"""

from __future__ import annotations

from headgate.localcloud.errors import AwsError

_THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})
_PASSING = _THROTTLED | {"ServiceUnavailable"}
_MISSING = ("NotFound", "NonExistent", "DoesNotExist", "NoSuch")
_DENIED = ("AccessDenied", "AuthorizationError", "UnauthorizedOperation", "NotAuthorized")


class RoleError(Exception):
    """The target's role could not be assumed; the cause is why."""


def passes(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    cause = _cause(error)
    code, status = _answer(cause)
    if not status:
        return type(cause).__module__.startswith("botocore")
    return (status >= 500 and status != 501) or code in _PASSING


def error_code(error: Exception) -> str:
    """EventBridge's word for the reason."""
    if isinstance(error, RoleError):
        return "FAILED_TO_ASSUME_ROLE"
    code, status = _answer(error)
    if status == 403 or any(word in code for word in _DENIED):
        return "NO_PERMISSIONS"
    if any(word in code for word in _MISSING):
        return "NO_RESOURCE"
    if code in _THROTTLED:
        return "THROTTLING"
    if not status:
        return "CONNECTION_FAILURE" if type(error).__module__.startswith("botocore") else "INVALID_PARAMETER"
    return "ERROR_FROM_TARGET" if status >= 500 else "SDK_CLIENT_ERROR"


def _cause(error: Exception) -> Exception:
    cause = error.__cause__
    return cause if isinstance(error, RoleError) and isinstance(cause, Exception) else error


def _answer(error: Exception) -> tuple[str, int]:
    """Code and HTTP status of an error answer; no status when it is none."""
    if isinstance(error, AwsError):
        return error.code, error.status
    response = getattr(error, "response", None)
    if response is None:
        return "", 0
    return str(response.get("Error", {}).get("Code", "")), int(
        response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    )
