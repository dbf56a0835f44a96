"""moto's WSGI application, called in process: requests in, responses out, no sockets."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import HttpRequest, HttpResponse

_MOTO_PAGES = ("/moto-api", "/latest/meta-data", "/latest/api")


def configure() -> None:
    """Settings that moto reads from the environment when it is imported."""
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"  # no web page may read what the local cloud answers
    os.environ["MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS"] = "false"
    os.environ["MOTO_EVENTS_INVOKE_HTTP"] = "false"
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # roles of every example attach AWS's own policies
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # nothing here runs on EC2, and every account would parse them
    os.environ.pop("MOTO_ACCOUNT_ID", None)


class _NoServiceError(Exception):
    """moto has no service of that name."""


class MotoApp:
    """Finds the moto service of a request and calls it. `configure` and determinism come first."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        class Dispatcher(DomainDispatcherApplication):
            """moto lists its package's folders for every request; the answer never changes."""

            def __init__(self) -> None:
                super().__init__(create_backend_app)
                self._hosts: dict[str, Any] = {}

            def get_backend_for_host(self, host: str | None) -> Any:
                if host is None:
                    return None
                if host not in self._hosts:
                    self._hosts[host] = super().get_backend_for_host(host)
                if self._hosts[host] is None:
                    raise _NoServiceError
                return self._hosts[host]

        self._app = Dispatcher()

    def call(self, request: HttpRequest, body: bytes, operation: str) -> HttpResponse:
        """moto's answer. Raises AwsError (501) for what moto does not implement, and whatever bug moto has."""
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
            started.append((status, headers))

        if request.path.startswith(_MOTO_PAGES):  # moto's own switches would change state behind the journal's back
            raise unsupported(f"the path {request.path}")
        named = operation or f"{request.method} {request.path}"
        try:
            chunks = self._app(_environ(request, body), start_response)
            payload = b"".join(chunks)
        except NotImplementedError as error:
            raise unsupported(f"{request.service} {named}") from error
        except _NoServiceError as error:
            raise unsupported(f"the service '{request.service}'") from error
        status = int(started[-1][0].split()[0])
        headers = {name.lower(): value for name, value in started[-1][1]}
        if status in {404, 405} and headers.get("content-type", "").startswith("text/html"):
            raise unsupported(f"{request.service} {named}")
        return HttpResponse(status, headers, payload)


def _environ(request: HttpRequest, body: bytes) -> dict[str, Any]:
    """The request as WSGI wants it (PEP 3333), with the account that moto is to act in."""
    host = request.headers.get("host", "127.0.0.1")
    name, _, port = host.partition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path.encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": request.raw_query,
        "RAW_URI": request.raw_path + (f"?{request.raw_query}" if request.raw_query else ""),
        "SERVER_NAME": name,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    environ.update(_header_variables(request.headers))
    environ["HTTP_HOST"] = host
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = request.caller.account
    if "HTTP_AUTHORIZATION" not in environ and request.service != "s3":
        scope = f"{_signing_name(request.service)}/aws4_request"
        environ["HTTP_AUTHORIZATION"] = (
            f"AWS4-HMAC-SHA256 Credential=HEADGATE{request.caller.account}/20200101/{request.caller.region}/{scope}, "
            "SignedHeaders=host, Signature=0"
        )
    return environ


def _header_variables(headers: Mapping[str, str]) -> dict[str, str]:
    variables = {}
    for name, value in headers.items():
        if name in {"content-length", "transfer-encoding", "x-moto-account-id", "expect"}:
            continue
        key = name.upper().replace("-", "_")
        variables[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return variables


def _signing_name(service: str) -> str:
    return "sagemaker" if service == "sagemaker-runtime" else service


def not_ready(reason: str) -> AwsError:
    """moto could not be started; the daemon's log has the trace."""
    return AwsError("InternalFailure", f"moto failed to start: {reason}; see `headgate cloud logs`", status=500)
