"""Between the guard and the history: which requests are kept, and what they looked like."""

from __future__ import annotations

from collections.abc import Callable

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Clock, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.parameters import Asked
from headgate.localcloud.sts.sessions import Sessions
from headgate.localcloud.trail.events import is_management, outcome_of, record_of
from headgate.localcloud.trail.history import EventHistory

Answered = Callable[[HttpRequest, Asked, str, HttpResponse | None], None]
"""A request, what it asked for, whose resources it was about, and its answer."""


class Recorder:
    """Keeps management events; `arrived` is told of each by its size in bytes, `told` by what it says.

    `answered` hears of every request, data or not.
    """

    def __init__(self, history: EventHistory, sessions: Sessions, clock: Clock) -> None:
        self._history = history
        self._sessions = sessions
        self._clock = clock
        self.arrived: Callable[[int], None] = _nobody
        self.told: Callable[[Json], None] = _unheard
        self.answered: Answered = _unanswered

    def record(
        self, request: HttpRequest, asked: Asked, owner: str, response: HttpResponse | None, error: AwsError | None
    ) -> None:
        """Keep one request, if it is a management event. An account's events are those of its callers and its own."""
        self.answered(request, asked, owner, response)
        if not is_management(asked):
            return
        session = self._sessions.find(request.caller.access_key)
        outcome = outcome_of(response, error)
        self.keep(record_of(request, asked, owner, outcome, session, self._clock.now()))

    def keep(self, event: Json) -> None:
        """Keep an event that is made already."""
        self.arrived(self._history.append(event))
        self.told(event)


def _unheard(event: Json) -> None:
    """Told of an event before anybody listens."""


def _unanswered(request: HttpRequest, asked: Asked, owner: str, response: HttpResponse | None) -> None:
    """Told of an answer before anybody listens."""


def _nobody(size: int) -> None:
    """Told of an event of so many bytes before anybody listens."""
