"""Trails: what each records, where it delivers, and how far it has come. One document each."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json

KIND = "trail"
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{1,126})[A-Za-z0-9]")
_ARN = re.compile(r"arn:aws:cloudtrail:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):trail/(?P<name>.+)")
_GLOBAL = frozenset({"iam.amazonaws.com", "sts.amazonaws.com", "organizations.amazonaws.com", "budgets.amazonaws.com"})
MANAGEMENT = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "DataResources": [],
    "ExcludeManagementEventSources": [],
}


@dataclass(frozen=True, slots=True)
class Trail:
    """One trail. `cursor` is the offset in the history up to which it has delivered; times are in seconds.

    `organization` is the id of the organization whose members it covers, empty for a trail of its account alone.
    """

    account: str
    region: str
    name: str
    bucket: str
    prefix: str = ""
    organization: str = ""
    all_regions: bool = False
    global_events: bool = True
    validation: bool = False
    kms_key: str = ""
    selector: Mapping[str, Any] = field(default_factory=lambda: dict(MANAGEMENT))
    tags: Mapping[str, str] = field(default_factory=dict)
    logging: bool = False
    cursor: int = 0
    started: float = 0.0
    stopped: float = 0.0
    delivered: float = 0.0
    failure: str = ""

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudtrail:{self.region}:{self.account}:trail/{self.name}"

    @property
    def key(self) -> Key:
        return Key(self.account, self.region, KIND, self.name)

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        return cls(**body)

    def wants(self, event: Json, members: Callable[[str], str]) -> list[str]:
        """The accounts, of those that the trail covers, in whose logs an event belongs."""
        if not (self.all_regions or event["awsRegion"] == self.region or self._is_global(event)):
            return []
        if self._is_global(event) and not self.global_events:
            return []
        if event["eventSource"] in self.selector.get("ExcludeManagementEventSources", ()):
            return []
        kind = self.selector.get("ReadWriteType", "All")
        if kind != "All" and (kind == "ReadOnly") != event["readOnly"]:
            return []
        accounts = accounts_of(event)
        if self.organization:
            return [account for account in accounts if members(account) == self.organization]
        return [account for account in accounts if account == self.account]

    @staticmethod
    def _is_global(event: Json) -> bool:
        return event["eventSource"] in _GLOBAL


def accounts_of(event: Json) -> list[str]:
    """The accounts that an event belongs to: the caller's and the owner's."""
    found = [event["userIdentity"].get("accountId", ""), event["recipientAccountId"]]
    return [account for account in dict.fromkeys(found) if account]


class Trails:
    """All trails of all accounts."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def save(self, trail: Trail) -> None:
        self._documents.put(trail.key, asdict(trail))

    def remove(self, trail: Trail) -> None:
        self._documents.delete(trail.key)

    def all(self) -> list[Trail]:
        return [Trail.from_json(body) for _, body in self._documents.list(KIND)]

    def advance(self, trail: Trail, **changes: Any) -> None:
        """Change a trail unless it has been deleted meanwhile."""
        with self._documents.transaction():
            found = self._documents.find(trail.key)
            if found is not None:
                self.save(replace(Trail.from_json(found), **changes))

    def find(self, caller: Caller, name_or_arn: str) -> Trail:
        """A trail by name in the caller's account and region, or by ARN. Raises AwsError (TrailNotFoundException)."""
        match = _ARN.fullmatch(name_or_arn)
        if match is not None:
            key = Key(match["account"], match["region"], KIND, match["name"])
        else:
            key = Key(caller.account, caller.region, KIND, check_name(name_or_arn))
        found = self._documents.find(key)
        if found is None:
            raise AwsError("TrailNotFoundException", f"Unknown trail: {name_or_arn} for the user: {caller.account}")
        return Trail.from_json(found)


def check_name(name: str) -> str:
    """Raises AwsError (InvalidTrailNameException)."""
    if not _NAME.fullmatch(name):
        message = f"Trail name or ARN is invalid: {name}"
        raise AwsError("InvalidTrailNameException", message)
    return name
