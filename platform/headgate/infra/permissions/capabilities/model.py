"""A capability: a named set of statements, which is what personas and machines are given."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.infra.permissions import resources
from headgate.infra.permissions.document import Conditions, Statement
from headgate.infra.permissions.places import (
    ENVIRONMENT_TAG,
    OWN_TEAM,
    TEAM_TAG,
)
from headgate.infra.permissions.resources import HERE, REGION


@dataclass(frozen=True, slots=True)
class Capability:
    """What somebody may do. `name` is stable (tables and tests use it), `what` is a line for people."""

    name: str
    what: str
    statements: tuple[Statement, ...]


def tagged_here() -> Conditions:
    """The resource is tagged as this environment's."""
    return {"StringEquals": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": HERE}}


def tagged_here_or_not_at_all() -> Conditions:
    """For what AWS creates without tags, such as the jobs of pipelines that do not set any."""
    return {"StringEqualsIfExists": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": HERE}}


def tags_it_here() -> Conditions:
    """The request tags what it creates as this environment's."""
    return {"StringEquals": {f"aws:RequestTag/{ENVIRONMENT_TAG}": HERE}}


def of_own_team() -> Conditions:
    """The resource is tagged with the team that the principal is tagged with: no tag, no access."""
    return {"StringEquals": {f"aws:ResourceTag/{TEAM_TAG}": OWN_TEAM}}


def passed_to(*services: str) -> Conditions:
    """The role goes to these services and no other."""
    return {"StringEquals": {"iam:PassedToService": services if len(services) > 1 else services[0]}}


def linked_roles(*services: str) -> Statement:
    """The roles that these services link to themselves, which the first use of each in an account creates."""
    names = tuple(f"{each}.amazonaws.com" for each in services)
    return Statement(
        "CreateLinkedRoles",
        ("iam:CreateServiceLinkedRole",),
        (resources.SERVICE_ROLES,),
        {"StringEquals": {"iam:AWSServiceName": names if len(names) > 1 else names[0]}},
    )


def through(*services: str) -> Conditions:
    """The key is used by these services on the principal's behalf, never directly."""
    names = tuple(f"{service}.{REGION}.amazonaws.com" for service in services)
    return {"StringEquals": {"kms:ViaService": names if len(names) > 1 else names[0]}}


def both(*conditions: Conditions) -> Conditions:
    """All of the conditions: operators are merged, keys never collide within one operator."""
    made: dict[str, dict[str, object]] = {}
    for each in conditions:
        for operator, keys in each.items():
            made.setdefault(operator, {}).update(keys)
    return made
