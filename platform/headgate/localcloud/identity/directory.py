"""What the evaluator asks the rest of the local cloud: principals, organizations and resources, as plain values.

The protocol is implemented over moto's and our own stores; the evaluator never sees those. `version` makes it fast:
what is asked of principals and organizations is remembered until the number changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from headgate.localcloud.identity.principals import Principal
from headgate.localcloud.seams import Caller

ContextValue = str | tuple[str, ...]
"""A condition key's value; a tuple for keys that may have several (`aws:TagKeys`), also when they have one."""


@dataclass(frozen=True, slots=True)
class Document:
    """A policy as it was stored: `name` is its ARN, or what a person calls it (`inline policy read of role x`)."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What IAM and STS know of a principal at this moment.

    `policies` are its managed and inline ones, those of a user's groups included. `session` is None when AssumeRole
    passed no session policy; an empty tuple never occurs. `tags` are the principal's own with session tags over them.
    `context` is what else its credentials say: `aws:userid`, `aws:username`, `aws:SourceIdentity`,
    `aws:TokenIssueTime`, `aws:MultiFactorAuthPresent`, `aws:FederatedProvider`.
    """

    principal: Principal
    policies: tuple[Document, ...] = ()
    boundary: Document | None = None
    session: tuple[Document, ...] | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, ContextValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the way from the root to an account: `target` is its id (`r-…`, `ou-…`, the account's)."""

    target: str
    policies: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Membership:
    """An account's place in an organization.

    `path` is as in `aws:PrincipalOrgPaths`: `o-a1/r-ab12/ou-ab12-1/ou-ab12-2/`. `levels` go from the root to the
    account itself; they are given for the management account too, which no SCP touches.
    """

    organization_id: str
    path: str
    management_account: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """What is known of a resource: who owns it, its policy, its tags, and the KMS key (ARN) that protects it.

    `kms_key` is empty unless a customer managed key is named. For a bucket it is the key of its default encryption,
    for an object the one it was written with. `context` is what only the resource's service knows, such as
    `kms:ResourceAliases` of a key and `iam:PermissionsBoundary` of a role or user. `partition_key` is the attribute of
    a DynamoDB table's or index's key.
    """

    owner_account: str
    policy: Document | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    kms_key: str = ""
    context: Mapping[str, ContextValue] = field(default_factory=dict)
    partition_key: str = ""


class Directory(Protocol):
    """Answers in microseconds, from memory; it is asked several times for every request. Safe for many threads."""

    def version(self) -> int:
        """A number that changes whenever an answer of `identity` or `membership` may have changed."""
        ...

    def identity(self, caller: Caller) -> Identity | None:
        """The user or role session that `caller.principal` names, or None when IAM has no such user or role.

        Not asked for account roots, service principals and anonymous callers.
        """
        ...

    def membership(self, account: str) -> Membership | None:
        """The account's place in its organization, or None when it is in none."""
        ...

    def resolve(self, arn: str) -> str:
        """The resource's own ARN, for one that is spelt as a request can: `arn` itself when there is nothing to add.

        Asked for IAM users, roles and policies (a request names them without their path), KMS aliases
        (`…:alias/x` becomes the key's ARN), secrets (without the random suffix) and stacks (`stack/NAME/*`).
        """
        ...

    def resource(self, arn: str) -> ResourceRecord | None:
        """What exists under an ARN, or None.

        An object of S3 is asked for under its own ARN, for its tags and key, and under its bucket's, for owner and
        policy. Other parts of something larger have the larger one's owner and policy: model packages (also as
        `model-package/GROUP/*`) their group's, log streams their log group's, functions with a version or alias the
        function's.
        """
        ...
