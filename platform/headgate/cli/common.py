"""What every command shares: options, and printing for people and for machines.

    @click.command("validate")
    @options
    def command(options: Options) -> None:
        opened = open_project(options)
        emit(options, {"name": opened.project.name}, lambda: opened.project.name)

A command returns None, or an exit code: 0 done, 1 failed, 2 the user's mistake. Errors are raised as HeadgateError;
only `headgate.cli.boundary` prints them.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

import click

if TYPE_CHECKING:
    from headgate.plugins.session import OpenProject

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Options:
    """The shared options of one call, those of the group (`headgate -C folder validate`) included."""

    output: str = "text"
    project: Path = Path()
    environment: str | None = None
    overrides: tuple[str, ...] = ()
    disabled_plugins: frozenset[str] = frozenset()

    @property
    def json(self) -> bool:
        """Whether standard output is for a machine."""
        return self.output == "json"


def project_option(**attributes: Any) -> Callable[[Command], Command]:
    return click.option(
        "-C",
        "--project",
        type=click.Path(path_type=Path),
        default=None,
        metavar="FOLDER",
        callback=_existing,
        help="Folder of the project, or one inside it. [default: the current folder]",
        **attributes,
    )


def _existing(_context: click.Context, _option: click.Parameter, folder: Path | None) -> Path | None:
    """A misspelled folder is a mistake for every command: the next project above it is not what was meant."""
    from headgate.spec.load import require_folder

    return None if folder is None else require_folder(folder)


def disable_plugin_option(**attributes: Any) -> Callable[[Command], Command]:
    return click.option(
        "--disable-plugin",
        "disable_plugin",
        multiple=True,
        metavar="NAME",
        help="Do not load this plugin. May be repeated.",
        **attributes,
    )


def output_option(command: Command) -> Command:
    """`--output text|json` alone, passed as `output`, for commands that need no project."""
    option: Callable[[Command], Command] = click.option(
        "--output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="For people or for machines.",
    )
    return option(command)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--output --project --env --set --disable-plugin`, passed together as `options: Options`."""

    @output_option
    @project_option()
    @click.option("--env", "environment", metavar="NAME", help="Environment of headgate.yaml. [env: HEADGATE_ENV]")
    @click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Set a.b.c=VALUE (YAML) over headgate.yaml."
    )
    @disable_plugin_option()
    @click.pass_context
    @functools.wraps(command)
    def wrapper(
        context: click.Context,
        /,
        *arguments: Any,
        output: str,
        project: Path | None,
        environment: str | None,
        overrides: tuple[str, ...],
        disable_plugin: tuple[str, ...],
        **others: Any,
    ) -> Any:
        group = context.find_root().params
        merged = Options(
            output=output,
            project=project or group.get("project") or Path(),
            environment=environment or os.environ.get("HEADGATE_ENV") or None,
            overrides=overrides,
            disabled_plugins=frozenset(disable_plugin) | frozenset(group.get("disable_plugin") or ()),
        )
        return command(*arguments, options=merged, **others)

    return wrapper


def open_project(options: Options) -> OpenProject:
    """The project and its plugins. What was wrong with plugins is said on standard error. Raises HeadgateError."""
    from headgate.plugins.session import open_project as opening

    opened = opening(
        options.project, options.environment, options.overrides, disabled=options.disabled_plugins, warn=warn
    )
    # Hooks that are called later in the command may fail too.
    click.get_current_context().call_on_close(lambda: warn(map(str, opened.warnings)))
    return opened


def warn(lines: Iterable[str]) -> None:
    """Say something on standard error, a line each, secrets masked. Within one command everything is said once."""
    from headgate.spec.secrets import mask

    context = click.get_current_context(silent=True)
    said: set[str] = context.meta.setdefault("headgate.warned", set()) if context else set()
    for line in lines:
        if line not in said:
            said.add(line)
            print(f"{style('warning:', 'yellow', sys.stderr)} {mask(' '.join(line.split()))}", file=sys.stderr)


def emit(options: Options, payload: object, text: Callable[[], str]) -> None:
    """Print a command's result: `payload` as JSON with `--output json`, else `text()`."""
    print(to_json(payload) if options.json else text())


def to_json(payload: object) -> str:
    """Indented JSON; dataclasses, paths, dates, sets and mappings are understood."""
    return json.dumps(payload, indent=2, default=_jsonable)


def _jsonable(value: object) -> object:
    if hasattr(value, "as_json"):
        return value.as_json()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    message = f"{type(value).__name__} has no JSON form"
    raise TypeError(message)


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns padded to their widest cell; None is an empty cell. Headings are bold on a terminal."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(headers, *cells, strict=True)]
    heading, *lines = (
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (headers, *cells)
    )
    return "\n".join([style(heading, "bold"), *lines])


def _width(text: str) -> int:
    """Columns that a text takes on a terminal, colours left out."""
    return len(re.sub(r"\x1b\[[0-9;]*m", "", text))


_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


def moment(seconds: float | None) -> str:
    """A time as people read it, in their own zone."""
    return "" if seconds is None else datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def style(text: str, name: str, stream: TextIO | None = None) -> str:
    """Text in a colour or weight, when the stream (standard output) is a terminal that wants it."""
    return f"\x1b[{_CODES[name]}m{text}\x1b[0m" if wants_colour(stream or sys.stdout) else text


def wants_colour(stream: TextIO) -> bool:
    """A terminal, and neither NO_COLOR (https://no-color.org) nor TERM=dumb; FORCE_COLOR wins over not being one."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"
