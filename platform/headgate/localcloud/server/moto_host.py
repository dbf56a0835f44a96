"""moto as a guest of the daemon: started in the background, one request at a time, everything it holds durable.

A request that may change something is written to the journal before moto sees it, together with its time and a
random seed. At start the journal is replayed with the same times and seeds, so that ids, credentials and dates come
out the same. One lock orders requests as the journal does; a Lambda handler runs outside it, because it will
call back, and what it returned is in the journal too, so that no handler runs twice.
"""

from __future__ import annotations

import gc
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Clock, HttpRequest, HttpResponse, Json
from headgate.localcloud.server import moto_app
from headgate.localcloud.server.journal import Journal, Record
from headgate.localcloud.server.moto_app import MotoApp
from headgate.localcloud.server.moto_determinism import Moment, at, install
from headgate.localcloud.server.moto_replay import (
    Call,
    LostResultError,
    Replay,
    fingerprint,
    record_head,
    request_of,
    unwrap,
)
from headgate.localcloud.server.moto_sqs import is_empty, read_poll
from headgate.localcloud.server.operations import changes_state, operation_name

Answer = TypeVar("Answer")

_POLL_SECONDS = 0.5
"""How often a waiting ReceiveMessage looks again: delayed messages appear with time, without a request."""

_LOG = logging.getLogger(__name__)


class _Thread(threading.local):
    call: Call | None = None
    has_turn: bool = False


