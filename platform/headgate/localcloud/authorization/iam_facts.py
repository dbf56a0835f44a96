"""What moto's IAM holds about roles and users, as plain values. Call everything here in moto's turn."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from headgate.localcloud.identity.directory import Document

_NOTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})
"""What a boundary amounts to whose policy does not exist."""


@dataclass(frozen=True, slots=True)
class RoleFacts:
    """A role: `trust` is its trust policy, `longest` MaxSessionDuration in seconds."""

    arn: str
    id: str
    trust: Document
    longest: int
    policies: tuple[Document, ...]
    boundary: Document | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UserFacts:
    """An IAM user, with the policies of its groups."""

    arn: str
    id: str
    policies: tuple[Document, ...]
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """A managed policy."""

    arn: str
    tags: Mapping[str, str]


def role(account: str, name: str) -> RoleFacts | None:
    """A role by name, or None."""
    found: Any = _backend(account)
    one = _by_name(found.roles, name) if found is not None else None
    if one is None:
        return None
    arn = f"arn:aws:iam::{account}:role{one.path}{one.name}"
    trust = Document(f"trust policy of role {one.name}", one.assume_role_policy_document)
    boundary = _boundary(found, one.permissions_boundary_arn)
    return RoleFacts(arn, one.id, trust, int(one.max_session_duration or 3600), _policies(one), boundary, _tags(one))


def user(account: str, name: str) -> UserFacts | None:
    """A user by name, or None."""
    found: Any = _backend(account)
    one: Any = found.users.get(name) if found is not None else None
    if one is None:
        return None
    policies = _policies(one)
    for group in found.groups.values():
        if one in group.users:
            policies += _policies(group)
    return UserFacts(one.arn, one.id, policies, {tag["Key"]: tag["Value"] for tag in one.tags or ()})


def policy(account: str, name: str) -> PolicyFacts | None:
    """A customer managed policy by its last name, or None."""
    found: Any = _backend(account)
    for one in found.managed_policies.values() if found is not None else ():
        if one.name == name and one.account_id == account and ":aws:policy/" not in one.arn:
            return PolicyFacts(one.arn, _tags(one))
    return None


def key_owner(access_key: str) -> tuple[str, str] | None:
    """The account and principal of an IAM user's access key that is active, or None."""
    module = sys.modules.get("moto.iam.models")
    for account, parts in list(module.iam_backends.items()) if module is not None else ():
        backend: Any = dict.get(parts, "aws")
        key = backend.access_keys.get(access_key) if backend is not None else None
        if key is not None and key.status == "Active":
            owner = backend.users.get(key.user_name) if key.user_name else None
            return account, owner.arn if owner else f"arn:aws:iam::{account}:root"
    return None


def managed_document(account: str, arn: str) -> Document | None:
    """The default version of a managed policy, AWS's own included, or None."""
    found = _backend(account)
    one = found.managed_policies.get(arn) if found is not None else None
    return Document(arn, _default(one)) if one is not None else None


def _backend(account: str) -> Any:
    """The account's IAM in moto; None if nothing of it was ever used. Asking moto itself would make one."""
    module = sys.modules.get("moto.iam.models")
    parts = dict.get(module.iam_backends, account) if module is not None else None
    return dict.get(parts, "aws") if parts is not None else None


def _by_name(roles: Mapping[str, Any], name: str) -> Any:
    return next((one for one in roles.values() if one.name == name), None)


def _policies(owner: Any) -> tuple[Document, ...]:
    label = type(owner).__name__.lower()
    inline = [Document(f"inline policy {name} of {label} {owner.name}", text) for name, text in owner.policies.items()]
    return (*inline, *(Document(one.arn, _default(one)) for one in owner.managed_policies.values()))


def _default(managed: Any) -> str:
    return str(next(version.document for version in managed.versions if version.is_default))


def _boundary(backend: Any, arn: str | None) -> Document | None:
    if not arn:
        return None
    managed = backend.managed_policies.get(arn)
    return Document(arn, _default(managed) if managed is not None else _NOTHING)


def _tags(one: Any) -> dict[str, str]:
    """moto keeps tags as a list of pairs, or by key."""
    tags = one.tags or []
    listed = tags.values() if isinstance(tags, dict) else tags
    return {tag["Key"]: tag["Value"] for tag in listed}
