"""Where a project's files go and as whom its jobs run, when headgate.yaml does not say."""

from __future__ import annotations

from headgate.spec.project import Project


def default_bucket(project: Project) -> str:
    """The project's bucket, or the one bucket that every project of an account and region shares."""
    return project.bucket or f"headgate-{project.account}-{project.region}"


def default_role(project: Project) -> str:
    """The ARN of the role that pipelines and their jobs run as."""
    return project.role_arn or f"arn:aws:iam::{project.account}:role/headgate-execution"
