"""What templates refer to by digest: the zip of the control package, and the templates of products and StackSets."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FOLDER = "assets/"
"""Where assets are in governance's bucket, `assets/<digest>.<zip or json>`."""

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold."""

_INIT = b'"""Headgate: the part of it that runs inside Lambda."""\n'


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that has to be in governance's bucket under `key` before the templates can be deployed."""

    digest: str
    path: Path
    kind: Literal["zip", "file"]

    @property
    def key(self) -> str:
        """The object's key."""
        return f"{FOLDER}{self.digest}{self.path.suffix}"


def control_zip(package: Path) -> bytes:
    """The zip of `headgate/control` with a `headgate` package around it: the same bytes for the same content.

    `package` is the folder of the control package. Only Python and JSON files go in, and uncompressed: what a
    compressor makes of the same content depends on its version.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, "headgate/__init__.py", _INIT)
        for file in control_files(package):
            _add(archive, f"headgate/control/{file.relative_to(package).as_posix()}", file.read_bytes())
    return buffer.getvalue()


def control_files(package: Path) -> Iterator[Path]:
    """The files of the control package that run in Lambda, in the order of their names."""
    yield from sorted(
        (each for each in package.rglob("*") if each.suffix in {".py", ".json"} and each.is_file()),
        key=lambda each: each.relative_to(package).as_posix(),
    )


def sha256(content: bytes) -> str:
    """The digest that assets and templates are known by, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system = 3
    entry.external_attr = 0o100644 << 16
    archive.writestr(entry, content)
