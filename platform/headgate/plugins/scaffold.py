"""Writing a new plugin package from the skeleton: small, complete, with a test that passes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

from headgate.errors import UserError
from headgate.plugins.discovery import IN_TREE_NAME

SKELETON = Path(__file__).parent / "skeleton"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def scaffold_plugin(name: str, parent: Path, taken: Mapping[str, str]) -> list[Path]:
    """Write `parent/headgate-<name>/` and return the files written.

    Raises UserError when the name or the folder is no good. `taken` are names that there are, and what has each: the
    plugin and its command will have the same name.
    """
    if not _NAME.fullmatch(name):
        raise UserError(f"'{name}' cannot be a plugin's name", expected="lower-case words joined by hyphens: my-plugin")
    if name == IN_TREE_NAME or name in taken:
        raise UserError(
            f"there is a {taken.get(name, 'plugin')} '{name}' already", next_command="headgate plugins list"
        )
    folder = parent / f"headgate-{name}"
    if folder.exists():
        raise UserError(f"{folder} exists already", expected="a folder that does not exist; see --folder")
    module = f"headgate_{name.replace('-', '_')}"
    words = {"name": name, "module": module, "title": name.replace("-", " ").capitalize()}
    return [_render(source, folder, words) for source in sorted(SKELETON.rglob("*.tmpl"))]


def _render(source: Path, folder: Path, words: dict[str, str]) -> Path:
    relative = str(source.relative_to(SKELETON)).removesuffix(".tmpl").replace("MODULE", words["module"])
    target = folder / relative
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
    return target
