"""What a project remembers of its template, in files that are committed with it.

`.headgate-template/answers.yml` holds the template's name and the answers; `.headgate-template/base.tar.xz` holds the
files as the template rendered them. With both, every clone can merge a newer version without the old one
(docs/decisions/0003-template-updates.md).
"""

from __future__ import annotations

import io
import lzma
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from headgate.actions.trees import Entry, Tree
from headgate.errors import UserError

FOLDER = ".headgate-template"
ANSWERS = f"{FOLDER}/answers.yml"
BASE = f"{FOLDER}/base.tar.xz"
_HEADER = "# Written by headgate new and headgate update. `headgate update --data NAME=VALUE` changes an answer.\n"


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """The template as `--template` names it, its version if it has one, the answers, and the files it rendered."""

    template: str
    version: str | None
    answers: Mapping[str, Any]
    base: Tree

    def files(self) -> dict[str, Entry]:
        """The record as files; the same record gives the same bytes."""
        import yaml

        said: dict[str, Any] = {"template": self.template, "answers": dict(self.answers)}
        if self.version:
            said["version"] = self.version
        text = _HEADER + yaml.safe_dump(said, sort_keys=True, allow_unicode=True)
        return {ANSWERS: Entry(text.encode()), BASE: Entry(pack(self.base))}


def find_root(start: Path) -> Path:
    """The project at or above a folder that was scaffolded from a template. Raises UserError when there is none."""
    folder = start.resolve()
    for each in (folder, *folder.parents):
        if (each / ANSWERS).is_file():
            return each
    raise UserError(
        "this is not a project that was scaffolded from a template",
        where=str(folder),
        expected=f"a folder with {ANSWERS}",
        next_command="headgate new NAME",
    )


def read_record(root: Path) -> TemplateRecord:
    """The record of a project. Raises UserError when it is damaged."""
    import yaml

    try:
        said = yaml.safe_load((root / ANSWERS).read_text(encoding="utf-8"))
        template, answers = str(said["template"]), dict(said["answers"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise _damaged(root / ANSWERS, error) from error
    try:
        base = unpack((root / BASE).read_bytes())
    except (OSError, tarfile.TarError, lzma.LZMAError, EOFError, ValueError) as error:
        raise _damaged(root / BASE, error) from error
    version = said.get("version")
    return TemplateRecord(template, None if version is None else str(version), answers, base)


def pack(tree: Tree) -> bytes:
    """Files as a compressed archive whose bytes depend on nothing but them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, entry in sorted(tree.items()):
            member = tarfile.TarInfo(path)
            member.mode = 0o755 if entry.executable else 0o644
            if entry.is_link:
                member.type, member.linkname = tarfile.SYMTYPE, entry.data.decode()
                tar.addfile(member)
            else:
                member.size = len(entry.data)
                tar.addfile(member, io.BytesIO(entry.data))
    return lzma.compress(packed.getvalue(), format=lzma.FORMAT_XZ, preset=6)


def unpack(data: bytes) -> dict[str, Entry]:
    """The files of an archive, in memory.

    Raises ValueError for a path that leads out of it, and tarfile's and lzma's errors.
    """
    tree = {}
    with tarfile.open(fileobj=io.BytesIO(lzma.decompress(data))) as tar:
        for member in tar:
            path = PurePosixPath(member.name)
            if path.is_absolute() or ".." in path.parts:
                message = f"the path '{member.name}' leads out of it"
                raise ValueError(message)
            if member.issym():
                tree[str(path)] = Entry(member.linkname.encode(), is_link=True)
            elif member.isfile():
                content = tar.extractfile(member)
                tree[str(path)] = Entry(content.read() if content else b"", bool(member.mode & 0o100))
    return tree


def _damaged(file: Path, error: Exception) -> UserError:
    said = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return UserError(
        f"what the project remembers of its template is damaged: {said}",
        where=str(file),
        expected="the file as it was committed",
        next_command=f"git checkout -- {FOLDER}",
    )
