"""Sessions by access key: what temporary credentials stand for, until when. They survive the daemon."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.seams import Clock, Json

_KIND = "sts-session"
_KEPT_AFTER_EXPIRY = 3600.0


@dataclass(frozen=True, slots=True)
class Session:
    """Temporary credentials. `principal` is the ARN that calls with them, `role` the role's own with its path.

    `policies` are the texts of session policies, None when none were passed, `managed` the ARNs of managed ones.
    `tags` are session tags, `transitive` the keys of those that the next role in a chain inherits. `by_service` are the
    credentials that an AWS service holds for what it runs, and renews before they expire. `pretended` is the session of
    a role that does not exist, in an account that is a sandbox. Times are in seconds since the epoch.
    """

    access_key: str
    secret: str
    token: str
    account: str
    principal: str
    user_id: str
    issued: float
    expires: float
    role: str = ""
    policies: tuple[str, ...] | None = None
    managed: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    by_service: str = ""
    pretended: bool = False

    @property
    def name(self) -> str:
        return self.principal.rpartition("/")[2]

    @property
    def role_name(self) -> str:
        return self.role.rpartition("/")[2]

    def expired(self, now: float) -> bool:
        return not self.by_service and now >= self.expires

    def as_json(self) -> Json:
        return asdict(self)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        values: Any = {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}
        return cls(**values)


class Sessions:
    """Sessions in memory and in documents. Safe to use from many threads."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions = {key.name: Session.from_json(body) for key, body in documents.list(_KIND)}
        self._forget_old()

    def add(self, session: Session) -> None:
        """Keep a new session; it survives once this returns."""
        self._documents.put(Key("", "", _KIND, session.access_key), session.as_json())
        with self._lock:
            self._sessions[session.access_key] = session

    def find(self, access_key: str) -> Session | None:
        """A session, also one that has expired; None for a key that none has."""
        return self._sessions.get(access_key)

    def _forget_old(self) -> None:
        """Long expired ones would otherwise pile up; they are the same as unknown ones to whoever still tries."""
        limit = self._clock.now() - _KEPT_AFTER_EXPIRY
        with self._documents.transaction():
            for key in [key for key, session in self._sessions.items() if session.expires < limit]:
                del self._sessions[key]
                self._documents.delete(Key("", "", _KIND, key))
