"""Calling hooks: each plugin alone, guarded, its result checked before the engine sees it."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from headgate.errors import UserError
from headgate.plugins.loading import Loaded, quiet_stdout
from headgate.plugins.records import PluginRecord, PluginWarning, State, say
from headgate.spec.project import Project

T = TypeVar("T")


class BadResultError(TypeError):
    """A hook gave something that it should not."""


class HookCalls:
    """The loaded plugins, and what went wrong in them. `broken_policies` says, by plugin, why it cannot be asked."""

    def __init__(self, loaded: Loaded) -> None:
        self._manager = loaded.manager
        self._warnings: dict[PluginWarning, None] = dict.fromkeys(loaded.warnings)
        self.loaded = {record.name: record for record in loaded.records if record.state is State.LOADED}
        self.broken_policies: dict[str, str] = {}
        self._mistakes: dict[PluginWarning, UserError] = {}

    @property
    def warnings(self) -> tuple[PluginWarning, ...]:
        """What went wrong so far, each thing once."""
        return tuple(self._warnings)

    def each(
        self, hook: str, project: Project | None = None, *, skip: Container[str] = (), **arguments: Any
    ) -> Iterator[tuple[PluginRecord, Any]]:
        """Each plugin's result of a hook, iterables drained; a plugin that raises is left out with a warning."""
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            record = self.loaded[implementation.plugin_name]
            if record.name in skip:
                continue
            if project is not None:
                section = project.plugin_settings.get(record.name, {})
                arguments |= {"project": project, "settings": dict(section)}
            result = None
            with self.guard(record, hook):
                given = implementation.function(*(_own(arguments[name]) for name in implementation.argnames))
                result = given if given is None or isinstance(given, (Mapping, Path)) else items(given)
            if result is not None:
                yield record, result

    def take_mistakes(self) -> list[UserError]:
        """The UserErrors that hooks raised since the last call; they are no warnings any more."""
        taken, self._mistakes = self._mistakes, {}
        for warning in taken:
            self._warnings.pop(warning, None)
        return list(taken.values())

    def guard(self, record: PluginRecord, hook: str) -> Guard:
        """A `with` block in which whatever is raised is the plugin's fault, and goes no further."""
        return Guard(functools.partial(self._blame, record, hook))

    def claim(self, record: PluginRecord, hook: str, what: str, name: str, taken: dict[str, str]) -> bool:
        """Whether a name is free, and the plugin's from now on; `taken` maps names to owners."""
        if name not in taken:
            taken[name] = record.name
            return True
        owner = f"plugin '{taken[name]}'" if taken[name] in self.loaded else taken[name]
        message = f"offers a {what} '{name}', but {owner} already has that name; it is left out"
        self._warnings[PluginWarning.about(record.candidate, message, hook)] = None
        return False

    def set_aside(self, plugin: str, reason: str) -> None:
        """A plugin that cannot be used in this project.

        Merely lacking settings is no news, unless it is a policy; nor is what the plugin was already blamed for.
        """
        record = self.loaded[plugin]
        if record.policy:
            self.broken_policies.setdefault(plugin, reason)
        known = any(warning.plugin == plugin for warning in self._warnings)
        if not known and (record.policy or not reason.startswith("it needs settings")):
            self._warnings[PluginWarning.about(record.candidate, f"is not used: {reason}")] = None

    def _blame(self, record: PluginRecord, hook: str, error: BaseException) -> None:
        said = str(error) if isinstance(error, BadResultError) else say(error)
        warning = PluginWarning.about(record.candidate, f"failed: {said}", hook)
        self._warnings[warning] = None
        if isinstance(error, UserError):
            self._mistakes[warning] = error
        if record.policy:
            self.broken_policies.setdefault(record.name, f"its {hook} failed: {said}")


def _own(argument: Any) -> Any:
    """Settings and definitions are a copy for each call, so that a plugin that changes them changes nothing else."""
    return copy.deepcopy(argument) if isinstance(argument, Mapping) else argument


class Guard:
    """Hands what is raised inside to `blame` and goes on; only Ctrl-C passes. Standard output is kept clean."""

    def __init__(self, blame: Callable[[BaseException], None]) -> None:
        self._blame = blame
        self._quiet = quiet_stdout()

    def __enter__(self) -> None:
        self._quiet.__enter__()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        self._quiet.__exit__(None, None, None)
        if error is None or isinstance(error, (KeyboardInterrupt, GeneratorExit)):
            return False
        self._blame(error)
        return True


def expect(value: object, kind: type[T]) -> None:
    """Raises BadResultError unless the value is of that kind."""
    if not isinstance(value, kind):
        message = f"gave {type(value).__name__}, not {kind.__name__}"
        raise BadResultError(message)


def expect_members(value: object, what: str, *names: str) -> None:
    """Raises BadResultError unless the value has these members, by which the engine knows pipelines and steps.

    Their classes belong to a layer above.
    """
    if isinstance(value, type) or not all(hasattr(value, name) for name in names):
        message = f"gave {type(value).__name__}, not {what}"
        raise BadResultError(message)


def mapping(value: object) -> Mapping[str, Any]:
    """The value, which must be a mapping. Raises BadResultError."""
    if not isinstance(value, Mapping):
        message = f"gave {type(value).__name__}, not a mapping of names"
        raise BadResultError(message)
    return value


def items(value: object) -> list[Any]:
    """The value's items; it must be a list, a generator or their like. Raises BadResultError."""
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        message = f"gave {type(value).__name__}, not a list"
        raise BadResultError(message)
    return list(value)


def texts(value: object) -> list[str]:
    """The value's items, which must be texts. Raises BadResultError."""
    found = items(value)
    for item in found:
        expect(item, str)
    return found


def name_of(value: Any) -> str:
    """The value's name. Raises BadResultError when it has none."""
    name = getattr(value, "name", None)
    if not isinstance(name, str):
        message = f"gave {type(value).__name__}, which has no name"
        raise BadResultError(message)
    return name
