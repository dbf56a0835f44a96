"""Opening a project with its plugins: what every command does first."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headgate.plugins.facade import Facade
from headgate.plugins.records import PluginWarning
from headgate.spec.load import bare_project, find_project, load_project
from headgate.spec.problems import SpecError
from headgate.spec.project import Project


@dataclass(frozen=True, slots=True)
class OpenProject:
    """A valid project and its plugins. `plugins.warnings` may hold more than `warnings` once hooks have been called."""

    project: Project
    plugins: Facade

    @property
    def warnings(self) -> tuple[PluginWarning | str, ...]:
        """What is wrong with plugins but stops nothing."""
        return (*self.plugins.warnings, *self.plugins.unknown_disabled)


def open_project(
    path: Path,
    environment: str | None = None,
    overrides: Sequence[str] = (),
    *,
    disabled: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
    warn: Callable[[Iterable[str]], None] | None = None,
) -> OpenProject:
    """Open the project at or above `path`. Raises UserError when there is none, SpecError when headgate.yaml is wrong.

    Plugins that are wrong raise nothing; see `warnings`, which `warn` is told even when SpecError is raised. `environ`
    stands for the process's environment variables.
    """
    variables = os.environ if environ is None else environ
    raw = load_project(path, environment=environment, overrides=overrides, environ=variables)
    facade = Facade.load(raw, disabled=disabled, environ=variables)
    try:
        return OpenProject(facade.project, facade)
    finally:
        if warn:
            warn([*map(str, facade.warnings), *facade.unknown_disabled])


def open_folder(folder: Path, *, disabled: Iterable[str] = (), environ: Mapping[str, str] | None = None) -> OpenProject:
    """A folder without headgate.yaml as a project that says nothing: every plugin with its defaults."""
    facade = Facade.load(bare_project(folder), disabled=disabled, environ=environ)
    return OpenProject(facade.project, facade)


def open_plugins(
    path: Path,
    environment: str | None = None,
    overrides: Sequence[str] = (),
    *,
    disabled: Iterable[str] = (),
    environ: Mapping[str, str] | None = None,
) -> tuple[Facade, SpecError | None]:
    """The plugins at `path`, in a project or not; headgate.yaml need not be valid.

    When it cannot even be read it is not known what it disables: then no plugin is imported, and the error is returned,
    for `why_unloaded`.
    """
    variables = os.environ if environ is None else environ
    if find_project(path) is None:
        return Facade.load(None, disabled=disabled, environ=variables), None
    try:
        environment = environment or variables.get("HEADGATE_ENV") or None
        raw = load_project(path, environment=environment, overrides=overrides, environ=variables)
    except SpecError as error:
        return Facade.load(None, disabled=disabled, environ=variables, skip=_told(error)), error
    return Facade.load(raw, disabled=disabled, environ=variables), None


def why_unloaded(error: SpecError | None) -> list[str]:
    """The warning that belongs to the error of `open_plugins`; none without one."""
    return [f"{_told(error)}; until that is mended no plugin is loaded"] if error else []


def _told(error: SpecError) -> str:
    return f"{error.where}: {error.message}" if error.where else error.message
