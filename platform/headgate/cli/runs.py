"""`headgate runs`: what ran, what it did, and running it again."""

from __future__ import annotations

import click

from headgate.cli.boundary import INTERRUPTED, failure_of, tell
from headgate.cli.common import Options, emit, moment, options, table
from headgate.cli.executions import open_executions
from headgate.cli.progress import steps_table
from headgate.cli.sessions import target_option
from headgate.errors import UserError
from headgate.views.runs import RunView


@click.group("runs")
def command() -> None:
    """List, show, stop, retry and record pipeline executions."""


@command.command("list")
@click.argument("pipeline", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="At most so many per pipeline.")
@target_option
@options
def list_(pipeline: str | None, limit: int, target: str, options: Options) -> None:
    """The newest executions of one pipeline, or of all."""
    runs = open_executions(options, target).list(pipeline, limit)

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
    run = open_executions(options, target).read(execution)
    emit(options, run, lambda: _text(run))


@command.command("stop")
@click.argument("execution", required=False)
@target_option
@options
def stop(execution: str | None, target: str, options: Options) -> None:
    """Stop a running execution and its jobs."""
    from headgate.actions.execute import stop as stopping

    executions = open_executions(options, target)
    arn = executions.find(execution)
    stopping(executions.sagemaker, arn)
    *_, run = executions.follow(arn)
    emit(options, run, lambda: f"execution {run.id} is {run.status}")


@command.command("retry")
@click.argument("execution", required=False)
@target_option
@options
def retry(execution: str | None, target: str, options: Options) -> int:
    """Run a failed or stopped execution again; steps that succeeded are kept."""
    from headgate.actions.execute import retry as retrying
    from headgate.actions.record import record_run

    executions = open_executions(options, target)
    arn = retrying(executions.sagemaker, executions.find(execution))
    run, interrupted = executions.watch(arn, quiet=options.json)
    if interrupted:
        emit(options, run, lambda: _text(run))
        return INTERRUPTED
    unrecorded = failure_of(lambda: record_run(executions.opened, executions.session, run))
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
    from headgate.actions.record import record_run

    executions = open_executions(options, target)
    run = executions.read(execution)
    if not run.is_ended and not wait:
        raise UserError(
            f"execution {run.id} is {run.status}: only one that has ended can be recorded",
            next_command=f"headgate runs record {run.id} --wait",
        )
    *_, run = executions.follow(run.arn)
    properties = record_run(executions.opened, executions.session, run)
    emit(options, properties, lambda: "\n".join(f"{name}: {value}" for name, value in properties.items()))


def _text(run: RunView) -> str:
    lines = [f"execution {run.id} of pipeline {run.pipeline}: {run.status}"]
    if run.reason:
        lines.append(f"reason: {run.reason}")
    lines += ["", steps_table(run.steps)]
    if run.parameters:
        lines += ["", table(["PARAMETER", "VALUE"], sorted(run.parameters.items()))]
    return "\n".join(lines)
