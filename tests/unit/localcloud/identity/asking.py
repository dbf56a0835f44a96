"""Asking for what requests need."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.identity.requests import Needed, required
from headgate.localcloud.seams import Caller

CALLER = Caller("111122223333", "eu-west-1", "arn:aws:iam::111122223333:user/somebody")
SELF = "eu-west-1:111122223333"


def needed(service: str, operation: str, **parameters: Any) -> tuple[Needed, ...]:
    return required(service, operation, parameters, CALLER)


def pairs(service: str, operation: str, **parameters: Any) -> list[tuple[str, str]]:
    return [(one.action, one.resource) for one in needed(service, operation, **parameters)]
