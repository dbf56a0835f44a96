"""`headgate plugins`: which there are and what became of them, the conformance suite, and a new plugin."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

import click

from headgate.cli.common import Options, emit, options, style, table, warn
from headgate.plugins.facade import Facade
from headgate.plugins.records import say
from headgate.plugins.session import open_plugins, why_unloaded


@click.group("plugins")
def command() -> None:
    """List, check and write plugins."""


@command.command("list")
@options
def list_(options: Options) -> None:
    """List plugins: state, version, hooks, where from, and whether they carry policy."""
    facade = _open(options)
    rows = [
        (
            record.name,
            record.candidate.version,
            record.state,
            record.candidate.source,
            "yes" if record.policy else "",
            ", ".join(hook.removeprefix("headgate_") for hook in record.hooks),
        )
        for record in facade.plugins
    ]
    headers = ("NAME", "VERSION", "STATE", "SOURCE", "POLICY", "HOOKS")
    emit(
        options,
        {"plugins": facade.plugins, "warnings": facade.warnings},
        lambda: table(headers, rows) if rows else "no plugin is installed",
    )


@command.command("check")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@options
def check(options: Options, names: tuple[str, ...]) -> int:
    """Run the conformance suite on plugins: all that are not disabled, or those named.

    The exit code is 1 when a plugin fails a check.
    """
    facade = _open(options)
    chosen = [facade.find(name).name for name in names] or [
        record.name for record in facade.plugins if record.state != "disabled"
    ]
    results = [result for name in dict.fromkeys(chosen) for result in _check(facade, name)]
    failures = sum(result["outcome"] == "failed" for result in results)
    rows = [(result["plugin"], result["check"], _coloured(result["outcome"]), result["reason"]) for result in results]
    emit(
        options,
        {"passed": not failures, "checks": results},
        lambda: (
            table(("PLUGIN", "CHECK", "OUTCOME", "REASON"), rows)
            + f"\n{len(rows) - failures} passed, {failures} failed"
        ),
    )
    return 1 if failures else 0


@command.command("new")
@click.argument("name")
@click.option(
    "--folder", type=click.Path(path_type=Path), default=Path(), help="Where to put it. [default: the current folder]"
)
@options
def new(options: Options, name: str, folder: Path) -> None:
    """Write a plugin package: hooks, settings, a command, and tests that pass."""
    from headgate.cli.main import COMMANDS
    from headgate.plugins.scaffold import scaffold_plugin

    facade = _open(options)
    taken = dict.fromkeys([*COMMANDS, *facade.commands(COMMANDS)], "command")
    taken |= dict.fromkeys((record.name for record in facade.plugins), "plugin")
    files = scaffold_plugin(name, folder, taken)
    root = folder / f"headgate-{name}"
    emit(
        options,
        {"plugin": name, "folder": root, "files": files},
        lambda: "\n".join(
            [*map(str, files), f"next: pip install --editable '{root}[test]' && headgate plugins check {name}"]
        ),
    )


def _open(options: Options) -> Facade:
    facade, error = open_plugins(
        options.project, options.environment, options.overrides, disabled=options.disabled_plugins
    )
    warn([*why_unloaded(error), *map(str, facade.warnings), *facade.unknown_disabled])
    return facade


def _check(facade: Facade, name: str) -> list[dict[str, str]]:
    """The outcome of each check of one plugin. A plugin that did not load fails the first; its trace says why."""
    from headgate.testing.conformance import CHECKS, ConformanceError

    record = facade.find(name)
    if record.error is not None:
        traceback.print_exception(record.error, file=sys.stderr)
    if record.state != "loaded":
        return [{"plugin": name, "check": CHECKS[0].name, "outcome": "failed", "reason": record.reason}]
    project = Path(record.candidate.target).parent if record.candidate.in_tree else None
    results = []
    for conformance in CHECKS:
        reason = ""
        try:
            conformance(name, project=project)
        except ConformanceError as error:
            reason = str(error)
        except Exception as error:  # the plugin's own, raised where no hook is being called
            traceback.print_exception(error, file=sys.stderr)
            reason = say(error)
        results.append(
            {"plugin": name, "check": conformance.name, "outcome": "failed" if reason else "passed", "reason": reason}
        )
    return results


def _coloured(outcome: str) -> str:
    return style(outcome, "red" if outcome == "failed" else "green")
