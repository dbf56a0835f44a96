"""The `headgate` command. Each subcommand's module is imported only when it is called."""

from __future__ import annotations

import functools
import importlib
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate import __version__
from headgate.cli.boundary import guarded
from headgate.cli.common import disable_plugin_option, project_option, warn
from headgate.errors import FailedError, HeadgateError, UserError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from headgate.plugins.contributions import LazyCommand
    from headgate.plugins.facade import Facade


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
    "accounts": Lazy("headgate.cli.accounts", "Plan, apply, request and retire the organization's accounts."),
    "doctor": Lazy("headgate.cli.doctor", "Check this machine and say how to mend it."),
    "schema": Lazy("headgate.cli.schema", "Print the JSON Schema of headgate.yaml, for editors."),
    "completion": Lazy("headgate.cli.completion", "Print the shell's completion script."),
}


class LazyGroup(click.Group):
    """A group whose members are imported when asked for; plugins, only for `--help` and their own commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *self._plugin_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            command: click.Command = importlib.import_module(COMMANDS[cmd_name].module).command
            return command
        lazy = self._plugin_commands(ctx).get(cmd_name)
        if lazy is None:
            return None
        ctx.meta["headgate.plugin"] = lazy.plugin
        return _plugin_command(self._plugins(ctx), cmd_name, lazy)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not name.startswith("-"):
            from headgate.spec.suggest import did_you_mean

            raise UserError(
                f"no such command: '{name}'",
                expected=did_you_mean(name, self.list_commands(ctx)) or None,
                next_command="headgate --help",
            )
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (HeadgateError, click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if "headgate.plugin" in ctx.meta:
                record = self._plugins(ctx).find(ctx.meta["headgate.plugin"])
                error.add_note(f"raised by {record.candidate}: report it to the plugin's authors")
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, lazy.help) for name, lazy in COMMANDS.items()])
        others = self._plugin_commands(ctx)
        if others:
            with formatter.section("Commands of plugins"):
                formatter.write_dl([(name, f"{lazy.help} [{lazy.plugin}]") for name, lazy in others.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        rows = {name: lazy.help for name, lazy in COMMANDS.items()}
        rows |= {name: lazy.help for name, lazy in self._plugin_commands(ctx).items()}
        items = [CompletionItem(name, help=text) for name, text in rows.items() if name.startswith(incomplete)]
        return items + click.Command.shell_complete(self, ctx, incomplete)

    def _plugin_commands(self, ctx: click.Context) -> Mapping[str, LazyCommand]:
        if "headgate.commands" not in ctx.meta:
            facade = self._plugins(ctx)
            ctx.meta["headgate.commands"] = facade.commands(reserved=COMMANDS)
            warn([*map(str, facade.warnings), *facade.unknown_disabled])
        commands: Mapping[str, LazyCommand] = ctx.meta["headgate.commands"]
        return commands

    def _plugins(self, ctx: click.Context) -> Facade:
        if "headgate.facade" not in ctx.meta:
            from headgate.plugins.session import open_plugins, why_unloaded

            folder: Path = ctx.params.get("project") or Path()
            facade, error = open_plugins(folder, disabled=ctx.params.get("disable_plugin") or ())
            warn(why_unloaded(error))
            ctx.meta["headgate.facade"] = facade
        loaded: Facade = ctx.meta["headgate.facade"]
        return loaded


def _plugin_command(facade: Facade, name: str, lazy: LazyCommand) -> click.Command:
    """A plugin's command. Raises FailedError, naming the plugin, when it cannot be imported."""
    command = facade.load_target(lazy.plugin, lazy.target)
    if not isinstance(command, click.Command):
        raise FailedError(
            f"command '{name}' of {facade.find(lazy.plugin).candidate} is a {type(command).__name__}",
            where=lazy.target,
            expected="a click.Command",
            next_command=f"headgate plugins check {lazy.plugin}",
        )
    return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="headgate")
@project_option(is_eager=True)
@disable_plugin_option(is_eager=True)
def cli(project: Path | None, disable_plugin: tuple[str, ...]) -> None:
    """Headgate: MLOps on AWS that also runs whole on this machine.

    Exit codes: 0 done, 1 something failed, 2 a mistake in what was typed or written, 130 interrupted.
    """


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code. Errors are printed here and nowhere else."""
    call = functools.partial(cli.main, args=arguments, prog_name="headgate", standalone_mode=False)
    return guarded(call, arguments)


def main() -> None:
    """The console script."""
    # A terminal that lacks a character of a path or a log line gets its escape, and the command goes on.
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