class MotoHost:
    """Answers requests with moto. `start` returns at once; the first requests wait until moto is there."""

    def __init__(self, journal: Journal, clock: Clock, prepare: Callable[[], None], warm: tuple[str, ...] = ()) -> None:
        self._journal = journal
        self._clock = clock
        self._prepare = prepare
        self._warm = warm
        self._turn = threading.Lock()
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._app: MotoApp | None = None
        self._thread = _Thread()
        self._number = 0
        self._replay: Replay | None = None

    def start(self) -> None:
        """Import moto and replay the journal in the background."""
        threading.Thread(target=self._start, name="moto", daemon=True).start()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until moto holds everything again. Raises AwsError when it could not start."""
        ready = self._ready.wait(timeout)
        if self._failure is not None:
            raise moto_app.not_ready(repr(self._failure)) from self._failure
        return ready

    @property
    def ready(self) -> bool:
        return self._ready.is_set() and self._failure is None

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request. Raises AwsError."""
        body = request.body.read()
        self.wait()
        operation = operation_name(request, body)
        if (request.service, operation) == ("sqs", "ReceiveMessage"):
            return self._receive(request, body)
        if not changes_state(request.service, operation, request.method):
            with self._my_turn():
                return self._call(request, body, operation)
        with self._my_turn():
            call, moment, head = self._begin(request)
            self._journal.append(head, body)
            try:
                response = self._run(call, moment, request, body, operation)
            finally:
                self._tell()
            self._journal.append({"kind": "done", "call": call.number, "answer": fingerprint(response)})
        return response

    def _receive(self, request: HttpRequest, body: bytes) -> HttpResponse:
        """Poll between other requests' turns. What is found is journaled as if it had been asked for just then."""
        started = time.monotonic()
        while True:
            with self._my_turn():
                poll = read_poll(request, body)
                call, moment, head = self._begin(request)
                response = self._run(call, moment, request, poll.body, "ReceiveMessage")
                empty = is_empty(response)
                if poll.moves or not empty:
                    self._journal.append(head, poll.body)
            left = started + poll.wait - time.monotonic()
            if not empty or left <= 0:
                return response
            with self._changed:
                self._changed.wait(min(left, _POLL_SECONDS))

    def _begin(self, request: HttpRequest) -> tuple[Call, Moment, Json]:
        """Number, moment and journal record of a request about to change something."""
        self._number += 1
        seed, now = secrets.token_hex(8), self._clock.now()
        return Call(self._number), Moment(seed, now), record_head(self._number, seed, now, request)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def look(self, question: Callable[[], Answer]) -> Answer:
        """Ask moto's own objects something, in their turn; it must change nothing. Moto's own threads may ask too."""
        if self._thread.has_turn:
            return question()
        self.wait()
        with self._my_turn():
            return question()

    def outside(self, work: Callable[[], Json]) -> Json:
        """Do something that must happen once only, outside moto's turn: other requests go on meanwhile.

        What it returns is journaled with the request being worked on, and a replay returns it without doing it again.
        """
        call = self._thread.call
        if self._replay is not None:
            return self._replay.result(call)
        with self._yielded():
            result: Json = {}
            try:
                result = {"value": work()}
            except AwsError as error:
                result = {"error": [error.code, error.message, error.status]}
            except Exception as error:
                result = {"error": ["InternalFailure", repr(error), 500]}
                raise
            finally:
                if call is not None:
                    call.results += 1
                    self._journal.append({"kind": "result", "call": call.number, "index": call.results, **result})
        return unwrap(result)

    def close(self) -> None:
        self._journal.close()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        with self._turn:
            self._thread.has_turn = True
            try:
                yield
            finally:
                self._thread.has_turn = False

    @contextmanager
    def _yielded(self) -> Iterator[None]:
        """Let others have their turn; a thread of moto's own never had it."""
        if not self._thread.has_turn:
            yield
            return
        self._thread.has_turn = False
        self._turn.release()
        try:
            yield
        finally:
            self._turn.acquire()
            self._thread.has_turn = True

    def _call(self, request: HttpRequest, body: bytes, operation: str) -> HttpResponse:
        if self._app is None:
            raise moto_app.not_ready("it is not loaded")
        return self._app.call(request, body, operation)

    def _run(self, call: Call, moment: Moment, request: HttpRequest, body: bytes, operation: str) -> HttpResponse:
        outer = self._thread.call
        self._thread.call = call
        try:
            with at(moment):
                return self._call(request, body, operation)
        finally:
            self._thread.call = outer

    def _start(self) -> None:
        try:
            with self._my_turn():
                moto_app.configure()
                install(self._clock.now, self._epoch())
                self._prepare()
                self._app = MotoApp()
                self._replay = Replay(self._journal, self._again)
                self._number = self._replay_all(self._replay)
                self._replay = None
        except BaseException as error:
            _LOG.exception("moto failed to start")
            self._failure = error
        finally:
            self._ready.set()
        if self._failure is None:
            self._import_ahead()

    def _replay_all(self, replay: Replay) -> int:
        """Everything made during a replay stays, so looking for garbage meanwhile is wasted time."""
        started = time.monotonic()
        gc.disable()
        try:
            number = replay.run()
        finally:
            gc.enable()
        if number:
            _LOG.info("replayed %d requests to moto in %.1f s", replay.requests, time.monotonic() - started)
        for record in replay.different:
            _LOG.warning("request %d to moto was answered differently when it was replayed", record)
        return number

    def _epoch(self) -> float:
        """When this folder's moto came into being: the journal's first record."""
        for record in self._journal.read():
            return float(record.head["created"])
        import moto

        now = self._clock.now()
        self._journal.append({"kind": "start", "created": now, "moto": moto.__version__, "format": 1})
        return now

    def _import_ahead(self) -> None:
        """Load services that are likely to be called, so that their first call is quick."""
        from moto.backends import get_backend

        for service in self._warm:
            with self._my_turn():
                get_backend(service)  # type: ignore[call-overload]
        gc.collect()
        gc.freeze()

    def _again(self, record: Record) -> str:
        """Do a request again; returns its answer's fingerprint, empty if it failed."""
        request = request_of(record)
        operation = operation_name(request, record.body)
        call = Call(record.head["call"])
        try:
            moment = Moment(record.head["seed"], record.head["now"])
            return fingerprint(self._run(call, moment, request, record.body, operation))
        except (AwsError, LostResultError):
            _LOG.debug("replay: %s %s answered with an error, as it did before", request.service, operation)
        except Exception:
            _LOG.warning("replay: %s %s raised", request.service, operation, exc_info=True)
        return ""
