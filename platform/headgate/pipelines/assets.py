"""Code that travels with a pipeline: collected from folders, named by what is in it.

The digest covers relative paths, contents and executable bits, nothing else, so the same sources have the same
S3 key on every machine and step caching can hit. Archives carry no times, owners or order of the file system.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from headgate.errors import UserError

EXCLUDED = (
    "__pycache__", "*.pyc", "tests", "test", ".*", "*.egg-info", "*.dist-info", "node_modules", "venv", "*.swp", "*~",
)  # fmt: skip
"""Names left out of a code folder, whether of files or of folders."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file of a code folder; `path` is relative, with `/` between its parts."""

    path: str
    source: Path
    sha256: str
    executable: bool


@dataclass(frozen=True, slots=True)
class SourceCode:
    """The files that a step runs, and the one that it starts with."""

    entry: str
    files: tuple[SourceFile, ...]

    @staticmethod
    def from_folder(
        folder: Path, *, entry: str, extra: Mapping[str, Path] | None = None, exclude: Sequence[str] = EXCLUDED
    ) -> SourceCode:
        """Everything under `folder`, and under `<name>/` everything of each `extra` folder (or that file).

        Raises UserError when a folder or the entry is missing, or two sources claim one path.
        """
        found: dict[str, SourceFile] = {}
        for prefix, root in (("", folder), *sorted((extra or {}).items())):
            for file in _collect(root, prefix, exclude):
                if file.path in found:
                    raise UserError(f"two sources claim the path {file.path!r}", where=str(file.source))
                found[file.path] = file
        if entry not in found:
            raise UserError(
                f"{entry!r} is not among the files to run",
                where=str(folder),
                expected="one of " + ", ".join(sorted(found)[:8]) if found else "a folder with code in it",
            )
        return SourceCode(entry, tuple(found[path] for path in sorted(found)))

    @staticmethod
    def from_file(file: Path) -> SourceCode:
        """A single script."""
        return SourceCode(file.name, tuple(_collect(file, file.name, ())))

    @property
    def sha256(self) -> str:
        """The digest of paths, contents and executable bits."""
        digest = hashlib.sha256()
        for file in self.files:
            digest.update(f"{file.path}\0{file.sha256}\0{int(file.executable)}\n".encode())
        return digest.hexdigest()

    def archive(self) -> bytes:
        """The files as a `.tar.gz` whose bytes depend on nothing but them."""
        return pack_archive(
            [(file.path, file.source.read_bytes(), 0o755 if file.executable else 0o644) for file in self.files]
        )


@dataclass(frozen=True, slots=True)
class AssetFile:
    """One object to be put into S3: the file at `path`, or, when that is None, `content`, packed when asked for.

    The key holds a digest, so an object that is there already is the right one, unless `overwrite` says that the key
    is the project's own.
    """

    s3_uri: str
    path: Path | None = None
    pack: Callable[[], bytes] | None = None
    overwrite: bool = False

    @property
    def content(self) -> bytes:
        """The object's bytes."""
        if self.path is not None:
            return self.path.read_bytes()
        return self.pack() if self.pack is not None else b""


@dataclass(frozen=True, slots=True)
class Asset:
    """What must be in S3 before the definition can run: `s3_uri` is an object, or the prefix of several."""

    sha256: str
    s3_uri: str
    files: tuple[AssetFile, ...]


def pack_archive(members: Iterable[tuple[str, bytes, int]]) -> bytes:
    """A `.tar.gz` of path, bytes and mode of each member, in the order given, without times or owners."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, data, mode in members:
            member = tarfile.TarInfo(path)
            member.size, member.mtime, member.mode = len(data), 0, mode
            tar.addfile(member, io.BytesIO(data))
    return gzip.compress(packed.getvalue(), mtime=0)


def folder_asset(code: SourceCode, base: str) -> Asset:
    """The files as objects of their own under `<base>/code/<digest>/`, for Processing."""
    prefix = f"{base}/code/{code.sha256}"
    return Asset(code.sha256, prefix, tuple(AssetFile(f"{prefix}/{file.path}", file.source) for file in code.files))


def archive_asset(code: SourceCode, base: str) -> Asset:
    """The files as `<base>/archives/<digest>/sourcedir.tar.gz`, for script mode."""
    uri = f"{base}/archives/{code.sha256}/sourcedir.tar.gz"
    return Asset(code.sha256, uri, (AssetFile(uri, pack=code.archive),))


def _collect(root: Path, prefix: str, exclude: Sequence[str]) -> Iterator[SourceFile]:
    if root.is_file():
        yield _source_file(root, prefix)
        return
    if not root.is_dir():
        raise UserError("there is no such folder of code", where=str(root), expected="a folder or a file that exists")
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = sorted(name for name in subfolders if not _excluded(name, exclude))
        for name in subfolders:
            if (Path(folder) / name).is_symlink():
                raise UserError(
                    "a code folder cannot hold a link to a folder",
                    where=str(Path(folder) / name),
                    expected="the folder itself, or `extra={name: folder}`",
                )
        for name in sorted(names):
            if not _excluded(name, exclude):
                file = Path(folder) / name
                relative = file.relative_to(root).as_posix()
                yield _source_file(file, f"{prefix}/{relative}" if prefix else relative)


def _source_file(file: Path, path: str) -> SourceFile:
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return SourceFile(path, file, digest, executable=os.access(file, os.X_OK))


def _excluded(name: str, exclude: Sequence[str]) -> bool:
    return any(fnmatch(name, pattern) for pattern in exclude)
