"""Response URLs: secret addresses on this machine to which custom resources put their answers, once.

On AWS they are presigned URLs of S3. Here they are served by the local cloud under `/cloudformation-responses/` without
credentials: whoever knows the address may answer. What is expected and what was answered survives a restart.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from headgate.localcloud.cloudformation.stacks.walk import Interrupted
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.documents import Documents, Key, MissingError
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Clock, HttpResponse, Json
from headgate.localcloud.server.http import WireRequest

PATH = "/cloudformation-responses/"
_LIMIT = 4096
_LARGEST = 1_048_576


@dataclass(frozen=True, slots=True)
class Answer:
    """What a custom resource answered."""

    succeeded: bool
    reason: str = ""
    physical_id: str = ""
    data: Json = field(default_factory=dict)
    no_echo: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """An answer that is waited for; `sent` says whether the request is known to have gone out."""

    url: str
    sent: bool


class Timer(Protocol):
    def cancel(self) -> object: ...


class Timers(Clock, Protocol):
    """The cloud's clock, on which timeouts run."""

    def call_at(self, when: float, work: Callable[[], object]) -> Timer:
        """Do work once the clock has reached a moment."""
        ...


class Responses:
    """Answers that are waited for. Safe to use from many threads."""

    def __init__(
        self, documents: Documents, timers: Timers, endpoint_url: Callable[[], str], stop: threading.Event
    ) -> None:
        self._documents = documents
        self._timers = timers
        self._endpoint_url = endpoint_url
        self._stop = stop
        self._changed = threading.Condition()

    def expect(self, request_id: str, timeout: float) -> Pending:
        """An address for the answer to a request; the same one when the request is taken up again."""
        with self._documents.transaction():
            body = self._documents.find(_key(request_id))
            if body is None:
                body = {"secret": secrets.token_urlsafe(24), "sent": False, "answer": None}
                body["until"] = self._timers.now() + timeout
                self._documents.put(_key(request_id), body)
        url = f"{self._endpoint_url()}{PATH}{request_id}?X-Amz-Signature={body['secret']}"
        return Pending(url, bool(body["sent"]))

    def sent(self, request_id: str) -> None:
        """The request has gone out."""
        self._documents.update(_key(request_id), lambda body: {**body, "sent": True})

    def wait(self, request_id: str, context: Context) -> Answer:
        """The answer. Raises TimeoutError on the cloud's clock, and Interrupted when the cloud goes down."""
        until = float(self._documents.get(_key(request_id))["until"])
        timer = self._timers.call_at(until, self.wake)
        try:
            with self._changed:
                while True:
                    body = self._documents.get(_key(request_id))
                    if body["answer"] is not None:
                        return _answer(body["answer"])
                    if self._stop.is_set():
                        raise Interrupted
                    if self._timers.now() >= until:
                        raise TimeoutError(f"no answer for {context.logical_id}")
                    self._changed.wait()
        finally:
            timer.cancel()

    def wake(self) -> None:
        """Let everybody who waits look again: the clock has moved, or the cloud goes down."""
        with self._changed:
            self._changed.notify_all()

    def forget(self, request_id: str) -> None:
        """The answer has been used, or will not be; not when the cloud goes down."""
        if self._stop.is_set():
            return
        try:
            self._documents.delete(_key(request_id))
        except MissingError:
            return

    @property
    def path(self) -> str:
        """Where the addresses begin."""
        return PATH

    def answer(self, wire: WireRequest) -> HttpResponse:
        """Answer a request on the wire. Raises AwsError."""
        return self.handle(wire.method, wire.target, wire.body.read(_LARGEST + 1))

    def handle(self, method: str, target: str, body: bytes) -> HttpResponse:
        """A request to a response URL: `target` is path and query. Raises AwsError as S3 does for a wrong address."""
        path, _, query = target.partition("?")
        key = _key(path.removeprefix(PATH))
        signature = dict(part.partition("=")[::2] for part in query.split("&")).get("X-Amz-Signature", "")
        found = self._documents.find(key)
        if method != "PUT" or found is None or not secrets.compare_digest(found["secret"], signature):
            raise AwsError("AccessDenied", "the response URL is wrong, used already, or expired", status=403)
        answer = _read(body)
        with self._changed:
            # The first answer counts, as the object of the presigned URL is read once.
            self._documents.update(key, lambda now: now if now["answer"] is not None else {**now, "answer": answer})
            self._changed.notify_all()
        return HttpResponse(200, {"etag": '"headgate"'})


def _read(body: bytes) -> Json:
    """The answer in a body; one that is none fails the resource with the reason."""
    if len(body) > _LARGEST:
        return _invalid(f"the response has {len(body)} bytes; at most {_LARGEST} are read")
    try:
        answer: Any = json.loads(body)
    except ValueError:
        return _invalid("Invalid response object: it is not JSON")
    if not isinstance(answer, dict) or answer.get("Status") not in ("SUCCESS", "FAILED"):
        return _invalid("Invalid response object: Status has to be SUCCESS or FAILED")
    data = answer.get("Data") or {}
    if not isinstance(data, dict):
        return _invalid("Invalid response object: Data has to be an object")
    if answer["Status"] == "SUCCESS" and len(json.dumps(data).encode()) > _LIMIT:
        return _invalid(f"Response object is too long: Data has more than {_LIMIT} bytes")
    return answer


def _invalid(reason: str) -> Json:
    return {"Status": "FAILED", "Reason": reason}


def _answer(body: Json) -> Answer:
    succeeded = body["Status"] == "SUCCESS"
    reason = str(body.get("Reason") or ("" if succeeded else "the custom resource failed without giving a reason"))
    return Answer(
        succeeded,
        f"Received response status [FAILED] from custom resource. Message returned: {reason}" if not succeeded else "",
        str(body.get("PhysicalResourceId") or ""),
        dict(body.get("Data") or {}),
        bool(body.get("NoEcho")),
    )


def _key(request_id: str) -> Key:
    return Key("", "", "cfn-response", request_id)
