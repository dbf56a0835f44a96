"""From the command line to a cloud: the option that chooses it, and a session with the project's runtimes in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import click

if TYPE_CHECKING:
    from headgate.aws.sessions import Session
    from headgate.plugins.session import OpenProject

target_option = click.option(
    "--target",
    type=click.Choice(["local", "aws"]),
    default="local",
    show_default=True,
    envvar="HEADGATE_TARGET",
    show_envvar=True,
    help="This machine's cloud, or AWS: they differ in credentials and endpoint only.",
)


def connect(opened: OpenProject, target: str) -> Session:
    """A session for the project. The local cloud is started if it is not running. Raises HeadgateError."""
    from headgate.aws import sessions
    from headgate.spec.project import DEFAULT_ACCOUNT

    project = opened.project
    # An account that the file does not name is whatever account the AWS credentials are of.
    unnamed = target == "aws" and project.account == DEFAULT_ACCOUNT
    return sessions.connect(
        project.root,
        cast("Literal['local', 'aws']", target),
        account=None if unnamed else project.account,
        region=project.region,
        runtimes=[runtime.as_json() for runtime in opened.plugins.container_runtimes(project)],
        role_arn=project.role_arn,
        bucket=project.bucket,
    )
