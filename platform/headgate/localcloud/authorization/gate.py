"""The gate that every request passes before it is answered: is it allowed, and which account answers it?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from headgate.localcloud.authorization.directory import CloudDirectory
from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.authorizer import Authorization, Authorizer
from headgate.localcloud.identity.directory import Document
from headgate.localcloud.identity.requests import Needed
from headgate.localcloud.seams import Caller, HttpRequest
from headgate.localcloud.server.parameters import Asked

_DENIED_CODES: Mapping[str, str] = {
    "ec2": "UnauthorizedOperation",
    "sns": "AuthorizationError",
    **dict.fromkeys(
        ("s3", "iam", "sts", "sqs", "cloudformation", "monitoring", "autoscaling", "rds", "elasticloadbalancing"),
        "AccessDenied",
    ),
}
"""What services call a refusal, where it is not AccessDeniedException."""

_ROLE = re.compile(r"arn:aws:iam::(?P<account>\d{12}):role/(?:.+/)?(?P<name>[^/]+)")
_ANSWERED_FOR_CALLER = frozenset({"s3", "organizations", "sts", "ram"})
"""Services whose operations know both accounts; elsewhere the owner of what is asked for answers."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that may be answered, by the account that owns what it is about."""

    request: HttpRequest
    asked: Asked
    owner_account: str


class Gate:
    """Authorizes requests; nothing is answered that it has not let through."""

    def __init__(self, authorizer: Authorizer, directory: CloudDirectory) -> None:
        self._authorizer = authorizer
        self._directory = directory

    def admit(self, request: HttpRequest, asked: Asked, endpoint: Document | None = None) -> Passed:
        """The request as it is to be answered. Raises AwsError with the service's own code for a refusal."""
        owner = self.require(request.service, asked.operation, asked.parameters, request.caller, endpoint)
        caller = request.caller
        if owner != caller.account and request.service not in _ANSWERED_FOR_CALLER:
            caller = replace(caller, account=owner)
        return Passed(replace(request, caller=caller, authorized=True), asked, owner)

    def require(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        caller: Caller,
        endpoint: Document | None = None,
    ) -> str:
        """The account that owns what a request is about. Raises AwsError when it is refused.

        `endpoint` is the policy of the VPC endpoint that the request came by.
        """
        if self._directory.is_closed(caller.account):
            message = f"account {caller.account} is closed; nobody of it may do anything"
            raise _refusal(service, message)
        if self._is_pretended(service, operation, parameters, caller):
            return caller.account
        if (service, operation) == ("s3", "PostObject"):
            operation, parameters = "PutObject", {**parameters, "Key": "*"}
        found = self._authorizer.authorize(service, operation, parameters, _as_session(caller), endpoint)
        if not found.decision.allowed and not self._is_unguarded(found, caller):
            raise _refusal(service, found.message)
        return found.owner_account

    def check(self, caller: Caller, action: str, arn: str) -> None:
        """One action on one ARN that an operation needs besides its own. Raises AwsError (AccessDeniedException)."""
        self._authorizer.check(Needed(action, arn, ""), _as_session(caller)).require()

    def _is_unguarded(self, found: Authorization, caller: Caller) -> bool:
        """Whether a service brings something to a sandbox's resource that has no policy: that lets everything in."""
        decision, needed = found.decision, found.needed
        if not caller.service or needed is None or (decision.layer, decision.effect) != ("resource", "implicit-deny"):
            return False
        if self._directory.membership(found.owner_account) is not None:
            return False
        record = self._directory.resource(needed.resource)
        return record is not None and record.policy is None

    def _is_pretended(self, service: str, operation: str, parameters: Mapping[str, Any], caller: Caller) -> bool:
        """Whether a service takes a role that does not exist, in an account that is in no organization.

        AWS's examples name roles that nobody has made; there they stand for the account's root.
        """
        if not caller.service or (service, operation) != ("sts", "AssumeRole"):
            return False
        fields = str(parameters.get("RoleArn", "")).split(":", 5)
        if len(fields) < 6 or self._directory.membership(fields[4]) is not None:
            return False
        return self._directory.role(fields[4], fields[5].rpartition("/")[2]) is None


def _as_session(caller: Caller) -> Caller:
    """A pipeline's execution calls as a role; what IAM evaluates are sessions."""
    match = _ROLE.fullmatch(caller.principal)
    if match is None:
        return caller
    session = f"arn:aws:sts::{match['account']}:assumed-role/{match['name']}/SageMaker"
    return replace(caller, account=match["account"], principal=session)


def _refusal(service: str, message: str) -> AwsError:
    return AwsError(_DENIED_CODES.get(service, "AccessDeniedException"), message, status=403)
