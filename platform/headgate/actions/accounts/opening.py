"""An organization ready to be worked on: its declaration, a session in its governance account, its templates."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headgate.aws.people import sign_in
from headgate.aws.sessions import Target, connect, state_folder
from headgate.environments import default_cache
from headgate.errors import UserError
from headgate.infra.synth import Assembly, synthesize
from headgate.spec.organization import ORGANIZATION_FILE, Organization, folder_of, load_organization

if TYPE_CHECKING:
    from headgate.aws.sessions import Session

PLATFORM_ROLE = "headgate/headgate-governance-it"
"""Path and name of the role in which the platform team works."""


@dataclass(frozen=True, slots=True)
class OpenOrganization:
    """`session` acts in the governance account and the home Region."""

    organization: Organization
    session: Session

    def assembly(self) -> Assembly:
        """The templates: synthesized when something that they are made from has changed, else from the cache."""
        return synthesize(self.organization, cache=default_cache() / "templates")


def open_organization(start: Path, target: Target) -> OpenOrganization:
    """Read organization.yaml and connect. Raises UserError for a wrong file, or credentials of another account."""
    organization = load_organization(start)
    try:
        session = connect(
            organization_root(organization),
            target,
            account=organization.governance_account_id,
            region=organization.region,
        )
    except UserError as error:
        if organization.governance_account_id not in str(error.expected):
            raise
        raise UserError(
            error.message,
            where=error.where,
            expected=f"credentials of the governance account {organization.governance_account_id}",
            next_command="aws sts get-caller-identity",
        ) from error
    return OpenOrganization(organization, session)


def as_platform_team(opened: OpenOrganization) -> Session:
    """A session as the persona IT in the governance account, which runs the platform.

    Raises UserError when the credentials are not those of the platform team.
    """
    organization, session = opened.organization, opened.session
    folder = state_folder(organization_root(organization), os.environ)
    identity = session
    if session.target == "local" and organization.identity_account_id != session.account:
        identity = connect(
            organization_root(organization),
            "local",
            account=organization.identity_account_id,
            region=organization.region,
        )
    person = sign_in(identity, "it", folder)
    return person.assume(f"arn:aws:iam::{organization.governance_account_id}:role/{PLATFORM_ROLE}")


def organization_root(organization: Organization) -> Path:
    """The folder that an organization's local cloud belongs to."""
    return folder_of(organization.file or Path.cwd() / ORGANIZATION_FILE)


def who(session: Session) -> str:
    """Who is deploying, for those who find that somebody is."""
    arn: str = session.client("sts").get_caller_identity()["Arn"]
    return f"{os.environ.get('USER', 'somebody')} as {arn}"
