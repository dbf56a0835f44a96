"""`headgate run`: deploy a pipeline, run it, follow it, and say what it registered."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.boundary import INTERRUPTED, failure_of, tell
from headgate.cli.common import Options, emit, open_project, options, style
from headgate.cli.executions import Executions
from headgate.cli.progress import steps_table
from headgate.cli.sessions import connect, target_option
from headgate.errors import UserError
from headgate.views.runs import RunView

if TYPE_CHECKING:
    from headgate.aws.sessions import Session
    from headgate.plugins.session import OpenProject


@click.command("run")
@click.argument("pipeline", required=False)
@click.option(
    "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A pipeline parameter. May be repeated."
)
@click.option("--name", "display_name", metavar="TEXT", help="What this execution is called in lists.")
@click.option("--detach", is_flag=True, help="Start it and return; it is recorded when it ends.")
@target_option
@options
def command(
    pipeline: str | None,
    parameters: tuple[str, ...],
    display_name: str | None,
    detach: bool,
    target: str,
    options: Options,
) -> int:
    """Run a pipeline and follow its steps.

    Exit codes: 0 it succeeded, 1 it failed or was stopped, 2 a mistake in what was asked, 130 interrupted: the
    execution is stopped.
    """
    from headgate.actions.execute import deploy_pipeline, start
    from headgate.actions.git import read_git
    from headgate.pipelines import choose_pipeline, compile_pipeline

    opened = open_project(options)
    name = choose_pipeline(opened, pipeline, command="run")
    values = dict(_parameter(each) for each in parameters)
    session = connect(opened, target)
    # What is compiled names the account and region that it will run in, whatever headgate.yaml leaves open.
    landing = session.landing
    role = landing.role_arn if landing else opened.project.role_arn
    project = replace(opened.project, account=session.account, region=session.region, role_arn=role)
    opened = replace(opened, project=project)
    compiled = compile_pipeline(opened, name, bucket=session.bucket, landing=landing)
    deploy_pipeline(session, compiled, project=opened.project.name, role_arn=session.role_arn)
    arn = start(
        session,
        compiled,
        parameters=values,
        facts=read_git(opened.project.root).parameters(),
        display_name=display_name,
    )
    identifier = arn.rsplit("/", 1)[1]
    if detach:
        _record_later(opened, identifier, target)
        emit(options, {"arn": arn, "id": identifier}, lambda: f"started {identifier}; follow it: headgate runs show")
        return 0
    return _follow(Executions(opened, session), arn, name, options)


def _follow(executions: Executions, arn: str, name: str, options: Options) -> int:
    from headgate.actions.record import start_recordings

    session = executions.session
    with start_recordings(executions.opened, session) as recordings:
        run, interrupted = executions.watch(arn, quiet=options.json)
        if interrupted:
            emit(options, run, lambda: _ending(session, run, name))
            return INTERRUPTED
        unrecorded = failure_of(lambda: recordings.finish(run))
    emit(options, run, lambda: _ending(session, run, name))
    if unrecorded:
        tell(unrecorded)
    return 0 if run.status == "Succeeded" and not unrecorded else 1


def _ending(session: Session, run: RunView, name: str) -> str:
    """The table of steps, then what was registered, or why nothing was. `name` is the pipeline's in headgate.yaml."""
    from headgate.views.models import read_version

    lines = [steps_table(run.steps), "", f"execution {run.id}: {run.status}"]
    if run.reason:
        lines.append(f"reason: {run.reason}")
    if run.model_package_arn and run.status == "Succeeded":
        registry = session.registry
        version = read_version(registry.client("sagemaker"), registry.client("s3"), run.model_package_arn)
        result = version.verdict or ", ".join(f"{name} {value:.4g}" for name, value in version.metrics.items())
        registered = f"registered {version.group}/{version.version}, {version.approval}"
        lines.append(style(f"{registered}: {result}" if result else registered, "bold"))
    elif run.status == "Failed":
        lines += [
            f"see why: headgate logs {run.id}",
            f"then mend it and run anew: headgate run {name}",
            f"or, when nothing needs mending, go on from where it failed: headgate runs retry {run.id}",
        ]
    return "\n".join(lines)


def _parameter(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise UserError(f"'{text}' is not NAME=VALUE", where="--param", expected="--param Threshold=50")
    return name, value


def _record_later(opened: OpenProject, identifier: str, target: str) -> None:
    from headgate.aws.sessions import state_folder

    state = state_folder(opened.project.root, os.environ)
    state.mkdir(parents=True, exist_ok=True)
    with (state / "record.log").open("a") as output:
        subprocess.Popen(
            [
                *(sys.executable, "-m", "headgate.cli", "-C", str(opened.project.root)),
                *("runs", "record", identifier, "--wait", "--target", target),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd=Path("/"),
            env={**os.environ, "HEADGATE_STATE_DIR": str(state)},  # the user's may be relative to their folder
        )
