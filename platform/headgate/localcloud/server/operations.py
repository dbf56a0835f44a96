"""The name of the operation that a request asks for, and whether it can change anything."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from headgate.localcloud.seams import HttpRequest

_READS = re.compile(
    r"^(Get|List|Describe|Head|BatchGet|BatchDescribe|TransactGet|Search|Query|Scan|Select|Lookup|Simulate|Estimate"
    r"|Validate|Check|Preview|Discover|Filter)"
)
_READS_BY_SERVICE = {
    "kms": frozenset(
        {"Encrypt", "Decrypt", "ReEncrypt", "Sign", "Verify", "VerifyMac", "GenerateMac", "GenerateRandom"}
        | {"GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "GenerateDataKeyPair"}
        | {"GenerateDataKeyPairWithoutPlaintext"}
    ),
    "events": frozenset({"TestEventPattern"}),
    # Invoking changes nothing that moto holds: what the handler does arrives as requests of its own.
    "lambda": frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
}
_WRITES = {
    "states": frozenset({"GetActivityTask"}),
    "sts": frozenset({"GetSessionToken", "GetFederationToken"}),
}
_CBOR = re.compile(r"/operation/(\w+)$")
_INVOKE = re.compile(r"^/\d{4}-\d\d-\d\d/functions/[^/]+/(invocations|invoke-async|response-streaming-invocations)/?$")
_INVOKES = {
    "invocations": "Invoke",
    "invoke-async": "InvokeAsync",
    "response-streaming-invocations": "InvokeWithResponseStream",
}


def operation_name(request: HttpRequest, body: bytes) -> str:
    """The operation as the client named it; empty when it is only implied by method and path (REST)."""
    target = request.headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2]
    for name, value in request.query:
        if name == "Action":
            return value
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        action = dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action", "")
        if action:
            return action
    cbor = _CBOR.search(request.path)
    if cbor and "smithy-protocol" in request.headers:
        return cbor.group(1)
    invoke = _INVOKE.match(request.path)
    if request.service == "lambda" and request.method == "POST" and invoke:
        return _INVOKES[invoke.group(1)]
    return ""


def changes_state(service: str, operation: str, method: str) -> bool:
    """Whether the operation may change what moto holds; the unknown may."""
    if not operation:
        return method not in {"GET", "HEAD", "OPTIONS"}
    if operation in _WRITES.get(service, ()):
        return True
    return not (_READS.match(operation) or operation in _READS_BY_SERVICE.get(service, ()))
