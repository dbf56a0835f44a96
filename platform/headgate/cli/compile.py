"""`headgate compile`: a pipeline's definition, as it would be deployed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from headgate.cli.common import Options, emit, open_project, options, table, warn

if TYPE_CHECKING:
    from headgate.pipelines import Compiled
    from headgate.plugins.session import OpenProject

_OFFERING = ("headgate_pipelines", "headgate_pipeline_steps")
"""Hooks whose failure leaves a pipeline out, or something of it."""


@click.command("compile")
@click.argument("pipeline", required=False)
@click.option("--check", is_flag=True, help="Check only, all pipelines unless one is named; print no definition.")
@options
def command(pipeline: str | None, check: bool, options: Options) -> int:
    """Print a pipeline's definition (SageMaker's JSON, version 2020-12-01), checked offline.

    The same sources give the same bytes. PIPELINE may be left out when there is only one.

    Exit codes: 0 the definition can be deployed, 2 it cannot, 1 a policy refuses it or, with --check, a plugin that
    offers pipelines or steps failed.
    """
    from headgate.pipelines import compile_pipeline

    opened = open_project(options)
    said = set(opened.plugins.warnings)
    names = _names(opened, pipeline, check=check)
    compiled = {name: compile_pipeline(opened, name, log=_progress) for name in names}
    warn(str(warning) for warning in opened.plugins.warnings if warning not in said)
    if check:
        rows = [_summary(name, each) for name, each in compiled.items()]
        emit(options, rows, lambda: table([*rows[0]], [[*row.values()] for row in rows]) if rows else "no pipeline")
        return int(any(warning.hook in _OFFERING for warning in opened.plugins.warnings))
    click.echo(compiled[names[0]].text.encode(), nl=False)  # JSON is UTF-8, whatever the terminal is
    return 0


def _names(opened: OpenProject, asked: str | None, *, check: bool) -> list[str]:
    from headgate.pipelines import choose_pipeline, project_pipelines

    if asked is None and check:
        names = list(project_pipelines(opened))
        opened.plugins.raise_mistakes()
        return names
    return [choose_pipeline(opened, asked, command="compile")]


def _summary(name: str, compiled: Compiled) -> dict[str, Any]:
    from headgate.pipelines.check import outline

    read = outline(compiled.definition)
    return {
        "pipeline": name,
        "steps": len(read.steps),
        "parameters": len(read.parameters),
        "assets": len(compiled.assets),
        "problems": 0,
    }


def _progress(line: str) -> None:
    print(line, file=sys.stderr)
