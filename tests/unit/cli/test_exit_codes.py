"""What every command promises (docs/command-line.md): its exit codes, and with `--output json` one JSON document."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from headgate.cli.main import COMMANDS, cli
from headgate.testing.project import ProjectMaker, TestProject

pytestmark = pytest.mark.slow

ENVIRONMENT = {"GIT_CONFIG_GLOBAL": os.devnull}


def every_command() -> Iterator[tuple[str, ...]]:
    """The path of each command that does something itself."""
    context = click.Context(cli)
    for name in COMMANDS:
        found = cli.get_command(context, name)
        if isinstance(found, click.Group):
            yield from ((name, member) for member in found.list_commands(context))
        else:
            yield (name,)


ALL = list(every_command())
ARGUMENTS = {("plugins", "new"): ("mine",), ("models", "show"): ("m",), ("models", "lineage"): ("m",), ("new",): ("x",)}
NEED_A_PROJECT = [
    *(("validate",), ("update",), ("compile",), ("run",), ("logs",)),
    *(path for path in ALL if path[0] in {"runs", "models"}),
]
# What can be done without a cloud, in a project that has nothing but a name.
DONE = [
    ("validate",), ("schema",), ("compile", "--check"), ("completion", "bash"), ("new", "wine", "--yes"),
    ("plugins", "list"), ("plugins", "new", "mine"), ("cloud", "status"), ("cloud", "down"), ("cloud", "reset"),
    ("cloud", "env", "--unset"), ("doctor",),
]  # fmt: skip
REFUSED = [
    ("validate", "--env", "prod"), ("validate", "--set", "nam=x"), ("compile", "nothing"), ("compile",),
    ("run",), ("run", "nothing"), ("new", "Not A Name"), ("new", "wine", "--template", "no-such"),
    ("new", "wine", "--data", "nothing"), ("plugins", "check", "no-such"), ("plugins", "new", "Not A Name"),
    ("cloud", "logs"), ("cloud", "env", "--account", "12"), ("completion", "tcsh"), ("no-such-command",),
]  # fmt: skip


@pytest.fixture
def project(headgate_project: ProjectMaker) -> TestProject:
    return headgate_project({"headgate.yaml": {"name": "wine", "region": "eu-west-1"}})


def test_every_command_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[3] / "docs" / "command-line.md").read_text()
    for path in ALL:
        row = next(line for line in page.splitlines() if line.startswith(f"| `{path[0]}"))
        assert all(f"`{name}`" in row or f"`{path[0]} {name}`" in row for name in path[1:]), path


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_a_wrong_option_is_a_mistake_told_as_json(path: tuple[str, ...], headgate_project: ProjectMaker) -> None:
    outcome = headgate_project.folder().run(*path, "--no-such-option", "--output", "json").refused()
    assert outcome.json["error"] == "usage"
    assert outcome.json["next_command"] == f"headgate {' '.join(path)} --help"
    assert outcome.stderr == ""


@pytest.mark.parametrize("path", NEED_A_PROJECT, ids=" ".join)
def test_outside_of_a_project_a_command_says_so_as_json(path: tuple[str, ...], headgate_project: ProjectMaker) -> None:
    outcome = headgate_project.folder().run(*path, *ARGUMENTS.get(path, ()), "--output", "json").refused()
    assert "project" in outcome.json["message"] + outcome.json["expected"]
    assert outcome.json["next_command"] == "headgate new NAME"


@pytest.mark.parametrize("arguments", DONE, ids=" ".join)
def test_what_is_done_is_one_json_document(arguments: tuple[str, ...], project: TestProject) -> None:
    outcome = project.run(*arguments, "--output", "json", env=ENVIRONMENT).ok()
    assert json.loads(outcome.stdout) is not None


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_a_mistake_is_exit_code_2_with_the_message_where_it_belongs(
    arguments: tuple[str, ...], project: TestProject
) -> None:
    told = project.run(*arguments, env=ENVIRONMENT).refused()
    assert told.stderr.startswith("error: ")
    assert told.stdout == ""
    machine = project.run(*arguments, "--output", "json", env=ENVIRONMENT).refused().json
    assert {"error", "message", "file", "line", "expected", "next_command", "details"} <= machine.keys()
    assert machine["message"] in told.stderr


@pytest.mark.parametrize(
    "path", [(), *sorted({path[:1] for path in ALL}), *ALL], ids=lambda path: " ".join(path) or "headgate"
)
def test_help_is_no_mistake_and_shows_no_control_characters(
    path: tuple[str, ...], headgate_project: ProjectMaker
) -> None:
    outcome = headgate_project.folder().run(*path, "--help").ok()
    assert outcome.stdout.startswith(" ".join(["Usage: headgate", *path]))
    assert "\\b" not in outcome.stdout
    assert "\b" not in outcome.stdout
