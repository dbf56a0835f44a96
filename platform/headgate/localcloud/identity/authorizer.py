"""One question for a whole request: may this caller do this operation with these parameters?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.directory import Directory
from headgate.localcloud.identity.evaluate import Decision
from headgate.localcloud.identity.principals import Principal
from headgate.localcloud.identity.requests import Needed
from headgate.localcloud.seams import Caller, Clock


@dataclass(frozen=True, slots=True)
class Authorization:
    """The decision about a request, and the account that has to answer it.

    `needed` is what decided: the first that was denied, else the request's main one; None if nothing was needed.
    """

    decision: Decision
    owner_account: str
    principal: Principal
    needed: Needed | None = None

    @property
    def message(self) -> str:
        """AWS's text of an AccessDenied for this request; empty when it is allowed."""
        if self.decision.allowed or self.needed is None:
            return ""
        who = f"User: {self.principal.shown}" if self.principal.arn else f"Principal: {self.principal.shown}"
        return (
            f"{who} is not authorized to perform: {self.needed.action} on resource: {self.needed.resource} "
            f"{self.decision.reason}"
        )

    def require(self, code: str = "AccessDeniedException") -> None:
        """Raises AwsError with a service's own error code (`AccessDenied` for S3, STS, IAM, …) unless allowed."""
        if not self.decision.allowed:
            raise AwsError(code, self.message, status=403)


class Authorizer:
    """Asks the directory once per principal and version, and decides every request from compiled policies."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock

    def authorize(self, service: str, operation: str, parameters: Mapping[str, Any], caller: Caller) -> Authorization:
        """Decide a request.

        Raises AwsError: 403 for an operation that the tables do not know (unless an account's root that no service
        control policy governs asks for it), and for a caller who does not exist.
        """
        raise AwsError("AccessDenied", f"{service} {operation}: the authorizer is not wired yet", status=403)
