"""An organization ready to be worked on: its declaration, a session in its governance account, its templates."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headgate.aws.people import PERSONA_TAG, sign_in
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
    """`session` acts in the governance account and the home Region: as an administrator there, or as the platform team.

    `as_platform` says that it is the role of the persona IT, which somebody of the identity account has become.
    """

    organization: Organization
    session: Session
    as_platform: bool = False

    def assembly(self) -> Assembly:
        """The templates: synthesized when something that they are made from has changed, else from the cache."""
        return synthesize(self.organization, cache=default_cache() / "templates")


def open_organization(start: Path, target: Target) -> OpenOrganization:
    """Read organization.yaml and connect.

    On AWS with credentials of the governance account, or of somebody of the platform team from the identity account,
    who becomes the role of the persona IT in governance. Raises UserError for a wrong file, or other credentials.
    """
    organization = load_organization(start)
    root, governance = organization_root(organization), organization.governance_account_id
    if target == "local":
        return OpenOrganization(organization, connect(root, "local", account=governance, region=organization.region))
    session = connect(root, "aws", region=organization.region)
    if session.account == governance:
        return OpenOrganization(organization, session)
    if session.account == organization.identity_account_id:
        return OpenOrganization(organization, _platform_team(session, organization), as_platform=True)
    people = f", or of the identity account {organization.identity_account_id}"
    raise UserError(
        f"the credentials are of account {session.account}, which does not govern this organization",
        where=f"{organization.file}: accounts.governance.id",
        expected=f"credentials of the governance account {governance}"
        + (people if organization.identity_account_id != governance else ""),
        next_command="aws sts get-caller-identity",
    )


def as_platform_team(opened: OpenOrganization) -> Session:
    """A session as the persona IT in the governance account, which runs the platform.

    Raises UserError when the credentials are not those of the platform team.
    """
    organization, session = opened.organization, opened.session
    if opened.as_platform:
        return session
    folder = state_folder(organization_root(organization), os.environ)
    identity = session
    if session.target == "local" and organization.identity_account_id != session.account:
        identity = connect(
            organization_root(organization),
            "local",
            account=organization.identity_account_id,
            region=organization.region,
        )
    return _platform_team(sign_in(identity, "it", folder), organization)


def _platform_team(person: Session, organization: Organization) -> Session:
    """The role of the persona IT. Raises UserError with what a person has to have to become it."""
    governance, identity = organization.governance_account_id, organization.identity_account_id
    try:
        return person.assume(f"arn:aws:iam::{governance}:role/{PLATFORM_ROLE}")
    except UserError as error:
        raise UserError(
            error.message,
            expected=f"credentials of account {' or '.join(dict.fromkeys((identity, governance)))} with the tag "
            f"{PERSONA_TAG}=it, and no root user's; before the first `headgate accounts apply`, for which it takes an "
            f"administrator of account {governance}, there is no such role",
            next_command=error.next_command,
        ) from error


def organization_root(organization: Organization) -> Path:
    """The folder that an organization's local cloud belongs to."""
    return folder_of(organization.file or Path.cwd() / ORGANIZATION_FILE)


def who(session: Session) -> str:
    """Who is deploying, for those who find that somebody is."""
    arn: str = session.client("sts").get_caller_identity()["Arn"]
    return f"{os.environ.get('USER', 'somebody')} as {arn}"
