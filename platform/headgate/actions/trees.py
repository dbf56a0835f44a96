"""A folder's files as values, so that they can be compared, merged and written as one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its bytes and executable bit. For a symbolic link the bytes are its target."""

    data: bytes
    executable: bool = False
    is_link: bool = False

    @property
    def is_binary(self) -> bool:
        """Whether lines mean nothing in it: a link, or a file with a NUL byte in its beginning, as git has it."""
        return self.is_link or b"\0" in self.data[:8000]


Tree: TypeAlias = Mapping[str, Entry]
"""Files by relative path, with `/` between its parts."""


def read_tree(folder: Path) -> dict[str, Entry]:
    """Every file under a folder, but git's own."""
    tree = {}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(place) / name
            tree[path.relative_to(folder).as_posix()] = read_entry(path)
    return tree


def read_entry(path: Path) -> Entry:
    """One file, or link. Raises OSError."""
    if path.is_symlink():
        return Entry(str(path.readlink()).encode(), is_link=True)
    return Entry(path.read_bytes(), os.access(path, os.X_OK))


def find_entry(path: Path) -> Entry | None:
    """The file or link at a path, None when nothing is there, or a folder."""
    return read_entry(path) if path.is_symlink() or path.is_file() else None


def write_entry(path: Path, entry: Entry) -> None:
    """Write one file, whole or not at all. Its folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.headgate-new")
    try:
        if entry.is_link:
            temporary.symlink_to(entry.data.decode())
        else:
            temporary.write_bytes(entry.data)
            temporary.chmod((0o777 if entry.executable else 0o666) & ~_umask())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_tree(folder: Path, tree: Tree) -> None:
    """Write files under a folder."""
    for path, entry in tree.items():
        write_entry(folder / path, entry)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder that becomes `folder` when the block ends well, and is gone when it does not.

    `folder` must not exist, or be empty.
    """
    parent = folder.parent
    missing = [each for each in (parent, *parent.parents) if not each.exists()]
    parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.headgate-", dir=parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        temporary.replace(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        for each in missing:
            if each.is_dir() and not any(each.iterdir()):
                each.rmdir()
        raise


class Changes:
    """Writes and deletions under a folder that are all undone when one of them fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._before: list[tuple[Path, Entry | None]] = []

    def apply(self, files: Mapping[str, Entry | None]) -> None:
        """Write each file, or delete it when it is None; folders left empty go too.

        Raises OSError, with nothing done.
        """
        try:
            for relative, entry in files.items():
                path = self._folder / relative
                self._before.append((path, find_entry(path)))
                if entry is not None:
                    write_entry(path, entry)
                elif find_entry(path) is not None:
                    path.unlink()
        except BaseException:
            self.undo()
            raise
        for relative, entry in files.items():
            if entry is None:
                self._prune(relative)

    def undo(self) -> None:
        """Put back what was there."""
        for path, entry in reversed(self._before):
            if entry is not None:
                write_entry(path, entry)
            elif find_entry(path) is not None:
                path.unlink()
            if entry is None:
                self._prune(path.relative_to(self._folder).as_posix())
        self._before.clear()

    def _prune(self, relative: str) -> None:
        for parent in list(PurePosixPath(relative).parents)[:-1]:
            folder = self._folder / parent
            if folder.is_symlink() or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
