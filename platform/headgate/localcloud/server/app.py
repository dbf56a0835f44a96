"""From a request on the wire to the service that answers it."""

from __future__ import annotations

import io
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol
from urllib.parse import parse_qsl, unquote

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Place, Service
from headgate.localcloud.server.control import PREFIX, Control, is_loopback
from headgate.localcloud.server.http import BadRequestError, WireRequest
from headgate.localcloud.server.identify import Addressee, address
from headgate.localcloud.server.identity import Identities
from headgate.localcloud.server.protocol import error_response

_LOG = logging.getLogger(__name__)


_BAD_CREDENTIALS = {
    ("json", "ExpiredToken"): "ExpiredTokenException",
    ("json", "InvalidClientTokenId"): "UnrecognizedClientException",
    ("s3", "InvalidClientTokenId"): "InvalidAccessKeyId",
}


class Fallback(Protocol):
    """What answers the services that are not ours."""

    def handle(self, request: HttpRequest) -> HttpResponse: ...


class Guard(Protocol):
    """What every request passes before it is answered."""

    def answer(self, request: HttpRequest, answer: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
        """Call `answer` with the request if it is allowed. Raises AwsError."""
        ...


class Application:
    """The local cloud's one entry: control commands, our services by name, and moto for the rest.

    `public` are routes, by the start of their path, that check for themselves whether they answer. `origin` takes a
    request's target, and gives it as any other has it and the subnet that it says it comes from.
    """

    def __init__(
        self,
        services: Mapping[str, Service],
        fallback: Fallback,
        identities: Identities,
        control: Control,
        guard: Guard,
        public: Mapping[str, Callable[[WireRequest], HttpResponse]] | None = None,
        origin: Callable[[str], tuple[str, Place | None]] = lambda target: (target, None),
    ) -> None:
        self._services = services
        self._fallback = fallback
        self._identities = identities
        self._control = control
        self._guard = guard
        self._public = public or {}
        self._origin = origin

    def handle(self, wire: WireRequest) -> HttpResponse:
        """Answer anything; every error leaves in the words of the protocol that the client speaks."""
        if wire.target.startswith(PREFIX):
            return self._control.handle(wire)
        request_id = str(uuid.uuid4())
        service = "s3"
        try:
            _refuse_pages(wire.headers)
            target, place = self._origin(wire.target)
            wire = replace(wire, target=target)
            public = self._public_route(wire)
            if public is not None:
                return public(wire)
            who, request = _read(wire)
            service = request.service
            request = replace(request, caller=self._caller(who, wire.headers), place=place)
            response = self._guard.answer(request, self._answer)
        except AwsError as error:
            response = error_response(error, service, wire.headers, request_id)
        except (BadRequestError, ConnectionError):
            raise
        except Exception as error:
            _LOG.exception("%s %s failed; request %s", service, wire.method, request_id)
            message = f"bug in the local cloud: {error!r}; `headgate cloud logs` has the trace of request {request_id}"
            bug = AwsError("InternalFailure", message, status=500)
            response = error_response(bug, service, wire.headers, request_id)
        response.headers.setdefault("x-amzn-requestid", request_id)
        return response

    def _public_route(self, wire: WireRequest) -> Callable[[WireRequest], HttpResponse] | None:
        """What answers addresses that are secrets themselves, as presigned ones are: nobody needs to be somebody."""
        return next((answer for start, answer in self._public.items() if wire.target.startswith(start)), None)

    def _caller(self, who: Addressee, headers: Mapping[str, str]) -> Caller:
        """Who calls. Raises AwsError; the JSON protocol and S3 have names of their own for bad credentials."""
        try:
            return self._identities.caller(who.access_key, who.region)
        except AwsError as error:
            protocol = "json" if "x-amz-target" in headers else who.service
            code = _BAD_CREDENTIALS.get((protocol, error.code), error.code)
            raise AwsError(code, error.message, status=error.status) from error

    def _answer(self, request: HttpRequest) -> HttpResponse:
        service = self._services.get(request.service)
        response = service.handle(request) if service is not None else None
        if response is not None:
            return response
        if request.service in self._services and request.body.seekable():
            request.body.seek(0)
        return self._fallback.handle(request)


def _read(wire: WireRequest) -> tuple[Addressee, HttpRequest]:
    """What a request says about itself, and the request, whose caller is still to be found."""
    raw_path, _, raw_query = wire.target.partition("?")
    path = unquote(raw_path, errors="surrogateescape")
    query = tuple(parse_qsl(raw_query, keep_blank_values=True, errors="surrogateescape"))
    body = wire.body
    form = None
    if wire.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        form = body.read()
        body = io.BytesIO(form)
    who = address(path, query, wire.headers, form)
    if who.service != "s3":  # only objects are large enough to be streamed
        body = io.BytesIO(body.read())
    nobody = Caller("", who.region)
    return who, HttpRequest(
        wire.method, path, query, wire.headers, body, who.service, nobody, raw_path=raw_path, raw_query=raw_query
    )


def _refuse_pages(headers: Mapping[str, str]) -> None:
    """A web page of someone else's must not use the local cloud. Raises AwsError (AccessDenied).

    Signatures are not checked, so a page that a browser shows could otherwise send requests to loopback.
    """
    origin = headers.get("origin", "")
    if origin and not is_loopback(origin.partition("://")[2]):
        raise AwsError("AccessDenied", f"requests from web pages ({origin}) are refused", status=403)
