"""`headgate new`: scaffold a project from a template."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.common import Options, disable_plugin_option, emit, output_option, style, warn
from headgate.errors import UserError

if TYPE_CHECKING:
    from headgate.actions.scaffold import Scaffolded
    from headgate.plugins.contributions import TemplateSpec


@click.command("new")
@click.argument("name", type=click.Path(path_type=Path))
@click.option(
    "-t",
    "--template",
    default="tabular",
    show_default=True,
    metavar="TEMPLATE",
    help="A template's name, its folder, or a git URL.",
)
@click.option("-y", "--yes", is_flag=True, help="Ask nothing: every question has its default, or what --data says.")
@click.option("--data", "data", multiple=True, metavar="NAME=VALUE", help="Answer a question. May be repeated.")
@click.option("--trust", is_flag=True, help="Let the template run code of its own.")
@click.option("--no-git", is_flag=True, help="Make no git repository.")
@disable_plugin_option()
@output_option
def command(
    name: Path,
    template: str,
    yes: bool,
    data: tuple[str, ...],
    trust: bool,
    no_git: bool,
    disable_plugin: tuple[str, ...],
    output: str,
) -> None:
    """Scaffold the project NAME from a template.

    On a terminal the template's questions are asked; anywhere else they have their defaults. Until the project is
    complete, nothing is there.

    Exit codes: 0 done, 1 it could not be written, 2 a mistake in what was asked.
    """
    from headgate.actions.scaffold import scaffold
    from headgate.actions.templates import find_template

    folder = Path(os.path.normpath(Path.cwd() / name.expanduser()))
    made = scaffold(
        folder,
        find_template(template, offered_templates(disable_plugin), relative_to=Path.cwd(), project=folder),
        parse_data(data),
        interactive=is_interactive(yes=yes, output=output),
        trust=trust,
        git=not no_git,
    )
    emit(Options(output=output), made, lambda: _text(made))


def offered_templates(disabled: tuple[str, ...]) -> tuple[TemplateSpec, ...]:
    """The templates of plugins. What is wrong with plugins is said on standard error."""
    from headgate.plugins.session import open_plugins

    of_group = click.get_current_context().find_root().params.get("disable_plugin") or ()
    facade, _ = open_plugins(Path.cwd(), disabled={*disabled, *of_group})
    templates = facade.templates()
    warn([*map(str, facade.warnings), *facade.unknown_disabled])
    return templates


def parse_data(data: tuple[str, ...]) -> dict[str, str]:
    """`NAME=VALUE` options as answers. Raises UserError for one that is not of that form."""
    answers = {}
    for each in data:
        name, separator, value = each.partition("=")
        if not separator or not name:
            raise UserError(f"'{each}' is not NAME=VALUE", where="--data", expected="--data task=classification")
        answers[name] = value
    return answers


def is_interactive(*, yes: bool, output: str) -> bool:
    """Whether questions can be asked: on a terminal, unless told not to."""
    return not yes and output == "text" and sys.stdin.isatty() and sys.stdout.isatty()


def _text(made: Scaffolded) -> str:
    seen = os.path.relpath(made.folder)
    there = made.folder if seen.startswith(os.pardir) else seen
    lines = [
        style(f"{made.folder.name}: {made.files} files from template {made.template}", "bold"),
        f"git: {made.git}",
        f"next: cd {shlex.quote(str(there))} && headgate run",
    ]
    return "\n".join(lines)
