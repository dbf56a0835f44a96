"""`headgate cloud`: the local cloud of a project, or of the current folder when there is no project."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import click

from headgate.cli import cloud_env
from headgate.cli.cloud_env import Variables
from headgate.cli.common import Options, emit, open_project, options, style, table, warn
from headgate.cli.sessions import state_of
from headgate.errors import UserError
from headgate.localcloud import lifecycle
from headgate.localcloud.folder import Folder
from headgate.localcloud.lifecycle import Endpoint, Status
from headgate.spec.load import find_project

_FOLLOW_SECONDS = 0.2
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SPAN = re.compile(r"(\d+[smhdw])+")


@click.group("cloud")
def command() -> None:
    """Start, stop and look into the local cloud."""


@command.command("up")
@click.option("--port", type=click.IntRange(1, 65535), help="Listen here. [default: the last port, or any free one]")
@options
def up(port: int | None, options: Options) -> None:
    """Start the local cloud, if it does not run, and tell it the project's container runtimes."""
    endpoint = _start(options, port)
    emit(
        options,
        _endpoint_json(endpoint),
        lambda: f"the local cloud listens on {endpoint.url} (pid {endpoint.pid}, state in {endpoint.state_dir})",
    )


@command.command("down")
@options
def down(options: Options) -> None:
    """Stop the local cloud and the jobs that it runs. What it holds stays."""
    stopped = lifecycle.stop(state_of(options.project))
    emit(options, {"stopped": stopped}, lambda: "stopped" if stopped else "the local cloud does not run here")


@command.command("status")
@options
def status(options: Options) -> None:
    """Whether the local cloud runs, where, and how much it uses."""
    found = lifecycle.status(state_of(options.project))
    emit(options, _status_json(found), lambda: _status_text(found))


@command.command("reset")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options
def reset(yes: bool, options: Options) -> None:
    """Stop the local cloud and delete everything that it holds."""
    state = state_of(options.project)
    contents = Folder(state).contents()
    if contents and not yes:
        if not sys.stdin.isatty():
            raise UserError(
                "reset deletes what the local cloud holds, and there is nobody to ask",
                where=str(state),
                next_command="headgate cloud reset --yes",
            )
        click.confirm(f"Delete every object, model, execution and log in {state}?", abort=True, err=True)
    removed = lifecycle.reset(state)
    emit(
        options,
        {"removed": [str(path) for path in removed]},
        lambda: f"deleted what {state} held" if removed else "there was nothing to delete",
    )


@command.command("clock")
@click.option("--advance", metavar="SPAN", help="Move it forward: 90s, 15m, 2h, 1d, 1w, or several (1d12h).")
@options
def clock(advance: str | None, options: Options) -> None:
    """The virtual clock of the local cloud, which waits, schedules and expiries look at. It goes forward only."""
    endpoint = _start(options, None)
    body = None if advance is None else {"advance": _span(advance)}
    told = lifecycle.control(endpoint, "GET" if body is None else "POST", "clock", body)
    emit(options, told, lambda: _clock_text(told))


@command.command("env")
@click.option("--shell", type=click.Choice(["bash", "fish", "json", "dotenv"]), default="bash", show_default=True)
@click.option("--account", metavar="ID", help="Act in this account. [default: the project's, or 123456789012]")
@click.option("--region", metavar="NAME", help="[default: the project's, or us-east-1]")
@click.option("--as", "persona", metavar="PERSONA", help="In an organization: as this persona, such as data-scientist.")
@click.option("--team", metavar="NAME", help="With --as: the persona's team.")
@click.option("--unset", is_flag=True, help="Print what takes the variables away again.")
@options
def env(
    shell: str,
    account: str | None,
    region: str | None,
    persona: str | None,
    team: str | None,
    unset: bool,
    options: Options,
) -> None:
    """Print what makes the AWS CLI, boto3 and the SageMaker SDK use the local cloud.

    In bash or zsh: eval "$(headgate cloud env)". In fish: headgate cloud env --shell fish | source.

    In the accounts of an organization (organization.yaml is here or above) everybody works as a persona:
    headgate cloud env --as data-scientist --team churn --env dev
    """
    if account is not None and not (len(account) == 12 and account.isdigit()):
        raise UserError(f"account '{account}' is not an AWS account id", where="--account", expected="twelve digits")
    if team is not None and persona is None:
        raise UserError("a team has personas", where="--team", expected="--as PERSONA --team NAME")
    state = state_of(options.project)
    if unset:
        variables: Variables = cloud_env.unset_variables(os.environ.get("PYTHONPATH"))
    elif persona is not None:
        _start(options, None)
        variables = cloud_env.persona_variables(state, options.project, persona, team, options.environment, account)
    else:
        if find_project(options.project) is not None:
            project = open_project(options).project
            account, region = account or project.account, region or project.region
        _start(options, None)
        variables = cloud_env.sandbox_variables(state, account, region)
    if options.json or shell == "json":
        emit(Options(output="json"), variables, str)
        return
    print(cloud_env.WRITERS[shell](variables))


