"""A directory of values, for the tests of the authorizer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from headgate.localcloud.identity import principals
from headgate.localcloud.identity.authorizer import Authorization, Authorizer
from headgate.localcloud.identity.directory import Document, Identity, Level, Membership, ResourceRecord
from headgate.localcloud.seams import Caller
from unit.localcloud.identity.policies import ACCOUNT, ROLE, SESSION, allow, document

REGION = "eu-west-1"
WORKER = Caller(ACCOUNT, REGION, SESSION.arn, access_key="ASIAWORKER")
ROOT = Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:root")
EVENTS = Caller(ACCOUNT, REGION, service="events.amazonaws.com", context={"aws:SourceAccount": ACCOUNT})
MANAGEMENT = "999999999999"


def stored(*statements: dict[str, Any], name: str = "p") -> Document:
    return Document(name, json.dumps(document(*statements)))


@dataclass
class Directory:
    """A directory of values; counts how often it is asked for a caller."""

    policies: tuple[Document, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    boundary: Document | None = None
    session: tuple[Document, ...] | None = None
    members: dict[str, Membership] = field(default_factory=dict)
    resources: dict[str, ResourceRecord] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    exists: bool = True
    number: int = 1
    asked: int = 0

    def version(self) -> int:
        return self.number

    def identity(self, caller: Caller) -> Identity | None:
        self.asked += 1
        if not self.exists:
            return None
        if ":user/" in caller.principal:
            return Identity(principals.user(caller.principal), self.policies, tags=self.tags)
        who = principals.session(caller.principal, ROLE)
        return Identity(who, self.policies, self.boundary, self.session, self.tags, {"aws:userid": "AROA:run"})

    def membership(self, account: str) -> Membership | None:
        return self.members.get(account)

    def resolve(self, arn: str) -> str:
        return self.aliases.get(arn, arn)

    def resource(self, arn: str) -> ResourceRecord | None:
        return self.resources.get(arn)


class Noon:
    def now(self) -> float:
        return 1_769_860_800.0  # 2026-01-31T12:00:00Z


def member(*levels: tuple[Document, ...]) -> Membership:
    placed = tuple(Level(f"level-{number}", documents) for number, documents in enumerate(levels))
    return Membership("o-1", "o-1/r-1/ou-1/", MANAGEMENT, placed)


def decide(
    directory: Directory, service: str, operation: str, caller: Caller = WORKER, **parameters: Any
) -> Authorization:
    return Authorizer(directory, Noon()).authorize(service, operation, parameters, caller)


def by_endpoint(
    directory: Directory, endpoint: Document, service: str, operation: str, caller: Caller = WORKER, **parameters: Any
) -> Authorization:
    """The same for a request that comes by a VPC endpoint with this policy."""
    return Authorizer(directory, Noon()).authorize(service, operation, parameters, caller, endpoint)


FULL = stored(allow())
