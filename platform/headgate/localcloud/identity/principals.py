"""Principals: who makes a request, and which of the names that a policy may give them are theirs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

PrincipalKind = Literal["root", "user", "role", "federated", "service", "anonymous"]

_ROOT = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):root")
_USER = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::(?P<account>\d{12}):user/.+")
_SESSION = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):sts::(?P<account>\d{12}):assumed-role/(?P<role>[^/]+)/(?P<session>[^/]+)"
)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls.

    `arn` is the principal's own (a session's for roles; empty for services and anonymous callers), `role_arn` is the
    IAM role behind a session, with its path. `name` is the service's (`events.amazonaws.com`) or the identity
    provider's.
    """

    kind: PrincipalKind
    account: str = ""
    arn: str = ""
    role_arn: str = ""
    name: str = ""

    @property
    def policy_arn(self) -> str:
        """What `aws:PrincipalArn` holds: the role's ARN for a session of it."""
        return self.role_arn or self.arn

    @property
    def is_service_linked(self) -> bool:
        """Roles that belong to AWS's services; no SCP touches them."""
        return ":role/aws-service-role/" in self.role_arn

    @property
    def shown(self) -> str:
        """How a message names it."""
        return self.arn or self.name or "anonymous"


ANONYMOUS = Principal("anonymous")


def root(account: str) -> Principal:
    """The root of an account."""
    return Principal("root", account, f"arn:aws:iam::{account}:root")


def user(arn: str) -> Principal:
    """An IAM user by ARN. Raises ValueError."""
    match = _USER.fullmatch(arn)
    if match is None:
        raise ValueError(f"{arn!r} is not the ARN of an IAM user")
    return Principal("user", match["account"], arn)


def session(arn: str, role_arn: str = "") -> Principal:
    """A session of a role: `role_arn` is needed when the role has a path. Raises ValueError."""
    match = _SESSION.fullmatch(arn)
    if match is None:
        raise ValueError(f"{arn!r} is not the ARN of an assumed role's session")
    behind = role_arn or f"arn:{match['partition']}:iam::{match['account']}:role/{match['role']}"
    return Principal("role", match["account"], arn, behind)


def service(name: str) -> Principal:
    """An AWS service that acts for itself, such as `events.amazonaws.com`."""
    return Principal("service", name=name)


def federated(provider: str) -> Principal:
    """Somebody whom an identity provider (its ARN or host name) vouches for, before a role is assumed."""
    return Principal("federated", name=provider)


def is_root(arn: str) -> bool:
    """Whether an ARN is an account's root."""
    return _ROOT.fullmatch(arn) is not None
