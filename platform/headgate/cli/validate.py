"""`headgate validate`: check headgate.yaml, in every environment it has."""

from __future__ import annotations

import click

from headgate.cli.common import Options, emit, open_project, options
from headgate.plugins.session import OpenProject
from headgate.spec.problems import SpecError


@click.command("validate")
@options
def command(options: Options) -> None:
    """Check headgate.yaml and say what is wrong, where.

    Every environment is checked, and every plugin's section by that plugin's schema.
    """
    opened = open_project(options)
    problems = opened.plugins.problems_in_environments()
    if problems:
        raise SpecError(problems)
    emit(options, _payload(opened), lambda: _text(opened))


def _payload(opened: OpenProject) -> dict[str, object]:
    project = opened.project
    return {
        "valid": True,
        "name": project.name,
        "file": project.file,
        "environment": project.environment,
        "environments": opened.plugins.environments,
        "plugins": [record.name for record in opened.plugins.plugins if record.state == "loaded"],
        "warnings": [str(warning) for warning in opened.warnings],
    }


def _text(opened: OpenProject) -> str:
    project = opened.project
    environments = opened.plugins.environments
    checked = f" in environments {', '.join(environments)}" if environments else ""
    loaded = sum(record.state == "loaded" for record in opened.plugins.plugins)
    return (
        f"{project.file.name} of '{project.name}' is valid{checked}, with {loaded} plugin{'' if loaded == 1 else 's'}"
    )
