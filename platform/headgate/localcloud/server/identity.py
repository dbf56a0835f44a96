"""Who is calling: from an access key to an account and a principal.

Keys of the local cloud's own spell their account: `HEADGATE` and twelve digits stand for its root, `HEADGATEROLE` and
twelve digits for somebody who has assumed the execution role, as in SageMaker Studio. Keys of IAM users and of other
assumed roles are in moto's tables. Any other key is taken for the default account's root, so that
settings such as `AWS_ACCESS_KEY_ID=test`, which many projects carry, work as they do elsewhere.
"""

from __future__ import annotations

import re
import secrets
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller

DEFAULT_ACCOUNT = "123456789012"

EXECUTION_ROLE = "headgate-execution"

_OWN_KEY = re.compile(r"^HEADGATE(ROLE)?(\d{12})$")
_SERVICE_PREFIX = "HEADGATESERVICE"
_ISSUED_KEY = re.compile(r"^[A-Z0-9]{16,128}$")


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
    """Callers by access key. `wait` blocks until moto's tables are there; only keys it may have issued need it."""

    def __init__(self, wait: Callable[[], object], account: str = DEFAULT_ACCOUNT) -> None:
        self._wait = wait
        self._account = account
        self._roles: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()
        self._services: dict[str, Caller] = {}
        self._service_keys: dict[tuple[str, str, tuple[tuple[str, str], ...]], str] = {}

    def caller(self, access_key: str, region: str) -> Caller:
        """The account and principal ARN that an access key stands for. Raises AwsError (InvalidClientTokenId)."""
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
                self._services[key] = Caller(account, "", "", principal, dict(context))
            return self._service_keys[identity]

    def _service(self, access_key: str, region: str) -> Caller:
        found = self._services.get(access_key)
        if found is None:
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", status=403)
        return replace(found, region=region)

    def _find(self, access_key: str) -> tuple[str, str]:
        own = own_principal(access_key)
        if own:
            return own
        if access_key in self._roles:
            return self._roles[access_key]
        if _ISSUED_KEY.match(access_key):
            self._wait()
            found = self._assumed_role(access_key) or _user(access_key)
            if found:
                return found
        return self._account, f"arn:aws:iam::{self._account}:root"

    def _assumed_role(self, access_key: str) -> tuple[str, str] | None:
        """A session's key never changes hands, so it is looked up once."""
        for account, backend in _backends("sts"):
            for role in list(backend.assumed_roles):
                if role.access_key_id == access_key:
                    self._roles[access_key] = account, role.arn
                    return self._roles[access_key]
        return None


def _user(access_key: str) -> tuple[str, str] | None:
    for account, backend in _backends("iam"):
        key = backend.access_keys.get(access_key)
        if key is not None:
            user = key.user_name
            return account, f"arn:aws:iam::{account}:user/{user}" if user else f"arn:aws:iam::{account}:root"
    return None


def _backends(service: str) -> list[tuple[str, Any]]:
    """The backends of a global service that exist already; asking moto itself would create one per partition."""
    module = sys.modules.get(f"moto.{service}.models")
    if module is None:
        return []
    table = getattr(module, f"{service}_backends")
    return [(account, backend) for account in list(table) for backend in list(dict.values(table[account]))]
