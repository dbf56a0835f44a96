"""Whom a stack acts for: its role, assumed by CloudFormation, or else the session of whoever called.

Every call that a stack makes goes through the cloud's endpoint with such a session's key, and so through
authorization.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Clock, Json

PRINCIPAL = "cloudformation.amazonaws.com"
_SESSION = "AWSCloudFormation"
_DURATION = 3600
_MARGIN = 300.0


@dataclass(frozen=True, slots=True)
class Acting:
    """An account, a region, and the session (`access_key` of `principal`) or the role that acts there."""

    account: str
    region: str
    access_key: str = ""
    principal: str = ""
    role_arn: str = ""

    def as_json(self) -> Json:
        return asdict(self)


class Access(Protocol):
    """Where clients come from: what the local cloud offers CloudFormation and StackSets."""

    def service_client(self, principal: str, caller: Caller, service: str, context: Mapping[str, str]) -> Any:
        """A boto3 client that acts as an AWS service's principal in the caller's account."""
        ...

    def role_id(self, arn: str) -> str:
        """The unique id of a role that exists: one that was made again under its name is another role."""
        ...

    def session_client(self, service: str, keys: Mapping[str, str], region: str) -> Any:
        """A boto3 client for a session: `AccessKeyId`, and `SecretAccessKey` and `SessionToken` where they exist."""
        ...


def acting_for(caller: Caller, role_arn: str) -> Acting:
    """Whom a stack that this caller asks for acts for. Raises AwsError for a service that names no role."""
    if caller.service and not role_arn:
        raise AwsError("ValidationError", f"a stack that {caller.service} asks for needs a RoleARN")
    return Acting(caller.account, caller.region, caller.access_key, caller.principal, role_arn)


class Sessions:
    """Clients by whom they act for. Sessions of roles are shared until they expire. Safe to use from many threads."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock
        self._lock = threading.Lock()
        self._roles: dict[tuple[str, str, str], tuple[float, Mapping[str, str]]] = {}

    def client(self, acting: Acting, service: str, region: str = "") -> Any:
        """A client of a service. Raises ClientError (AccessDenied) when the role cannot be assumed."""
        region = region or acting.region
        if not acting.role_arn:
            return self._access.session_client(service, {"AccessKeyId": acting.access_key}, region)
        return self._access.session_client(service, self._assumed(acting), region)

    def _assumed(self, acting: Acting) -> Mapping[str, str]:
        key = (acting.account, acting.role_arn, self._access.role_id(acting.role_arn))
        with self._lock:
            until, keys = self._roles.get(key, (0.0, {}))
        if until - _MARGIN > self._clock.now():
            return keys
        caller = Caller(acting.account, acting.region)
        sts = self._access.service_client(PRINCIPAL, caller, "sts", {"aws:SourceAccount": acting.account})
        answer = sts.assume_role(RoleArn=acting.role_arn, RoleSessionName=_SESSION, DurationSeconds=_DURATION)
        keys = {name: answer["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")}
        with self._lock:
            self._roles[key] = self._clock.now() + _DURATION, keys
        return keys


ClientOf = Callable[[str], Any]
