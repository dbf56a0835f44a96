"""Statements of resource policies that let principals of the organization in, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Statement = Mapping[str, Any]

HEADGATE_PRINCIPALS = ("arn:${AWS::Partition}:iam::*:role/headgate/*",)
"""Roles that Headgate has made, in any account. Those of projects' stacks are not among them: teams write their trust
policies, and so decide which tags their sessions may claim."""


def let_in(
    sid: str,
    actions: Sequence[str],
    resource: str | Sequence[str],
    condition: Mapping[str, Mapping[str, Any]] | None = None,
) -> Statement:
    """Headgate's roles of the organization's other accounts may, as far as their own policies let them.

    In the resource's own account its policy alone would be enough, so there it lets nobody in.
    """
    conditions: dict[str, dict[str, Any]] = {
        "StringEquals": {"aws:PrincipalOrgID": "${OrganizationId}"},
        "StringNotEquals": {"aws:PrincipalAccount": "${AWS::AccountId}"},
        "ArnLike": {"aws:PrincipalArn": list(HEADGATE_PRINCIPALS)},
    }
    for operator, keys in (condition or {}).items():
        conditions[operator] = {**conditions.get(operator, {}), **keys}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": list(actions),
        "Resource": list(resource) if not isinstance(resource, str) else resource,
        "Condition": conditions,
    }


def through(*services: str) -> Mapping[str, Mapping[str, Any]]:
    """The key is used by these services of this Region, on the principal's behalf."""
    return {"StringEquals": {"kms:ViaService": [f"{service}.${{AWS::Region}}.amazonaws.com" for service in services]}}
