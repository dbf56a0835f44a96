"""The `headgate` command. Each subcommand's module is imported only when it is called."""

from __future__ import annotations

import importlib
import sys
from dataclasses import dataclass

import click

from headgate import __version__


@dataclass(frozen=True, slots=True)
class Lazy:
    """A subcommand by the module that defines it as `command`, and its line in `--help`."""

    module: str
    help: str


COMMANDS: dict[str, Lazy] = {
    "new": Lazy("headgate.cli.new", "Scaffold a project from a template."),
    "update": Lazy("headgate.cli.update", "Bring a project up to its template's newest version."),
    "validate": Lazy("headgate.cli.validate", "Check headgate.yaml and say what is wrong, where."),
    "compile": Lazy("headgate.cli.compile", "Print the pipeline definition that would be deployed."),
    "run": Lazy("headgate.cli.run", "Run a pipeline and follow its steps."),
    "runs": Lazy("headgate.cli.runs", "List, show, stop and retry pipeline executions."),
    "logs": Lazy("headgate.cli.logs", "Print the logs of an execution's jobs."),
    "models": Lazy("headgate.cli.models", "List registered models, their metrics and lineage."),
    "plugins": Lazy("headgate.cli.plugins", "List, check and write plugins."),
    "cloud": Lazy("headgate.cli.cloud", "Start, stop and look into the local cloud."),
    "doctor": Lazy("headgate.cli.doctor", "Check this machine and say how to mend it."),
    "schema": Lazy("headgate.cli.schema", "Print the JSON Schema of headgate.yaml, for editors."),
}


class LazyGroup(click.Group):
    """A group whose members are imported when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            return None
        command: click.Command = importlib.import_module(lazy.module).command
        return command


@click.group(cls=LazyGroup)
@click.version_option(__version__, prog_name="headgate")
def cli() -> None:
    """Headgate: MLOps on AWS that also runs whole on this machine."""


def main() -> None:
    """Run the command line; the one place where a HeadgateError is printed."""
    sys.exit(cli.main(standalone_mode=True))
