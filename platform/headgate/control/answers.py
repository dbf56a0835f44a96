"""Answers to CloudFormation's custom resources: a document that is put where the event's URL says.

Source: AWS CloudFormation User Guide, 'Custom resource response objects'.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

from headgate.control.errors import Refused

MOST_BYTES = 2000
"""Of a reason in JSON: CloudFormation takes 4096 bytes for the whole document."""
_SECONDS = 30


def document(
    *,
    stack_id: str,
    request_id: str,
    logical_resource_id: str,
    physical_id: str,
    reason: str = "",
    data: Mapping[str, str] | None = None,
) -> bytes:
    """The answer as JSON: FAILED when there is a reason, SUCCESS with `data` otherwise."""
    answer: dict[str, object] = {
        "Status": "FAILED" if reason else "SUCCESS",
        "PhysicalResourceId": physical_id,
        "StackId": stack_id,
        "RequestId": request_id,
        "LogicalResourceId": logical_resource_id,
        "Data": dict(data or {}),
    }
    if reason:
        answer["Reason"] = one_line(reason)
    return json.dumps(answer).encode()


def one_line(text: str) -> str:
    """Text without line breaks, no longer than fits into an answer."""
    line = " ".join(text.split())
    if len(json.dumps(line)) <= MOST_BYTES:
        return line
    while len(json.dumps(line)) > MOST_BYTES - 3:
        line = line[: len(line) * 9 // 10]
    return f"{line}..."


def put(url: str, body: bytes) -> None:
    """Send an answer to the URL of an event; raises Refused for an address that is none, OSError when it fails."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise Refused("the response URL of the request is no address of the web")
    # The URL is signed without a content type: any other header than an empty one breaks its signature.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - checked above
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - checked above
        answer.read()
