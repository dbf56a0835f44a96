"""`headgate runs`: what ran, what it did, and running it again."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from headgate.cli.boundary import failure_of, tell
from headgate.cli.common import Options, emit, open_project, options, table
from headgate.cli.progress import progress, steps_table
from headgate.cli.sessions import connect, target_option
from headgate.errors import UserError
from headgate.views.runs import RunView

if TYPE_CHECKING:
    from headgate.plugins.session import OpenProject


@click.group("runs")
def command() -> None:
    """List, show, stop, retry and record pipeline executions."""


@command.command("list")
@click.argument("pipeline", required=False)
@click.option("--limit", default=20, show_default=True, help="At most so many per pipeline.")
@target_option
@options
def list_(pipeline: str | None, limit: int, target: str, options: Options) -> None:
    """The newest executions of one pipeline, or of all."""
    from headgate.views.runs import list_runs

    opened = open_project(options)
    sagemaker = connect(opened, target).client("sagemaker")
    names = [pipeline] if pipeline else deployed_names(opened, sagemaker)
    runs = [run for name in names for run in list_runs(sagemaker, name, limit=limit)]
    if pipeline and not runs:
        _known_pipeline(opened, sagemaker, pipeline)

    def text() -> str:
        if not runs:
            return "no executions yet; start one: headgate run"
        return table(
            ["ID", "PIPELINE", "STATUS", "STARTED", "NAME"],
            [(run.id, run.pipeline, run.status, moment(run.started), run.name) for run in runs],
        )

    emit(options, runs, text)


@command.command("show")
@click.argument("execution", required=False)
@target_option
@options
def show(execution: str | None, target: str, options: Options) -> None:
    """One execution with its steps; the newest if none is named."""
    from headgate.views.runs import read_run

    opened = open_project(options)
    sagemaker = connect(opened, target).client("sagemaker")
    run = read_run(sagemaker, find_execution(opened, sagemaker, execution))
    emit(options, run, lambda: _text(run))


@command.command("stop")
@click.argument("execution", required=False)
@target_option
@options
def stop(execution: str | None, target: str, options: Options) -> None:
    """Stop a running execution and its jobs."""
    from headgate.actions.execute import follow
    from headgate.actions.execute import stop as stopping

    opened = open_project(options)
    session = connect(opened, target)
    sagemaker = session.client("sagemaker")
    arn = find_execution(opened, sagemaker, execution)
    stopping(sagemaker, arn)
    *_, run = follow(sagemaker, arn, wait=time.sleep, interval=session.poll_seconds)
    emit(options, run, lambda: f"execution {run.id} is {run.status}")


@command.command("retry")
@click.argument("execution", required=False)
@target_option
@options
def retry(execution: str | None, target: str, options: Options) -> int:
    """Run a failed or stopped execution again; steps that succeeded are kept."""
    from headgate.actions.execute import follow
    from headgate.actions.execute import retry as retrying
    from headgate.actions.record import record_run

    opened = open_project(options)
    session = connect(opened, target)
    sagemaker = session.client("sagemaker")
    arn = retrying(sagemaker, find_execution(opened, sagemaker, execution))
    with progress(quiet=options.json) as display:
        for run in follow(sagemaker, arn, wait=time.sleep, interval=session.poll_seconds):
            display.show(run)
    unrecorded = failure_of(lambda: record_run(opened, session, run))
    emit(options, run, lambda: _text(run))
    if unrecorded:
        tell(unrecorded)
    return 0 if run.status == "Succeeded" and not unrecorded else 1


@command.command("record")
@click.argument("execution", required=False)
@click.option("--wait", is_flag=True, help="Wait until it has ended.")
@target_option
@options
def record(execution: str | None, wait: bool, target: str, options: Options) -> None:
    """Write an ended execution into the experiment tracker (again); `run` does this by itself."""
    from headgate.actions.execute import follow
    from headgate.actions.record import record_run
    from headgate.views.runs import read_run

    opened = open_project(options)
    session = connect(opened, target)
    sagemaker = session.client("sagemaker")
    run = read_run(sagemaker, find_execution(opened, sagemaker, execution))
    if not run.is_ended and not wait:
        raise UserError(
            f"execution {run.id} is {run.status}: only one that has ended can be recorded",
            next_command=f"headgate runs record {run.id} --wait",
        )
    *_, run = follow(sagemaker, run.arn, wait=time.sleep, interval=session.poll_seconds)
    properties = record_run(opened, session, run)
    emit(options, properties, lambda: "\n".join(f"{name}: {value}" for name, value in properties.items()))


def find_execution(opened: OpenProject, sagemaker: Any, asked: str | None) -> str:
    """The ARN of an execution named by its id or ARN, or the newest of the project. Raises UserError."""
    from headgate.views.runs import exists, list_runs

    if asked and asked.startswith("arn:") and exists(sagemaker, asked):
        return asked
    limit = 1 if asked is None else 1000
    runs = [run for name in deployed_names(opened, sagemaker) for run in list_runs(sagemaker, name, limit=limit)]
    if asked is None and runs:
        return max(runs, key=lambda run: run.started or 0.0).arn
    for run in runs:
        if run.id == asked:
            return run.arn
    raise UserError(
        f"there is no execution '{asked}'" if asked else "there are no executions yet",
        where=str(opened.project.file),
        next_command="headgate runs list" if asked else "headgate run",
    )


def _known_pipeline(opened: OpenProject, sagemaker: Any, asked: str) -> None:
    """Raises UserError for a pipeline that neither the project nor the cloud has."""
    from headgate.spec.suggest import one_of

    names = deployed_names(opened, sagemaker)
    if asked not in names:
        raise UserError(
            f"project '{opened.project.name}' has no pipeline '{asked}'",
            where=str(opened.project.file),
            expected=one_of(asked, names),
            next_command="headgate runs list",
        )


def deployed_names(opened: OpenProject, sagemaker: Any) -> list[str]:
    """The pipelines of the project as the cloud names them: only SDK code can differ from headgate.yaml."""
    from headgate.pipelines import project_pipelines
    from headgate.views.runs import tagged_pipelines

    names = set(project_pipelines(opened))
    if opened.project.pipelines:
        names |= set(tagged_pipelines(sagemaker, opened.project.name))
    return sorted(names)


def moment(seconds: float | None) -> str:
    """A time as people read it, in their own zone."""
    return "" if seconds is None else datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _text(run: RunView) -> str:
    lines = [f"execution {run.id} of pipeline {run.pipeline}: {run.status}"]
    if run.reason:
        lines.append(f"reason: {run.reason}")
    lines += ["", steps_table(run.steps)]
    if run.parameters:
        lines += ["", table(["PARAMETER", "VALUE"], sorted(run.parameters.items()))]
    return "\n".join(lines)
