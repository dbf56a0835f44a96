"""Merging a template's new version into a project: base, ours and theirs, file by file.

`decide` is pure but for the text merge, which is git's own (`git merge-file`), and the renames, which are found as git
finds them.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

from headgate.actions.trees import Entry, Tree, write_tree
from headgate.errors import FailedError, UserError

ASIDE = ".headgate-new"
OURS = "this project"
"""What a conflict's marker calls the project's side."""
"""What is appended to a file's name when the template's version is put beside the project's."""

LOCAL_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
"""What a git hook hands down, which would make git work on the hook's repository instead."""

TextMerge: TypeAlias = Callable[[bytes, bytes, bytes], tuple[bytes, int]]
"""(ours, base, theirs) to the merged text and the number of conflicts in it."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file that somebody has to look at, and what was done with it."""

    path: str
    reason: str


@dataclass(frozen=True)
class Merge:
    """What an update does: files to write, or to delete where None; conflicts; and what changed, for people."""

    files: Mapping[str, Entry | None] = field(default_factory=dict)
    conflicts: tuple[Conflict, ...] = ()
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()


def decide(base: Tree, theirs: Tree, ours: Tree, renames: Mapping[str, str], merge_text: TextMerge) -> Merge:
    """Merge `theirs` (the template's new version) into `ours` (the project).

    `renames`: paths of `base` to paths of `theirs`. What only one side changed is that side's; what both changed alike
    is as it is; what both changed otherwise is merged by lines, and where that fails it is a conflict.
    """
    deciding = _Deciding(merge_text)
    moved = {old: new for old, new in renames.items() if old in ours and new not in ours}
    for old, new in sorted(moved.items()):
        deciding.files[old] = None
        deciding.renamed.append((old, new))
        deciding.file(new, base[old], theirs[new], ours[old], at_new_path=True)
    gone = {old: new for old, new in renames.items() if old not in ours and new not in ours}
    for old, new in sorted(gone.items()):
        deciding.file(new, base[old], theirs[new], None)
    done = {*moved, *moved.values(), *gone, *gone.values()}
    for path in sorted({*base, *theirs} - done):
        deciding.file(path, base.get(path), theirs.get(path), ours.get(path))
    return deciding.merge()


@dataclass
class _Deciding:
    merge_text: TextMerge
    files: dict[str, Entry | None] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)

    def merge(self) -> Merge:
        return Merge(
            self.files,
            tuple(self.conflicts),
            tuple(self.added),
            tuple(self.changed),
            tuple(self.deleted),
            tuple(self.renamed),
        )

    def file(
        self, path: str, base: Entry | None, theirs: Entry | None, ours: Entry | None, *, at_new_path: bool = False
    ) -> None:
        if theirs in (base, ours):
            if at_new_path:
                self.files[path] = ours
        elif ours == base:
            self._take(path, theirs, is_new=ours is None)
        elif theirs is None:
            self._conflict(path, "the template no longer has it, but it was changed here: kept")
        elif ours is None:
            self._beside(path, theirs, "it was deleted here, but the template changed it")
        else:
            self._both(path, base, theirs, ours)

    def _take(self, path: str, theirs: Entry | None, *, is_new: bool) -> None:
        self.files[path] = theirs
        names = self.deleted if theirs is None else self.added if is_new else self.changed
        names.append(path)

    def _both(self, path: str, base: Entry | None, theirs: Entry, ours: Entry) -> None:
        if ours.is_binary or theirs.is_binary or (base is not None and base.is_binary):
            self._beside(path, theirs, "it is not text, and was changed here and in the template")
            return
        merged, conflicts = self.merge_text(ours.data, b"" if base is None else base.data, theirs.data)
        was_executable = base is not None and base.executable
        executable = theirs.executable if ours.executable == was_executable else ours.executable
        self.files[path] = replace(ours, data=merged, executable=executable)
        self.changed.append(path)
        if conflicts:
            places = "1 place" if conflicts == 1 else f"{conflicts} places"
            self._conflict(path, f"changed here and in the template in {places}: look for <<<<<<<")

    def _beside(self, path: str, theirs: Entry, reason: str) -> None:
        self.files[f"{path}{ASIDE}"] = theirs
        self._conflict(path, f"{reason}: the template's version is {path}{ASIDE}")

    def _conflict(self, path: str, reason: str) -> None:
        self.conflicts.append(Conflict(path, reason))


def git_merge_text(ours: bytes, base: bytes, theirs: bytes) -> tuple[bytes, int]:
    """`git merge-file` of three texts. Raises FailedError when git cannot, UserError when there is no git."""
    with tempfile.TemporaryDirectory(prefix="headgate-merge-") as folder:
        files = [Path(folder) / name for name in ("ours", "base", "theirs")]
        for file, data in zip(files, (ours, base, theirs), strict=True):
            file.write_bytes(data)
        labels = ["-L", OURS, "-L", "template, before", "-L", "template, now"]
        done = run_git(["merge-file", "-p", *labels, *map(str, files)])
    if done.returncode < 0 or done.returncode > 127:
        raise FailedError(f"git merge-file failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout, done.returncode


def find_renames(base: Tree, theirs: Tree) -> dict[str, str]:
    """Files that the template's new version has under another path, as git's similarity finds them."""
    gone = {path: entry for path, entry in base.items() if path not in theirs}
    new = {path: entry for path, entry in theirs.items() if path not in base}
    if not gone or not new:
        return {}
    with tempfile.TemporaryDirectory(prefix="headgate-renames-") as folder:
        write_tree(Path(folder) / "a", gone)
        write_tree(Path(folder) / "b", new)
        options = ["--no-index", "--find-renames", "--name-status", "--no-ext-diff", "-z"]
        done = run_git(["diff", *options, "a", "b"], folder=Path(folder))
    fields = done.stdout.decode().split("\0")
    renames = {}
    while len(fields) > 1:
        status = fields.pop(0)
        if status.startswith("R"):
            old, path = fields.pop(0), fields.pop(0)
            renames[old.removeprefix("a/")] = path.removeprefix("b/")
        else:
            fields.pop(0)
    return renames


def run_git(arguments: list[str], *, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run git, on the repository that the folder is in. Raises UserError when it is not installed."""
    environment = {name: value for name, value in os.environ.items() if name not in LOCAL_VARIABLES}
    try:
        return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=False, env=environment)
    except FileNotFoundError as error:
        raise UserError(
            "updating needs git, which is not installed", expected="git on the PATH", next_command="headgate doctor"
        ) from error
