"""The folder that, on PYTHONPATH, leads fixed AWS addresses in Python programs to the local cloud."""

from __future__ import annotations

import os
from pathlib import Path

FOLDER = str(Path(__file__).parent / "site")


def with_folder(search_path: str | None) -> str:
    """A PYTHONPATH that begins with the folder."""
    return os.pathsep.join([FOLDER, *_others(search_path)])


def without_folder(search_path: str | None) -> str:
    """The PYTHONPATH as it was; empty if nothing else was on it."""
    return os.pathsep.join(_others(search_path))


def _others(search_path: str | None) -> list[str]:
    return [part for part in (search_path or "").split(os.pathsep) if part and part != FOLDER]
