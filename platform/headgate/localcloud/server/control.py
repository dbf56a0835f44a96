"""`/_headgate/*`: what the CLI tells the daemon. Guarded by the folder's token and by the Host header."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from headgate.localcloud.seams import HttpResponse, Json
from headgate.localcloud.server.http import WireRequest

PREFIX = "/_headgate/"
TOKEN_HEADER = "x-headgate-token"  # noqa: S105 - the header's name, not a token
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

Command = Callable[[Any], Json]
"""Takes the request's JSON body (None if empty), returns the answer. Raises ValueError for a body it cannot use."""


class Control:
    """Commands by method and path, for who knows the token."""

    def __init__(self, token: str, commands: Mapping[tuple[str, str], Command]) -> None:
        self._token = token
        self._commands = commands

    def handle(self, request: WireRequest) -> HttpResponse:
        """Answer in JSON: 403 for a foreign host, 401 for a wrong token, 404 and 400 as elsewhere."""
        if not is_loopback(request.headers.get("host", "")):
            # A page elsewhere may have its own name resolve to 127.0.0.1; its Host header gives it away.
            return _json(403, {"message": "the Host header must name the loopback interface"})
        if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), self._token.encode()):
            return _json(401, {"message": f"header {TOKEN_HEADER} does not hold this folder's token (daemon.json)"})
        path = request.target.partition("?")[0].removeprefix(PREFIX)
        command = self._commands.get((request.method, path))
        if command is None:
            known = ", ".join(f"{method} {PREFIX}{name}" for method, name in sorted(self._commands))
            return _json(404, {"message": f"no {request.method} {PREFIX}{path}; known: {known}"})
        try:
            body = request.body.read()
            return _json(200, command(json.loads(body) if body else None))
        except (ValueError, KeyError, TypeError) as error:
            return _json(400, {"message": f"{PREFIX}{path}: {error}"})


def is_loopback(host: str) -> bool:
    """Whether a Host header names this machine's loopback interface; any port."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name.lower() in _LOOPBACK


def _json(status: int, value: Json) -> HttpResponse:
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps(value).encode())
