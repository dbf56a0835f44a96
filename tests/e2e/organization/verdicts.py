"""What came of a call: whether it was let through, and if not, which layer of policies says so in its message.

A call is *denied* when the error's code is one with which AWS's services refuse (`AccessDenied` and its cousins); then
the message has to name the action and the layer. Anything else says that authorization let the call through: an answer,
or an error about the thing itself, which need not exist (`ValidationException`, `NoSuchKey`, …). An error of the server
(5xx) and an error about the credentials say neither, and are raised.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

_REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"}
_CREDENTIALS = {"ExpiredToken", "ExpiredTokenException", "InvalidAccessKeyId", "InvalidClientTokenId"}
_LAYERS = {
    "identity-based policy": "identity",
    "permissions boundary": "boundary",
    "resource-based policy": "resource",
    "role trust policy": "trust",
    "service control policy": "scp",
    "session policy": "session",
    "VPC endpoint policy": "endpoint",
}
_WHY = re.compile(
    r"not authorized to perform: (?P<action>\S+) on resource: (?P<resource>.+?) "
    r"(?:with an explicit deny in (?:an?|the) (?P<denies>[A-Za-z -]+)(?:: (?P<policy>.+))?"
    r"|because no (?P<lacks>[A-Za-z -]+) allows the \S+ action.*)"
)


@dataclass(frozen=True)
class Verdict:
    """`layer` is empty for a call that was let through; `policy` names the document that denies, where one does.

    `code` is the error's, empty for an answer.
    """

    allowed: bool
    layer: str
    policy: str
    code: str
    message: str


def verdict_of(call: Callable[[], Any]) -> Verdict:
    """Make a call. Raises AssertionError for an error that says nothing about authorization."""
    try:
        call()
    except ClientError as error:
        return _judged(error)
    return Verdict(True, "", "", "", "")


def _judged(error: ClientError) -> Verdict:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    assert code not in _CREDENTIALS, f"{code}: {message}"
    if code not in _REFUSALS:
        assert status < 500, f"{status} {code}: {message}"
        return Verdict(True, "", "", code, message)
    why = _WHY.search(message)
    assert why, f"a refusal that names no layer: {code}: {message}"
    layer = _LAYERS[why["denies"] or why["lacks"]]
    if layer == "resource" and why["action"].startswith("kms:"):
        layer = "key"
    return Verdict(False, layer, why["policy"] or "", code, message)
