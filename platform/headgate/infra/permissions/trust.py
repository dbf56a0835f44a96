"""Trust policies: who may become a role.

People come from the identity account with the tags that their identity provider sends; machines are a service that
acts for a resource of this account, or a named role of the tooling account.
"""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.document import Conditions, Document, Purpose, Statement
from headgate.infra.permissions.places import OWN_TEAM, PERSONA_TAG, TEAM_TAG

_IDENTITY = {"AWS": f"arn:{resources.PARTITION}:iam::${{IdentityAccountId}}:root"}
_OWN = {"AWS": f"arn:{resources.PARTITION}:iam::{resources.ACCOUNT}:root"}


def _trust(name: str, *statements: Statement) -> Document:
    return Document(f"{name}/trust", Purpose.TRUST, statements)


def people(name: str, persona: str, *, team: str | None, administrators: bool = False) -> Document:
    """Principals of the identity account with this persona, of one team unless `team` is None.

    With `administrators` principals of the role's own account with the persona, too: there, who could give themselves
    the persona can do everything anyway. No session tags are let in: the role's own tags are the only ones that its
    sessions have.
    """
    tags = {f"aws:PrincipalTag/{PERSONA_TAG}": persona}
    if team is not None:
        tags[f"aws:PrincipalTag/{TEAM_TAG}"] = team
    only: Conditions = {"StringEquals": tags}
    statements = [Statement("PeopleOfPersona", ("sts:AssumeRole",), (), only, principals=_IDENTITY)]
    if administrators:
        statements.append(Statement("OwnAdministrators", ("sts:AssumeRole",), (), only, principals=_OWN))
    return _trust(name, *statements)


def members(name: str, persona: str) -> Document:
    """Principals of any team with this persona, whose sessions carry their team on.

    The role is shared by all teams. The only tag that a session may set is the caller's own team; a session without
    it belongs to no team, and what is granted by team is then denied.
    """
    own = {
        "StringEquals": {f"aws:PrincipalTag/{PERSONA_TAG}": persona},
        "StringEqualsIfExists": {f"aws:RequestTag/{TEAM_TAG}": OWN_TEAM},
        "ForAllValues:StringEquals": {"aws:TagKeys": TEAM_TAG},
        "Null": {f"aws:PrincipalTag/{TEAM_TAG}": "false"},
    }
    return _trust(
        name, Statement("MembersOfTeams", ("sts:AssumeRole", "sts:TagSession"), (), own, principals=_IDENTITY)
    )


def service(name: str, *services: str, source: str | None = None, account: str = resources.ACCOUNT) -> Document:
    """AWS services, when they act for this account; `source` narrows it to ARNs of what they act for.

    Only SageMaker is known to say whom it acts for whenever it takes a role (developer guide, 'Cross-service confused
    deputy prevention'), so nothing but a `source` asks for it. A service that says so must act for this account; one
    that does not was handed the role by somebody of this account, for iam:PassRole reaches no further.
    """
    own = {"aws:SourceAccount": account}
    conditions: Conditions = {"StringEqualsIfExists": own}
    if source is not None:
        conditions = {"StringEquals": own, "ArnLike": {"aws:SourceArn": source}}
    principals = {"Service": services[0] if len(services) == 1 else list(services)}
    return _trust(name, Statement("ServiceOfAccount", ("sts:AssumeRole",), (), conditions, principals=principals))


def named(name: str, role_name: str, *, account: str, team: str | None = None) -> Document:
    """One role of another account by name, for one team if `team` is given (by the tag that its session carries)."""
    conditions: Conditions = {"StringEquals": {f"aws:PrincipalTag/{TEAM_TAG}": team}} if team else {}
    where = {"AWS": f"arn:{resources.PARTITION}:iam::{account}:root"}
    return _trust(
        name,
        Statement(
            "NamedRole",
            ("sts:AssumeRole",),
            (),
            {**conditions, "ArnEquals": {"aws:PrincipalArn": resources.role(role_name, account=account)}},
            principals=where,
        ),
    )


def named_with_team(name: str, role_name: str, *, account: str, team: str) -> Document:
    """As `named`; the session's team tag is transitive, so the trust also admits that it is handed on."""
    only = named(name, role_name, account=account, team=team).statements[0]
    handed = Statement(
        "TeamIsHandedOn",
        ("sts:TagSession",),
        (),
        {
            **only.conditions,
            "StringEqualsIfExists": {f"aws:RequestTag/{TEAM_TAG}": team},
            "ForAllValues:StringEquals": {"aws:TagKeys": TEAM_TAG},
        },
        principals=only.principals,
    )
    return _trust(name, only, handed)