@command.command("logs")
@click.option("-f", "--follow", is_flag=True, help="Go on printing what is added, until Ctrl-C.")
@click.option("-n", "--lines", type=click.IntRange(0), default=50, show_default=True, help="How many of the last.")
@options
def logs(follow: bool, lines: int, options: Options) -> None:
    """The daemon's own log. Jobs' logs: headgate logs."""
    if follow and options.json:
        raise UserError(
            "a log that is followed is not one JSON document",
            where="--follow --output json",
            expected="one of the two",
            next_command="headgate cloud logs --output json",
        )
    file = Folder(state_of(options.project)).log
    if not file.exists():
        raise UserError("the local cloud has never run here", where=str(file), next_command="headgate cloud up")
    with file.open(encoding="utf-8", errors="replace") as stream:
        last = stream.read().splitlines()[-lines:] if lines else []
        emit(options, {"file": str(file), "lines": last}, lambda: "\n".join(last))
        while follow:
            piece = stream.read()
            print(piece, end="", flush=True)
            if not piece:
                time.sleep(_FOLLOW_SECONDS)


def _start(options: Options, port: int | None) -> Endpoint:
    """The daemon, told the runtimes of the project here; outside of any, those that plugins offer to whichever."""
    from headgate.plugins.session import open_folder

    if find_project(options.project) is not None:
        opened = open_project(options)
        runtimes = [runtime.as_json() for runtime in opened.plugins.container_runtimes(opened.project)]
        project = str(opened.project.root.absolute())
        return lifecycle.ensure_running(state_of(options.project), runtimes=runtimes, project=project, port=port)
    endpoint = lifecycle.ensure_running(state_of(options.project), port=port)
    opened = open_folder(endpoint.state_dir.parent, disabled=options.disabled_plugins)
    offered = [runtime.as_json() for runtime in opened.plugins.container_runtimes(opened.project)]
    lifecycle.tell_runtimes(endpoint, offered)
    warn(map(str, opened.warnings))
    return endpoint


def _endpoint_json(endpoint: Endpoint) -> dict[str, object]:
    return {
        "running": True,
        "url": endpoint.url,
        "pid": endpoint.pid,
        "account": endpoint.account,
        "state_dir": str(endpoint.state_dir),
    }


def _status_json(found: Status) -> dict[str, object]:
    if found.endpoint is None:
        return {"running": False, "state_dir": str(found.state_dir), "exists": found.exists}
    return {**_endpoint_json(found.endpoint), **found.health, "resident_bytes": found.resident_bytes}


def _status_text(found: Status) -> str:
    if found.endpoint is None:
        state = found.state_dir if found.exists else f"{found.state_dir} (does not exist yet)"
        return table(["", ""], [("state", "stopped"), ("folder", state)]).partition("\n")[2]
    ready = style("running", "green") if found.health.get("moto") else style("running, still loading", "yellow")
    memory = f"{found.resident_bytes / 1e6:.0f} MB" if found.resident_bytes else "unknown"
    rows = [
        ("state", ready),
        ("url", found.endpoint.url),
        ("pid", found.endpoint.pid),
        ("memory", memory),
        ("account", found.endpoint.account),
        ("folder", found.state_dir),
    ]
    return table(["", ""], rows).partition("\n")[2]


def _span(text: str) -> int:
    """The seconds that a span of time has. Raises UserError."""
    if not text or not _SPAN.fullmatch(text):
        raise UserError(
            f"'{text}' is not a span of time",
            where="--advance",
            expected="numbers with s, m, h, d or w, such as 90s, 15m or 1d12h",
            next_command="headgate cloud clock --advance 1d",
        )
    return sum(int(number) * _UNITS[unit] for number, unit in re.findall(r"(\d+)([smhdw])", text))


def _clock_text(told: Mapping[str, float]) -> str:
    now = datetime.fromtimestamp(told["now"], UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    ahead = timedelta(seconds=round(told["offset"]))
    return f"{now}, {ahead} ahead of real time" if ahead else f"{now}, real time"
