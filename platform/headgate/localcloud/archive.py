"""Archives that are the same bytes whenever their files are: sorted names, no times, no owners."""

from __future__ import annotations

import gzip
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path


def files_below(root: Path) -> Iterator[Path]:
    """Every file and symbolic link below a folder, in the order of their relative paths."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root):
        folders.sort()
        found += [Path(folder, name) for name in names]
        found += [path for name in folders if (path := Path(folder, name)).is_symlink()]
    yield from sorted(found, key=lambda path: path.relative_to(root).as_posix())


def write_tar_gz(target: Path, roots: Sequence[Path]) -> int:
    """Archive the files below the folders, the later folder winning a name; returns how many files went in.

    Permissions keep only what a program may rely on: whether the owner may execute. Sockets and devices stay out.
    """
    members: dict[str, Path] = {}
    for root in roots:
        for path in files_below(root):
            members[path.relative_to(root).as_posix()] = path
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name in sorted(members):
            _add(tar, name, members[name])
    return len(members)


def _add(tar: tarfile.TarFile, name: str, path: Path) -> None:
    status = path.lstat()
    info = tarfile.TarInfo(name)
    info.mtime = 0
    if stat.S_ISLNK(status.st_mode):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, str(path.readlink()), 0o777
        tar.addfile(info)
    elif stat.S_ISREG(status.st_mode):
        info.size, info.mode = status.st_size, 0o755 if status.st_mode & stat.S_IXUSR else 0o644
        with path.open("rb") as file:
            tar.addfile(info, file)


_TORN = (tarfile.TarError, zlib.error, EOFError, OSError)
"""What reading a damaged or truncated archive raises."""


class CorruptArchiveError(Exception):
    """The file is no gzip-compressed tar archive, or one that reaches outside of its folder."""


def unpack_tar_gz(archive: Path, folder: Path) -> None:
    """Unpack a `.tar.gz` (or plain tar) into a folder. Raises CorruptArchiveError that says what is wrong."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            tar.extractall(folder, filter="data")
            _read_to_end(tar)
    except (*_TORN, ValueError) as error:
        raise CorruptArchiveError(f"{type(error).__name__}: {error}") from error


def tar_gz_problem(archive: Path) -> str | None:
    """What is wrong with a `.tar.gz`, or None. Reads it through once and keeps nothing of it."""
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for _ in tar:
                pass
            _read_to_end(tar)
    except _TORN as error:
        return str(error) or type(error).__name__
    return None


def _read_to_end(tar: tarfile.TarFile) -> None:
    """Compression's checksum stands behind the last member: only who reads on that far learns of damage."""
    while tar.fileobj is not None and tar.fileobj.read(1 << 20):
        pass
