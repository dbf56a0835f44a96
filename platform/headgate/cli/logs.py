"""`headgate logs`: what an execution's jobs wrote."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict

import click

from headgate.cli.common import Options, options, style
from headgate.cli.executions import open_executions
from headgate.cli.sessions import target_option
from headgate.errors import UserError
from headgate.spec.suggest import one_of
from headgate.views.logs import LogLine, LogReader, steps_with_logs
from headgate.views.runs import RunView, read_run


@click.command("logs")
@click.argument("execution", required=False)
@click.option("--step", metavar="NAME", help="Only this step's.")
@click.option("--follow", is_flag=True, help="Go on until the execution has ended.")
@target_option
@options
def command(execution: str | None, step: str | None, follow: bool, target: str, options: Options) -> None:
    """Print the logs of an execution's jobs; of the newest execution if none is named.

    With `--output json`, one JSON object a line.
    """
    executions = open_executions(options, target)
    arn = executions.find(execution)
    reader = LogReader(executions.session.client("logs"))
    silent = True
    while True:
        run = read_run(executions.sagemaker, arn)
        _known_step(run, step)
        for each in steps_with_logs(run, step):
            for line in reader.read(each):
                print(_as_json(line) if options.json else _as_text(line), flush=True)
                silent = False
        if run.is_ended or not follow:
            break
        time.sleep(executions.session.poll_seconds)
    if silent:
        print(_nothing(run, step), file=sys.stderr)


def _known_step(run: RunView, step: str | None) -> None:
    names = [each.name for each in run.steps]
    if step is not None and run.is_ended and step not in names:
        raise UserError(
            f"execution {run.id} has no step '{step}'",
            where="--step",
            expected=one_of(step, names),
            next_command=f"headgate runs show {run.id}",
        )


def _nothing(run: RunView, step: str | None) -> str:
    who = f"step '{step}' of execution {run.id}" if step else f"execution {run.id}"
    reason = f": {run.reason}" if run.reason else ""
    return f"{who} is {run.status} and wrote no logs{reason}\nnext: headgate runs show {run.id}"


def _as_json(line: LogLine) -> str:
    return json.dumps(asdict(line))


def _as_text(line: LogLine) -> str:
    return f"{style(f'{line.step}/{line.host}', 'dim')} {line.message}"
