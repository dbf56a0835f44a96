"""Around every request: it arrives, is read, admitted, answered, and taken note of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from headgate.localcloud.authorization.changes import changes_policies
from headgate.localcloud.authorization.gate import Gate
from headgate.localcloud.authorization.networks import Networks
from headgate.localcloud.authorization.versions import Versions
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import HttpRequest, HttpResponse
from headgate.localcloud.server import parameters
from headgate.localcloud.server.parameters import Asked

Answer = Callable[[HttpRequest], HttpResponse]


class Recorder(Protocol):
    """Keeps what happened (CloudTrail)."""

    def record(
        self, request: HttpRequest, asked: Asked, owner: str, response: HttpResponse | None, error: AwsError | None
    ) -> None:
        """One request: who asked for what, which account's it was, and how it ended."""
        ...


class Guard:
    """Lets a request through to whoever answers it, if the gate does."""

    def __init__(self, gate: Gate, networks: Networks, versions: Versions, recorder: Recorder) -> None:
        self._gate = gate
        self._networks = networks
        self._versions = versions
        self._recorder = recorder

    def answer(self, request: HttpRequest, answer: Answer) -> HttpResponse:
        """The answer, or AwsError: that of the gate, or that of who answers.

        What has no way to the service is refused, and noted nowhere: it never got there.
        """
        request, endpoint = self._networks.arrive(request)
        asked, request = parameters.read(request)
        owner, response, failure = request.caller.account, None, None
        try:
            passed = self._gate.admit(request, asked, endpoint)
            owner = passed.owner_account
            response = answer(passed.request)
        except AwsError as error:
            failure = error
            raise
        finally:
            if changes_policies(request.service, asked.operation, request.method):
                self._versions.changed(request.service)
            self._recorder.record(request, asked, owner, response, failure)
        return response
