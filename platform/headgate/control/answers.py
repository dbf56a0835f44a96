"""Answers to CloudFormation's custom resources: a document that is put where the event's URL says.

Source: AWS CloudFormation User Guide, 'Custom resource response objects'.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from urllib.parse import urlsplit

from headgate.control.errors import Refused

MOST_CHARACTERS = 1000
"""Of a reason: CloudFormation takes 4096 bytes for the whole document."""
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
    """Text without line breaks, no longer than CloudFormation takes."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 1]}…"


def put(url: str, body: bytes) -> None:
    """Send an answer to the URL of an event; raises Refused for an address that is none, OSError when it fails."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise Refused("the response URL of the request is no address of the web")
    # The URL is signed without a content type: any other header than an empty one breaks its signature.
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})  # noqa: S310 - checked above
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310 - checked above
        answer.read()
