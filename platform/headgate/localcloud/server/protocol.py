"""Errors in the words of each AWS protocol, so that botocore finds `Error.Code` and `Error.Message`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from xml.sax.saxutils import escape

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import HttpResponse

_REST_XML = frozenset({"s3", "s3-control", "s3control", "cloudfront", "route53"})
_EC2 = frozenset({"ec2"})


def error_response(error: AwsError, service: str, headers: Mapping[str, str], request_id: str) -> HttpResponse:
    """The error as the service's protocol writes it; the protocol is seen from how the request was made."""
    kind = headers.get("content-type", "")
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return _cbor(error, request_id)
    if "x-amz-target" in headers:
        return _json(error, "application/x-amz-json-1.1", request_id)
    if service in _REST_XML:
        return _xml(_rest_xml(error, service, request_id), error.status, request_id)
    if kind.startswith("application/x-www-form-urlencoded"):
        text = _ec2(error, request_id) if service in _EC2 else _query(error, request_id)
        return _xml(text, error.status, request_id)
    return _json(error, "application/json", request_id)


def _json(error: AwsError, content_type: str, request_id: str) -> HttpResponse:
    members = {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
    body = json.dumps(members).encode()
    headers = {"content-type": content_type, "x-amzn-errortype": error.code, "x-amzn-requestid": request_id}
    return HttpResponse(error.status, headers, body)


def _xml(text: str, status: int, request_id: str) -> HttpResponse:
    headers = {"content-type": "text/xml", "x-amzn-requestid": request_id, "x-amz-request-id": request_id}
    return HttpResponse(status, headers, b'<?xml version="1.0" encoding="UTF-8"?>\n' + text.encode())


def _members(error: AwsError) -> str:
    return f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>"


def _query(error: AwsError, request_id: str) -> str:
    blame = "Receiver" if error.status >= 500 else "Sender"
    inner = f"<Error><Type>{blame}</Type>{_members(error)}</Error>"
    return f"<ErrorResponse>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"


def _ec2(error: AwsError, request_id: str) -> str:
    inner = f"<Errors><Error>{_members(error)}</Error></Errors>"
    return f"<Response>{inner}<RequestID>{request_id}</RequestID></Response>"


def _rest_xml(error: AwsError, service: str, request_id: str) -> str:
    if service == "s3":
        return f"<Error>{_members(error)}<RequestId>{request_id}</RequestId></Error>"
    return _query(error, request_id)


def _cbor(error: AwsError, request_id: str) -> HttpResponse:
    """A CBOR map of two strings (RFC 8949), as Smithy's RPC v2 protocol answers errors."""
    body = b"\xa2" + b"".join(map(_cbor_text, ("__type", error.code, "message", error.message)))
    headers = {
        "content-type": "application/cbor",
        "smithy-protocol": "rpc-v2-cbor",
        "x-amzn-errortype": error.code,
        "x-amzn-requestid": request_id,
    }
    return HttpResponse(error.status, headers, body)


def _cbor_text(text: str) -> bytes:
    data = text.encode()
    if len(data) < 24:
        return bytes([0x60 + len(data)]) + data
    return b"\x7a" + len(data).to_bytes(4, "big") + data
