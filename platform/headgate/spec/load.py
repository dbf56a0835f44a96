"""From a folder to a project's settings: find headgate.yaml, read it, lay the overrides over it.

The order, later wins: landing.yaml beside it, the file, its overlay for the environment, variables
`HEADGATE_SET__a__b=VALUE`, `--set a.b=VALUE`. Nothing is checked against a schema here; that needs the plugins' schemas
too (`headgate.plugins.facade`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from headgate.errors import Location, UserError
from headgate.spec.document import Node, child, merge, parse, plain, read
from headgate.spec.problems import Problem, SpecError
from headgate.spec.suggest import did_you_mean, suggest

FILE_NAME = "headgate.yaml"
LANDING_NAME = "landing.yaml"
"""Beside headgate.yaml, and under it: the vended accounts that the project lands in, as `headgate accounts project`
writes them. What headgate.yaml says itself wins."""

VARIABLE_PREFIX = "HEADGATE_SET__"


@dataclass(frozen=True, slots=True)
class RawProject:
    """headgate.yaml with overlay and overrides applied, every value with its place; not yet checked.

    `base` is the same before any overlay, so that every environment can be checked.
    """

    root: Path
    file: Path
    node: Node
    base: Node
    environment: str | None = None
    overrides: tuple[Node, ...] = ()

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments that the file has overlays for."""
        overlays = child(self.base, "environments")
        return tuple(overlays.value) if overlays and isinstance(overlays.value, Mapping) else ()

    @property
    def disabled(self) -> frozenset[str]:
        """The plugins that the file disables, known before any plugin is imported."""
        node = child(self.node, "disable")
        names = plain(node) if node and isinstance(node.value, tuple) else []
        return frozenset(name for name in names if isinstance(name, str))

    def in_environment(self, environment: str | None) -> RawProject:
        """The same project in another environment. Raises SpecError when the file has no overlay of that name."""
        node = self.base
        if environment is not None:
            node = merge(node, _overlay(self.base, environment))
        for override in self.overrides:
            node = merge(node, override)
        return replace(self, node=node, environment=environment)


def find_project(start: Path) -> Path | None:
    """headgate.yaml in `start` (which may be the file itself) or the nearest folder above it, or None."""
    start = start.absolute()
    if start.name == FILE_NAME and start.is_file():
        return start
    for folder in (start, *start.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    return None


def require_folder(start: Path) -> Path:
    """The folder itself. Raises UserError, with the nearest one there is, when it does not exist."""
    if not start.exists():
        raise UserError(
            f"no such folder: {start}",
            expected="a folder with headgate.yaml" + _near_folder(start),
            next_command="headgate new NAME",
        )
    return start


def load_project(
    start: Path,
    *,
    environment: str | None = None,
    overrides: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> RawProject:
    """Read the project at or above a folder. Raises UserError when there is none, SpecError when it cannot be read.

    `overrides` are `a.b.c=VALUE`; variables of `environ` that start with HEADGATE_SET__ are overrides too.
    """
    require_folder(start)
    file = find_project(start)
    if file is None:
        raise UserError(
            f"no {FILE_NAME} in {start.absolute()} or any folder above it",
            expected="a project; go to its folder, or give it with --project FOLDER",
            next_command="headgate new NAME",
        )
    base = read(file, _shown(file))
    landing = file.with_name(LANDING_NAME)
    if landing.is_file():
        base = merge(read(landing, _shown(landing)), base)
    variables = {} if environ is None else environ
    laid_over = [
        _override(name, name.removeprefix(VARIABLE_PREFIX).split("__"), variables[name])
        for name in sorted(variables)
        if name.startswith(VARIABLE_PREFIX)
    ]
    laid_over += [_option(text) for text in overrides]
    raw = RawProject(root=file.parent, file=file, node=base, base=base, overrides=tuple(laid_over))
    return raw.in_environment(environment)


def bare_project(root: Path) -> RawProject:
    """What a folder without headgate.yaml amounts to: a project that says nothing but its name."""
    file = root / FILE_NAME
    name = Node("project", Location(str(file)))
    node = Node({"name": name}, Location(str(file)))
    return RawProject(root=root, file=file, node=node, base=node)


def _shown(file: Path) -> str:
    """A file's name in errors: from the current folder when it is inside, so that it can be opened as it stands."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _overlay(base: Node, environment: str) -> Node:
    overlays = child(base, "environments")
    names = list(overlays.value) if overlays and isinstance(overlays.value, Mapping) else []
    overlay = child(overlays, environment) if overlays else None
    if overlay is None:
        allowed = ", ".join(names) or f"none: {FILE_NAME} has no `environments:`"
        raise SpecError(
            [
                Problem(
                    Location("--env or HEADGATE_ENV"),
                    f"unknown environment '{environment}'",
                    allowed,
                    did_you_mean(environment, names),
                )
            ]
        )
    if overlay.value is None:
        return replace(overlay, value={})
    if not isinstance(overlay.value, Mapping):
        raise SpecError(
            [Problem(overlay.where, f"environment '{environment}' is not a mapping", "settings to lay over the others")]
        )
    return overlay


def _option(text: str) -> Node:
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise SpecError(
            [Problem(Location(f"--set {text}"), "no value to set", "--set a.b.c=VALUE, such as --set region=eu-west-1")]
        )
    return _override(f"--set {path}", path.split("."), value)


def _override(name: str, path: list[str], value: str) -> Node:
    where = Location(name)
    if not all(path):
        raise SpecError(
            [Problem(where, "an empty name in the path to a setting", "names such as plugins.training.threshold")]
        )
    try:
        node = parse(value, name) or Node(None, where)
    except SpecError as error:
        problems = [replace(problem, where=where) for problem in error.problems]
        raise SpecError(problems, next_command=None) from error
    node = _placed(node, where)
    for part in reversed(path):
        node = Node({part: node}, where, where)
    return node


def _placed(node: Node, where: Location) -> Node:
    """The same value, standing where it was typed: lines within an option mean nothing."""
    value = node.value
    if isinstance(value, Mapping):
        return Node({name: _placed(below, where) for name, below in value.items()}, where, where)
    if isinstance(value, tuple):
        return Node(tuple(_placed(below, where) for below in value), where, where)
    return Node(value, where, where, node.source)


def _near_folder(path: Path) -> str:
    try:
        nearest = suggest(path.name, sorted(entry.name for entry in path.parent.iterdir() if entry.is_dir()))
    except OSError:
        return ""
    return f"; did you mean '{path.parent / nearest}'?" if nearest else ""
