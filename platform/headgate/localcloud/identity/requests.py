"""What an operation needs: IAM actions, the ARNs they act on, whose those are, and what the request says to conditions.

`service` is the endpoint's name as botocore's `signingName` or `endpointPrefix` has it (`states`, `monitoring` or
`cloudwatch`, `sagemaker-runtime`), `operation` is botocore's operation name (`ListObjectsV2`), and `parameters` are
named and nested as boto3 takes them, whichever protocol they came by (`{"Tags": [{"Key": …}]}`, never
`Tags.member.1.Key`). Blobs and streams may be left out: no condition reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.identity import tables
from headgate.localcloud.identity.tables.model import Needed
from headgate.localcloud.seams import Caller

__all__ = ["Needed", "UnknownOperationError", "required"]


class UnknownOperationError(Exception):
    """The tables do not know what an operation needs, so nobody but an account's root may do it."""

    def __init__(self, service: str, operation: str) -> None:
        super().__init__(
            f"the local cloud does not know which IAM actions {service} {operation} needs, so it cannot be authorized"
        )
        self.service = service
        self.operation = operation


def required(service: str, operation: str, parameters: Mapping[str, Any], caller: Caller) -> tuple[Needed, ...]:
    """Everything that has to be allowed for a request; empty for what needs no permission (`GetCallerIdentity`).

    The first is the request's main one: its `owner_account` is the account that answers. Raises UnknownOperationError.
    """
    needs = tables.needs(service, operation)
    if needs is None:
        raise UnknownOperationError(service, operation)
    found = tuple(needed for need in needs for needed in need.of(parameters, caller))
    if found or not needs:
        return found
    return (Needed(needs[0].action, "*", caller.account),)  # a request without its parts is no free one
