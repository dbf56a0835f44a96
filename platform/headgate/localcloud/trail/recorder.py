"""Between the guard and the history: which requests are kept, and what they looked like."""

from __future__ import annotations

from collections.abc import Callable

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Clock, HttpRequest, HttpResponse
from headgate.localcloud.server.parameters import Asked
from headgate.localcloud.sts.sessions import Sessions
from headgate.localcloud.trail.events import is_management, outcome_of, record_of
from headgate.localcloud.trail.history import EventHistory


class Recorder:
    """Keeps management events; `arrived` is told of each, by its size in bytes."""

    def __init__(self, history: EventHistory, sessions: Sessions, clock: Clock) -> None:
        self._history = history
        self._sessions = sessions
        self._clock = clock
        self.arrived: Callable[[int], None] = _nobody

    def record(
        self, request: HttpRequest, asked: Asked, owner: str, response: HttpResponse | None, error: AwsError | None
    ) -> None:
        """Keep one request, if it is a management event. An account's events are those of its callers and its own."""
        if not is_management(asked):
            return
        session = self._sessions.find(request.caller.access_key)
        outcome = outcome_of(response, error)
        event = record_of(request, asked, owner, outcome, session, self._clock.now())
        self.arrived(self._history.append(event))


def _nobody(size: int) -> None:
    """Told of an event of so many bytes before anybody listens."""
