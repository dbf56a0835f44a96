"""From the command line to a cloud: the option that chooses it, and a session with the project's runtimes in place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from headgate.errors import UserError

if TYPE_CHECKING:
    from headgate.aws.sessions import Session
    from headgate.plugins.session import OpenProject
    from headgate.spec.project import Project

target_option = click.option(
    "--target",
    type=click.Choice(["local", "aws"]),
    default="local",
    show_default=True,
    envvar="HEADGATE_TARGET",
    show_envvar=True,
    help="This machine's cloud, or AWS: they differ in credentials and endpoint only.",
)


def state_of(start: Path) -> Path:
    """The local cloud's folder for who works in `start`: a project's; else that of the organization here or above; else
    that of this very folder.
    """
    import os

    from headgate.aws.sessions import state_folder
    from headgate.spec.load import find_project
    from headgate.spec.organization import find_organization, folder_of

    project, organization = find_project(start), find_organization(start)
    without = folder_of(organization) if organization else start.absolute()
    return state_folder(project.parent if project else without, os.environ)


def connect(opened: OpenProject, target: str) -> Session:
    """A session for the project. The local cloud is started if it is not running. Raises HeadgateError."""
    from headgate.aws import sessions
    from headgate.spec.project import DEFAULT_ACCOUNT

    project = opened.project
    # An account that the file does not name is whatever account the AWS credentials are of.
    # One that lands is not CI's own either: CI becomes a deployer there.
    unnamed = target == "aws" and (project.account == DEFAULT_ACCOUNT or project.landing is not None)
    session = sessions.connect(
        project.root,
        cast("Literal['local', 'aws']", target),
        account=None if unnamed else project.account,
        region=project.region,
        runtimes=[runtime.as_json() for runtime in opened.plugins.container_runtimes(project)],
        role_arn=project.role_arn,
        bucket=project.bucket,
    )
    return _landed(session, project) if project.landing else session


def _landed(session: Session, project: Project) -> Session:
    """A session as CI in the vended account that the project lands in. Raises UserError when that is not said."""
    import os

    from headgate.aws.deployers import Way, land
    from headgate.aws.sessions import state_folder

    place = project.landing
    assert place is not None  # noqa: S101 - the caller's condition
    if project.team is None or (session.target == "local" and place.identity is None):
        missing = "team" if project.team is None else "landing.identity"
        raise UserError(
            f"the project lands in {place.environment}, and does not say its {missing}",
            where=str(project.file),
            expected=f"{missing}: as `headgate accounts project TEAM PROJECT` prints it",
        )
    identity = place.identity or session.account
    way = Way(project.account, place.environment, project.team, place.tooling, identity)
    return land(session, project.name, way, state_folder(project.root, os.environ))
