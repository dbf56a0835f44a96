"""The elements Principal and NotPrincipal of resource and trust policies, and whom they name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from headgate.localcloud.identity.errors import PolicyError
from headgate.localcloud.identity.principals import Principal
from headgate.localcloud.seams import Json

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?")
_PRINCIPAL_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam::\d{12}:(?:user|role)/.+|sts::\d{12}:(?:assumed-role/[^/]+/[^/]+|federated-user/.+))"
)
_UNIQUE_ID = re.compile(r"A(?:ROA|IDA)[A-Z0-9]{12,}")
"""What a principal's ARN becomes in a policy once the principal is deleted: it names nobody any more."""
_KINDS = frozenset({"AWS", "Service", "Federated"})


class Grant(Enum):
    """How a policy's Principal names somebody, from weakest to strongest."""

    NONE = 0
    ACCOUNT = 1
    """By the account: its own identity-based policies have the last word."""
    PRINCIPAL = 2
    """By role, service, provider or as everybody: enough in the same account, within boundary and session policy."""
    SESSION = 3
    """By user or session ARN: enough in the same account, whatever boundary and session policy leave out."""


@dataclass(frozen=True, slots=True)
class PrincipalElement:
    """Who is named; `negated` is NotPrincipal. `anybody` is `*`, `aws_anybody` is `{"AWS": "*"}`."""

    negated: bool
    anybody: bool
    aws_anybody: bool
    accounts: frozenset[str]
    arns: frozenset[str]
    services: frozenset[str]
    providers: frozenset[str]

    def grant(self, principal: Principal) -> Grant:
        """What an Allow statement gives a principal; NotPrincipal gives to whom no name in it fits."""
        named = self._named(principal)
        if not self.negated:
            return named
        return Grant.PRINCIPAL if named is Grant.NONE else Grant.NONE

    def denies(self, principal: Principal) -> bool:
        """Whether a Deny statement is about a principal.

        NotPrincipal spares only those of whom every name is listed: account, role and session (IAM User Guide,
        "NotPrincipal"). `{"AWS": "*"}` denies services too, although it allows them nothing.
        """
        if not self.negated:
            return self.aws_anybody or self._named(principal) is not Grant.NONE
        if self.anybody or self.aws_anybody:
            return False
        if principal.kind in {"service", "federated", "anonymous"}:
            return self._named(principal) is Grant.NONE
        names = {principal.arn, principal.policy_arn} - {""}
        root = principal.kind == "root"
        return not (principal.account in self.accounts and (root or names <= self.arns))

    def _named(self, principal: Principal) -> Grant:
        if principal.kind == "service":
            return Grant.PRINCIPAL if self.anybody or principal.name in self.services else Grant.NONE
        if principal.kind == "federated":
            return Grant.PRINCIPAL if self.anybody or principal.name in self.providers else Grant.NONE
        if principal.kind != "anonymous":
            if principal.arn in self.arns:
                return Grant.SESSION
            if principal.role_arn in self.arns or self.anybody or self.aws_anybody:
                return Grant.PRINCIPAL
            return Grant.ACCOUNT if principal.account in self.accounts else Grant.NONE
        return Grant.PRINCIPAL if self.anybody or self.aws_anybody else Grant.NONE


def parse_principals(statement: Json) -> PrincipalElement:
    """A statement's Principal or NotPrincipal. Raises PolicyError."""
    present = [name for name in ("Principal", "NotPrincipal") if name in statement]
    if len(present) != 1:
        raise PolicyError("a statement needs either Principal or NotPrincipal")
    element = statement[present[0]]
    negated = present[0] == "NotPrincipal"
    if element == "*":
        return PrincipalElement(negated, True, False, frozenset(), frozenset(), frozenset(), frozenset())
    if not isinstance(element, Mapping) or not element:
        raise PolicyError(f'{present[0]} must be "*" or an object of AWS, Service or Federated')
    unknown = set(element) - _KINDS
    if unknown:
        raise PolicyError(f"the local cloud knows no principals of the kind {min(unknown)!r}")
    listed = _listed(element, "AWS")
    names = listed - {"*"}
    accounts = {match[1] for name in names if (match := _ACCOUNT.fullmatch(name))}
    arns = {name for name in names if not _ACCOUNT.fullmatch(name)}
    for name in arns:
        _check_arn(name)
    return PrincipalElement(
        negated,
        False,
        "*" in listed,
        frozenset(accounts),
        frozenset(arns),
        _listed(element, "Service"),
        _listed(element, "Federated"),
    )


def _check_arn(name: str) -> None:
    if _UNIQUE_ID.fullmatch(name):
        return
    if not _PRINCIPAL_ARN.fullmatch(name) or "*" in name or "?" in name:
        raise PolicyError(f"invalid principal in policy: {name!r}; wildcards stand alone or in a condition")


def _listed(element: Mapping[str, Any], kind: str) -> frozenset[str]:
    if kind not in element:
        return frozenset()
    values = element[kind] if isinstance(element[kind], list) else [element[kind]]
    if not values or not all(isinstance(value, str) and value for value in values):
        raise PolicyError(f"the principals of the kind {kind} must be a text or a list of texts")
    if kind == "Service" and any("*" in value for value in values):
        raise PolicyError("invalid principal in policy: a service principal has no wildcards")
    return frozenset(values)
