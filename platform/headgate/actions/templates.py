"""Finding a template: shipped with Headgate, offered by a plugin, in a folder, or in a git repository."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import headgate
from headgate.errors import UserError
from headgate.plugins.contributions import TemplateSpec
from headgate.spec.suggest import did_you_mean

CONFIG_FILES = ("copier.yml", "copier.yaml")
_URL = re.compile(r"^(git\+|git@|gh:|gl:|[a-z][a-z0-9+.-]*://)|\.git$")


@dataclass(frozen=True, slots=True)
class Template:
    """`source` is what a project records, so that it can be found again; `location` is what Copier is given."""

    source: str
    location: str
    description: str = ""

    @property
    def name(self) -> str:
        """What it is called in messages."""
        is_path = os.sep in self.source and not _URL.search(self.source)
        return Path(self.location).name if is_path else self.source


def shipped_folder() -> Path:
    """The templates that come with Headgate: of the source tree if there is one, else of the installation."""
    package = Path(headgate.__file__).parent
    in_source = package.parents[1] / "templates"
    return in_source if any(in_source.glob("*/copier.yml")) else package.parent / "headgate_templates"


def known_templates(offered: Iterable[TemplateSpec]) -> Mapping[str, Template]:
    """Templates by name: Headgate's own, then plugins'. A plugin cannot take a name of Headgate's."""
    found = {
        spec.name: Template(spec.name, str(spec.path), f"{spec.description} [{spec.plugin}]".strip())
        for spec in reversed(list(offered))
    }
    for file in sorted(shipped_folder().glob("*/copier.yml")):
        found[file.parent.name] = Template(file.parent.name, str(file.parent), _first_line(file.parent / "README.md"))
    return found


def find_template(asked: str, offered: Iterable[TemplateSpec], *, relative_to: Path, project: Path) -> Template:
    """A template by name, path or git URL. Raises UserError that names those there are.

    A path may be relative to `relative_to`; it is then recorded as seen from the folder `project`, so that clones
    find it as long as the two lie together.
    """
    known = known_templates(offered)
    if asked in known:
        return known[asked]
    if _URL.search(asked):
        # Copier takes a URL without `.git` at its end for a folder, but on two hosts.
        is_plain = "://" in asked and not asked.startswith(("git+", "git:", "ssh:"))
        return Template(asked, f"git+{asked}" if is_plain else asked)
    folder = Path(os.path.normpath(relative_to / Path(asked).expanduser()))
    if any((folder / name).is_file() for name in CONFIG_FILES):
        is_absolute = Path(asked).expanduser().is_absolute()
        return Template(asked if is_absolute else _seen_from(project, folder), str(folder))
    if folder.is_dir():
        raise UserError(f"there is no {CONFIG_FILES[0]} in it, so it is no template", where=str(folder))
    names = ", ".join(known)
    raise UserError(
        f"there is no template '{asked}'",
        expected=f"{names}, a folder with a {CONFIG_FILES[0]}, or a git URL",
        details=tuple(filter(None, [did_you_mean(asked, known)])),
    )


def _seen_from(project: Path, folder: Path) -> str:
    path = os.path.relpath(folder, project)
    return path if os.sep in path else f"./{path}"


def _first_line(readme: Path) -> str:
    """What a template is for: the first paragraph below the title of its README, as one line."""
    if not readme.is_file():
        return ""
    paragraphs = readme.read_text(encoding="utf-8").split("\n\n")
    return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 else ""
