"""Who is calling: from an access key to an account and a principal.

Keys of the local cloud's own spell their account: `HEADGATE` and twelve digits stand for its root, `HEADGATEROLE` and
twelve digits for somebody who has assumed the execution role, as in SageMaker Studio. Keys of sessions are STS's, those
of IAM users are in moto's tables. As long as the default account is in no organization, any other key is taken for its
root, so that settings such as `AWS_ACCESS_KEY_ID=test`, which many projects carry, work as they do elsewhere.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Clock
from headgate.localcloud.sts.sessions import Sessions

DEFAULT_ACCOUNT = "123456789012"

EXECUTION_ROLE = "headgate-execution"

_OWN_KEY = re.compile(r"^HEADGATE(ROLE)?(\d{12})$")
_SERVICE_PREFIX = "HEADGATESERVICE"
_ISSUED_KEY = re.compile(r"^A[A-Z0-9]{15,127}$")
"""What keys of IAM users look like; only for them are moto's tables waited for."""

FindUserKey = Callable[[str], tuple[str, str] | None]
"""Account and principal of an IAM user's access key, or None; waits until moto's tables are there."""


def root_key(account: str) -> str:
    """The access key id that stands for an account's root. Raises ValueError unless given twelve digits."""
    if not re.fullmatch(r"\d{12}", account):
        raise ValueError(f"account {account!r} is not twelve digits")
    return f"HEADGATE{account}"


def own_principal(access_key: str) -> tuple[str, str] | None:
    """The account and principal of a key that the local cloud itself gives out, None for any other key."""
    own = _OWN_KEY.match(access_key)
    if own is None:
        return None
    role, account = own.groups()
    if role:
        return account, f"arn:aws:sts::{account}:assumed-role/{EXECUTION_ROLE}/headgate"
    return account, f"arn:aws:iam::{account}:root"


class Identities:
    """Callers by access key. `in_organization` tells whether an account is a sandbox no longer."""

    def __init__(
        self,
        sessions: Sessions,
        find_user_key: FindUserKey,
        in_organization: Callable[[str], bool],
        clock: Clock,
        account: str = DEFAULT_ACCOUNT,
    ) -> None:
        self._sessions = sessions
        self._find_user_key = find_user_key
        self._in_organization = in_organization
        self._clock = clock
        self._account = account
        self._lock = threading.Lock()
        self._services: dict[str, Caller] = {}
        self._service_keys: dict[tuple[str, str, tuple[tuple[str, str], ...]], str] = {}

    def caller(self, access_key: str, region: str) -> Caller:
        """Who an access key stands for. Raises AwsError: ExpiredToken, InvalidClientTokenId."""
        if access_key.startswith(_SERVICE_PREFIX):
            return self._service(access_key, region)
        account, principal = self._find(access_key)
        return Caller(account, region, principal, access_key=access_key)

    def service_key(self, principal: str, account: str, context: Mapping[str, str]) -> str:
        """A key with which an AWS service acts in an account; the same one for the same context. Until the end only."""
        identity = (principal, account, tuple(sorted(context.items())))
        with self._lock:
            if identity not in self._service_keys:
                key = f"{_SERVICE_PREFIX}{secrets.token_hex(16).upper()}"
                self._service_keys[identity] = key
                self._services[key] = Caller(account, "", "", principal, dict(context), key)
            return self._service_keys[identity]

    def _service(self, access_key: str, region: str) -> Caller:
        found = self._services.get(access_key)
        if found is None:
            raise _unknown()
        return replace(found, region=region)

    def _find(self, access_key: str) -> tuple[str, str]:
        own = own_principal(access_key)
        if own:
            return own
        session = self._sessions.find(access_key)
        if session is not None:
            if session.expired(self._clock.now()):
                raise AwsError("ExpiredToken", "The security token included in the request is expired", status=403)
            return session.account, session.principal
        found = self._find_user_key(access_key) if _ISSUED_KEY.match(access_key) else None
        if found is not None:
            return found
        if not self._in_organization(self._account):
            return self._account, f"arn:aws:iam::{self._account}:root"
        if access_key:
            raise _unknown()
        return self._account, ""


def _unknown() -> AwsError:
    message = "The security token included in the request is invalid."
    return AwsError("InvalidClientTokenId", message, status=403)
