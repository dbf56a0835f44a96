"""moto as a guest of the daemon: started in the background, one request at a time, everything it holds durable.

A request that may change something is written to the journal before moto sees it, together with its time and a
random seed. At start the journal is replayed with the same times and seeds, so that ids, credentials and dates come
out the same. One lock orders requests as the journal does; a Lambda handler runs outside it, because it will
call back, and what it returned is in the journal too, so that no handler runs twice.
"""

from __future__ import annotations

import io
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Clock, HttpRequest, HttpResponse, Json
from headgate.localcloud.server import moto_app
from headgate.localcloud.server.journal import Journal, Record
from headgate.localcloud.server.moto_app import MotoApp
from headgate.localcloud.server.moto_determinism import Moment, at, install
from headgate.localcloud.server.moto_sqs import is_empty, read_poll
from headgate.localcloud.server.operations import changes_state, operation_name

Answer = TypeVar("Answer")

_POLL_SECONDS = 0.5
"""How often a waiting ReceiveMessage looks again: delayed messages appear with time, without a request."""

_LOG = logging.getLogger(__name__)
_KEPT_HEADERS = frozenset({"authorization", "content-type", "content-encoding", "host", "user-agent"})


@dataclass(slots=True)
class _Call:
    """A journaled request while moto works on it; `results` counts what came from outside."""

    number: int
    results: int = 0


class _Thread(threading.local):
    call: _Call | None = None
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
        self._replay: _Replay | None = None

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
            response = self._run(call, moment, request, body, operation)
        self._tell()
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

    def _begin(self, request: HttpRequest) -> tuple[_Call, Moment, Json]:
        """Number, moment and journal record of a request about to change something."""
        self._number += 1
        seed, now = secrets.token_hex(8), self._clock.now()
        return _Call(self._number), Moment(seed, now), _head(self._number, seed, now, request)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def look(self, question: Callable[[], Answer]) -> Answer:
        """Ask moto's own objects something, in their turn; it must change nothing."""
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
        return _unwrap(result)

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

    def _run(self, call: _Call, moment: Moment, request: HttpRequest, body: bytes, operation: str) -> HttpResponse:
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
                self._replay = _Replay(self._journal, self._again)
                self._number = self._replay.run()
                self._replay = None
        except BaseException as error:
            _LOG.exception("moto failed to start")
            self._failure = error
        finally:
            self._ready.set()
        if self._failure is None:
            self._import_ahead()

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

    def _again(self, record: Record) -> None:
        head = record.head
        caller = Caller(head["account"], head["region"], head["principal"])
        request = HttpRequest(
            head["method"],
            head["path"],
            tuple((name, value) for name, value in head["query"]),
            head["headers"],
            io.BytesIO(record.body),
            head["service"],
            caller,
            head["raw_path"],
            head["raw_query"],
        )
        operation = operation_name(request, record.body)
        try:
            self._run(_Call(head["call"]), Moment(head["seed"], head["now"]), request, record.body, operation)
        except (AwsError, _LostResultError):
            _LOG.debug("replay: %s %s answered with an error, as it did before", request.service, operation)
        except Exception:
            _LOG.warning("replay: %s %s raised", request.service, operation, exc_info=True)


class _LostResultError(Exception):
    """The daemon died while a handler ran; the request was never acknowledged."""


class _Replay:
    """Plays the journal again. A request that waits for a handler's result consumes the records up to it."""

    def __init__(self, journal: Journal, again: Callable[[Record], None]) -> None:
        self._records = journal.read()
        self._again = again
        self._journal = journal
        self._results: dict[tuple[int, int], Json] = {}
        self._last = 0

    def run(self) -> int:
        """Replay everything; returns the last request's number."""
        while self._step():
            pass
        return self._last

    def result(self, call: Any) -> Json:
        """What came from outside during that call, in order. Raises AwsError if that is what came.

        Raises _LostResultError if the daemon died before anything came; the journal then says so for the next replay.
        """
        if call is None:
            raise _LostResultError
        call.results += 1
        key = (call.number, call.results)
        while key not in self._results:
            if not self._step():
                self._journal.append({"kind": "result", "call": call.number, "index": call.results, "lost": True})
                raise _LostResultError
        return _unwrap(self._results.pop(key))

    def _step(self) -> bool:
        record = next(self._records, None)
        if record is None:
            return False
        kind = record.head["kind"]
        if kind == "request":
            self._last = max(self._last, int(record.head["call"]))
            self._again(record)
        elif kind == "result":
            self._results[record.head["call"], record.head["index"]] = record.head
        return True


def _unwrap(result: Json) -> Json:
    """The value of a result record. Raises AwsError for an error, _LostResultError for one that never came."""
    if "error" in result:
        code, message, status = result["error"]
        raise AwsError(code, message, status=status)
    if "value" not in result:
        raise _LostResultError
    value: Json = result["value"]
    return value


def _head(number: int, seed: str, now: float, request: HttpRequest) -> Json:
    headers = {
        name: value for name, value in request.headers.items() if name in _KEPT_HEADERS or name.startswith("x-amz")
    }
    return {
        "kind": "request",
        "call": number,
        "seed": seed,
        "now": now,
        "service": request.service,
        "account": request.caller.account,
        "region": request.caller.region,
        "principal": request.caller.principal,
        "method": request.method,
        "path": request.path,
        "raw_path": request.raw_path,
        "query": request.query,
        "raw_query": request.raw_query,
        "headers": headers,
    }
