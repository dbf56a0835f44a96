"""What the journal says about requests to moto, and playing it again."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.journal import Journal, Record

_KEPT_HEADERS = frozenset({"authorization", "content-type", "content-encoding", "host", "user-agent"})


@dataclass(slots=True)
class Call:
    """A journaled request while moto works on it; `results` counts what came from outside."""

    number: int
    results: int = 0


class LostResultError(Exception):
    """The daemon died while something outside moto ran; the request was never acknowledged."""


class Replay:
    """Plays the journal again. A request that waits for a result from outside consumes the records up to it."""

    def __init__(self, journal: Journal, again: Callable[[Record], str]) -> None:
        self._journal = journal
        self._records = journal.read()
        self._again = again
        self._results: dict[tuple[int, int], Json] = {}
        self._answers: dict[int, str] = {}
        self._last = 0
        self.requests = 0
        self.different: list[int] = []
        """Numbers of requests whose answers were not the same again: a seam that lets chance or time through."""

    def run(self) -> int:
        """Replay everything; returns the last request's number."""
        while self._step():
            pass
        return self._last

    def result(self, call: Call | None) -> Json:
        """What came from outside during that call, in order. Raises AwsError if that is what came.

        Raises LostResultError if the daemon died before anything came; the journal then says so for the next replay.
        """
        if call is None:
            raise LostResultError
        call.results += 1
        key = (call.number, call.results)
        while key not in self._results:
            if not self._step():
                self._journal.append({"kind": "result", "call": call.number, "index": call.results, "lost": True})
                raise LostResultError
        return unwrap(self._results.pop(key))

    def _step(self) -> bool:
        record = next(self._records, None)
        if record is None:
            return False
        kind = record.head["kind"]
        if kind == "request":
            self.requests += 1
            number = int(record.head["call"])
            self._last = max(self._last, number)
            self._answers[number] = self._again(record)
        elif kind == "done":
            if self._answers.pop(record.head["call"], None) != record.head["answer"]:
                self.different.append(record.head["call"])
        elif kind == "result":
            self._results[record.head["call"], record.head["index"]] = record.head
        return True


def fingerprint(response: HttpResponse) -> str:
    """A few characters that tell answers apart."""
    body = response.body if isinstance(response.body, bytes) else b""
    return f"{response.status}-{zlib.crc32(body):x}"


def unwrap(result: Json) -> Json:
    """The value of a result record. Raises AwsError for an error, LostResultError for one that never came."""
    if "error" in result:
        code, message, status = result["error"]
        raise AwsError(code, message, status=status)
    if "value" not in result:
        raise LostResultError
    value: Json = result["value"]
    return value


def record_head(number: int, seed: str, now: float, request: HttpRequest) -> Json:
    """The record of a request; its body is the record's body."""
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


def request_of(record: Record) -> HttpRequest:
    """The request that a record was made of."""
    head = record.head
    return HttpRequest(
        head["method"],
        head["path"],
        tuple((name, value) for name, value in head["query"]),
        head["headers"],
        io.BytesIO(record.body),
        head["service"],
        Caller(head["account"], head["region"], head["principal"]),
        head["raw_path"],
        head["raw_query"],
    )
