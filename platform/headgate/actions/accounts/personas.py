"""Becoming a persona in an account of the organization, as the local cloud's stand-in for an identity provider does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headgate.actions.accounts.plan import member_of
from headgate.aws.people import sign_in
from headgate.aws.sessions import root_session
from headgate.errors import UserError
from headgate.infra.permissions.people import GRANTS
from headgate.infra.permissions.places import Persona
from headgate.spec.organization import DURABLE, Organization
from headgate.spec.suggest import did_you_mean
from headgate.views.accounts import read_catalog, read_members

if TYPE_CHECKING:
    from headgate.aws.sessions import Session


@dataclass(frozen=True, slots=True)
class Wish:
    """Who somebody wants to be, and where: `place` is an environment or a durable account."""

    persona: str
    team: str | None = None
    place: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """An environment of a team's account, or a durable account (`team` is None)."""

    name: str
    account: str
    team: str | None = None

    def __str__(self) -> str:
        return f"{self.team} {self.name} ({self.account})" if self.team else f"{self.name} ({self.account})"


def become(local: Session, organization: Organization, wish: Wish, folder: Path) -> Session:
    """A session as the persona's role. `local` is any session of the local cloud, `folder` its state folder.

    Raises UserError for a persona or place that there is not, or that is not said exactly enough.
    """
    persona = _persona(wish)
    governance = root_session(local, organization.governance_account_id)
    place = _choose(wish, persona, tuple(places(governance, organization)))
    person = sign_in(root_session(local, organization.identity_account_id), persona.value, folder, wish.team)
    return person.assume(f"arn:aws:iam::{place.account}:role/headgate/headgate-{place.name}-{persona.value}")


def in_organization(session: Session) -> bool:
    """Whether the session's account is in an organization, where nobody works as root."""
    from botocore.exceptions import ClientError

    try:
        session.client("organizations").describe_organization()
    except ClientError as error:
        # Of other errors only a denial is expected, and what denies it is an organization's policy.
        return error.response["Error"]["Code"] != "AWSOrganizationsNotInUseException"
    return True


def places(governance: Session, organization: Organization) -> Iterator[Place]:
    """Every environment of every account that teams have, then the durable accounts."""
    for view in read_catalog(governance.client("dynamodb")):
        if view.account_id and view.state != "retired":
            yield from (Place(environment, view.account_id, view.team) for environment in view.environments)
    members = read_members(governance.client("organizations"), {})
    for account in organization.durable.values():
        member = member_of(account, members)
        if member is not None:
            yield Place(account.name, member.account_id)


def _persona(wish: Wish) -> Persona:
    names = [each.value for each in Persona]
    if wish.persona not in names:
        raise UserError(
            f"there is no persona '{wish.persona}'",
            where="--as",
            expected=", ".join(filter(None, [*names, did_you_mean(wish.persona, names)])),
        )
    persona = Persona(wish.persona)
    if persona.is_of_a_team and wish.team is None:
        raise UserError(
            f"a {persona.value} is somebody of a team", where="--as", expected=f"--as {persona.value} --team TEAM"
        )
    return persona


def _choose(wish: Wish, persona: Persona, there: tuple[Place, ...]) -> Place:
    """The one place that is meant. Only where a persona has a role can it be."""
    found = [
        place
        for place in there
        if place.name in GRANTS[persona]
        and (wish.place in (None, place.name))
        and (wish.account in (None, place.account))
        and (place.team is None or wish.team in (None, place.team))
    ]
    if persona.is_of_a_team and len(found) > 1 and wish.place is None:
        found = [place for place in found if place.name not in DURABLE or wish.account] or found
    if len(found) == 1:
        return found[0]
    said = " ".join(filter(None, [wish.team, wish.place, wish.account]))
    if found:
        raise UserError(
            f"a {persona.value} may be in {len(found)} places",
            where="--as",
            expected="one of them, by --env, --account or --team",
            details=tuple(map(str, found)),
        )
    raise UserError(
        f"there is no place for a {persona.value}" + (f" in {said}" if said else ""),
        where="--as",
        expected=f"an account with one of {', '.join(GRANTS[persona])}",
        next_command="headgate accounts list",
    )
