"""`headgate update`: the template's newest version merged into a project that has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headgate.actions.rendering import render
from headgate.actions.template_record import TemplateRecord
from headgate.actions.templates import Template
from headgate.actions.three_way import ASIDE, OURS, Conflict, Merge, decide, find_renames, git_merge_text, run_git
from headgate.actions.trees import Changes, find_entry
from headgate.errors import FailedError, UserError


@dataclass(frozen=True)
class Update:
    """What an update would do, or did: the merge, and the record that the project has afterwards."""

    root: Path
    template: str
    merge: Merge
    record: TemplateRecord
    is_current: bool


def plan_update(
    root: Path,
    record: TemplateRecord,
    template: Template,
    answers: Mapping[str, Any],
    *,
    interactive: bool,
    trust: bool,
) -> Update:
    """What the newest version of the template would change. Writes nothing.

    `answers` go over the recorded ones. Questions that are new are asked, or answered by their defaults; recorded
    answers to questions that are gone are dropped. Raises UserError as `render` does.
    """
    rendered = render(template, answers, recorded=record.answers, interactive=interactive, trust=trust)
    ours = {path: entry for path in {*record.base, *rendered.tree} if (entry := find_entry(root / path)) is not None}
    merge = decide(record.base, rendered.tree, ours, find_renames(record.base, rendered.tree), git_merge_text)
    new = TemplateRecord(template.source, rendered.version, rendered.answers, rendered.tree)
    return Update(
        root, template.source, merge, new, is_current=(record.base, record.answers) == (rendered.tree, rendered.answers)
    )


def find_unresolved(root: Path, record: TemplateRecord) -> tuple[Conflict, ...]:
    """What an earlier update left to be resolved and nobody has: its markers, and the files that it put aside."""
    found = []
    marker = f"<<<<<<< {OURS}".encode()
    for path in sorted(record.base):
        entry = find_entry(root / path)
        lines = [] if entry is None or entry.is_binary else entry.data.splitlines()
        if marker in lines:
            found.append(Conflict(path, f"line {lines.index(marker) + 1} has the marker of a conflict"))
        if (root / f"{path}{ASIDE}").is_file():
            found.append(Conflict(path, f"{path}{ASIDE} is there still: take what you want of it, and delete it"))
    return tuple(found)


def apply_update(update: Update) -> None:
    """Write the plan: all of it, or nothing. Raises FailedError when something cannot be written."""
    try:
        Changes(update.root).apply({**update.merge.files, **update.record.files()})
    except OSError as error:
        raise FailedError(
            f"the update could not be written, and nothing was changed: {error.strerror or error}",
            where=str(error.filename or update.root),
        ) from error


def check_clean(root: Path) -> None:
    """Raises UserError unless git could undo an update: everything under `root` is committed."""
    status = run_git(["status", "--porcelain", "--", "."], folder=root)
    if status.returncode:
        raise UserError(
            "the project is in no git repository, so an update could not be undone",
            where=str(root),
            expected="git init && git add --all && git commit, or --force",
        )
    changed = status.stdout.decode(errors="replace").splitlines()
    if changed:
        raise UserError(
            "there are changes that are not committed, and an update would mix with them",
            where=str(root),
            expected="a clean work tree, or --force",
            details=tuple(line[3:] for line in changed),
            next_command="git commit, or git stash --include-untracked",
        )
