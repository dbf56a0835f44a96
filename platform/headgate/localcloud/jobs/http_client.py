"""Talk to a model's server over loopback, keeping connections open between requests."""

from __future__ import annotations

import http.client
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

_RETRIED = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer; `status` is the HTTP status, 0 when it did not answer in time."""

    status: int
    body: bytes
    content_type: str
    problem: Literal["", "refused", "lost", "late"] = ""
    """Why there is no answer: nobody listened, the connection broke, or the time was up."""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(slots=True)
class HttpClient:
    """Connections to one server on 127.0.0.1. Safe to use from many threads."""

    port: int
    _idle: list[http.client.HTTPConnection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ping(self, timeout: float) -> int:
        """The status of GET /ping, 0 when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", "/ping")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def get(self, path: str, timeout: float) -> Answer:
        return self._send("GET", path, None, {}, timeout)

    def invoke(self, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """POST /invocations."""
        return self._send("POST", "/invocations", body, headers, timeout)

    def close(self) -> None:
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], timeout: float) -> Answer:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            try:
                return self._exchange(connection, method, path, body, headers, timeout)
            except _RETRIED:
                connection.close()  # the server had closed it while it was idle
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            return self._exchange(connection, method, path, body, headers, timeout)
        except TimeoutError:
            connection.close()
            return Answer(0, f"no answer within {timeout:g} s".encode(), "text/plain", "late")
        except ConnectionRefusedError:
            connection.close()
            return Answer(0, b"nobody listens", "text/plain", "refused")
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return Answer(0, f"no answer: {error or type(error).__name__}".encode(), "text/plain", "lost")

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> Answer:
        connection.timeout = timeout
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request(method, path, body=body, headers=dict(headers))
        if sys.platform == "linux" and connection.sock is not None:
            # A server that writes header and body apart would wait 40 ms for our acknowledgement of the first.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        response = connection.getresponse()
        data = response.read()
        answer = Answer(response.status, data, response.headers.get("Content-Type", ""))
        if response.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return answer
