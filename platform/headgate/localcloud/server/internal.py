"""What AWS itself does inside an account: requests to moto that nobody has to be authorized for."""

from __future__ import annotations

import io
from collections.abc import Mapping
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Service


def ask_form(
    service: Service, name: str, version: str, caller: Caller, operation: str, form: Mapping[str, str]
) -> ET.Element:
    """One request of the query protocol, answered in process. Raises AwsError for an error answer."""
    text = urlencode({"Action": operation, "Version": version, **form}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "host": "127.0.0.1"}
    response = service.handle(HttpRequest("POST", "/", (), headers, io.BytesIO(text), name, caller, "/"))
    answer = _xml(response)
    if response is None or response.status >= 400:
        code, message = answer.find(".//{*}Code"), answer.find(".//{*}Message")
        raise AwsError(
            (code.text if code is not None else None) or "InternalFailure",
            (message.text if message is not None else None) or f"{name} {operation} failed",
            status=response.status if response is not None else 500,
        )
    return answer


def _xml(response: HttpResponse | None) -> ET.Element:
    body = response.body if response is not None and isinstance(response.body, bytes) else b""
    return ET.fromstring(body or b"<none/>")  # noqa: S314 - moto's own answer
