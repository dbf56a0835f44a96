"""`headgate new`: a project from a template, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.actions.rendering import render
from headgate.actions.template_record import TemplateRecord
from headgate.actions.templates import Template
from headgate.actions.three_way import run_git
from headgate.actions.trees import new_folder, write_tree
from headgate.errors import FailedError, UserError
from headgate.spec.schema import base_schema

AUTHOR = ("-c", "user.name=headgate", "-c", "user.email=headgate@localhost")
"""Who commits when git does not know who the user is."""


@dataclass(frozen=True, slots=True)
class Scaffolded:
    """A new project. `git` says what was done about version control."""

    folder: Path
    template: str
    answers: Mapping[str, Any]
    files: int
    git: str


def scaffold(
    folder: Path,
    template: Template,
    answers: Mapping[str, Any],
    *,
    interactive: bool,
    trust: bool = False,
    git: bool = True,
) -> Scaffolded:
    """Make the project `folder`, named after its last part. Until it is complete, nothing is there.

    Raises UserError for a bad name, a folder that is not empty, or whatever is wrong with template or answers.
    """
    check_name(folder.name)
    check_free(folder)
    given = {**answers, "project_name": folder.name}
    rendered = render(template, given, interactive=interactive, trust=trust)
    record = TemplateRecord(template.source, rendered.version, rendered.answers, rendered.tree)
    tree = {**rendered.tree, **record.files()}
    try:
        with new_folder(folder) as temporary:
            write_tree(temporary, tree)
            message = f"Scaffold from template {template.name}"
            done = start_repository(temporary, inside_of=folder.parent, message=message, git=git)
    except OSError as error:
        raise FailedError(f"the project cannot be written: {error.strerror or error}", where=str(folder)) from error
    return Scaffolded(folder, template.name, rendered.answers, len(tree), done)


def check_name(name: str) -> None:
    """Raises UserError unless headgate.yaml's own schema allows the name."""
    schema = base_schema()["properties"]["name"]
    if not re.search(schema["pattern"], name) or len(name) > schema["maxLength"]:
        suggestion = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-0123456789")[: schema["maxLength"]].strip("-")
        raise UserError(
            f"'{name}' cannot be a project's name",
            expected=schema["description"],
            next_command=f"headgate new {suggestion}" if suggestion else None,
        )


def check_free(folder: Path) -> None:
    """Raises UserError when something is there that would be written over."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UserError("there is a file of that name already", where=str(folder), expected="a new name")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(
            "the folder is not empty", where=str(folder), expected="a new name, or an empty folder of that name"
        )


def start_repository(folder: Path, *, inside_of: Path, message: str, git: bool = True) -> str:
    """Make a repository with a first commit, unless there is one around already; returns what was done.

    A commit that fails (a hook, a signing key) leaves the project without it, and says so.
    """
    if not git:
        return "no repository, as asked"
    if shutil.which("git") is None:
        return "no repository: git is not installed"
    if run_git(["rev-parse", "--is-inside-work-tree"], folder=inside_of).returncode == 0:
        return "not committed: the project is inside of a repository already"
    known = os.environ.get("GIT_AUTHOR_EMAIL") or run_git(["config", "user.email"], folder=folder).stdout.strip()
    author = () if known else AUTHOR
    for arguments in (["init", "-q"], ["add", "--all"], [*author, "commit", "-q", "-m", message]):
        done = run_git(arguments, folder=folder)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or ["nothing"]
            return f"not committed: git said {said[-1]}"
    return "a repository with a first commit" + ("" if known else ", by 'headgate': git does not know your user.email")
