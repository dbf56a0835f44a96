"""How a function of the control plane says that something went wrong.

Step Functions knows a Python exception by the name of its class, so these names stand in the state machines too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class ControlError(Exception):
    """Whatever a handler raises on purpose; its text is one sentence for people."""


class Refused(ControlError):  # noqa: N818 - the name is the error name in the state machines
    """It will not go through however often it is tried: what was wrong, and what would be right."""


class CallFailed(ControlError):  # noqa: N818 - likewise
    """A call to AWS was answered with an error. `code` is AWS's error code, `why` the error's own Reason where it has
    one (Organizations' errors do); `reasons` those of a transaction.
    """

    def __init__(
        self,
        service: str,
        operation: str,
        code: str,
        message: str,
        reasons: Sequence[Mapping[str, Any]] = (),
        why: str = "",
    ) -> None:
        super().__init__(f"{service} {operation} failed: {code}: {message}")
        self.service = service
        self.operation = operation
        self.code = code
        self.message = message
        self.reasons = tuple(reasons)
        self.why = why


class Transient(CallFailed):
    """The same call may go through a moment later: throttling, a fault on the other side, a connection lost."""
