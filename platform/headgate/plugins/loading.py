"""Importing plugins, one by one and guarded: whatever one of them does, the others and the tool go on."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pluggy

from headgate.plugins import hookspecs
from headgate.plugins.discovery import Candidate
from headgate.plugins.markers import API_VERSION, PROJECT_NAME
from headgate.plugins.records import PluginRecord, PluginWarning, State, say
from headgate.spec.suggest import did_you_mean


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of loading: pluggy's manager with the sound plugins in it, a record for each, and warnings."""

    manager: pluggy.PluginManager
    records: tuple[PluginRecord, ...]
    warnings: tuple[PluginWarning, ...]


class PluginDefectError(Exception):
    """A plugin that was imported but is not well formed."""

    def __init__(self, message: str, hook: str | None = None) -> None:
        super().__init__(message)
        self.hook = hook


def load_plugins(candidates: Iterable[Candidate], disabled: frozenset[str], skip: str = "") -> Loaded:
    """Import what is neither disabled nor refused. With `skip`, a reason, nothing is imported at all.

    The order of `candidates` is the order in which hooks are called.
    """
    candidates = tuple(candidates)
    manager = new_manager()
    records: list[PluginRecord] = []
    warnings: list[PluginWarning] = []
    for candidate in reversed(candidates):  # pluggy calls last what was registered first
        record, warning = _load(manager, candidate, disabled, skip)
        records.insert(0, record)
        if warning:
            warnings.insert(0, warning)
    return Loaded(manager, tuple(records), tuple(warnings))


def new_manager() -> pluggy.PluginManager:
    """A pluggy manager that knows our hooks."""
    manager = pluggy.PluginManager(PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    return manager


def hook_arguments() -> dict[str, tuple[str, ...]]:
    """Every hook and the arguments it has."""
    return {
        name: tuple(inspect.signature(spec).parameters)
        for name, spec in vars(hookspecs).items()
        if name.startswith("headgate_")
    }


def _load(
    manager: pluggy.PluginManager, candidate: Candidate, disabled: frozenset[str], skip: str
) -> tuple[PluginRecord, PluginWarning | None]:
    if candidate.name in disabled:
        return PluginRecord(candidate, State.DISABLED, reason="disabled by name"), None
    if skip:
        return PluginRecord(candidate, State.SKIPPED, reason=skip), None
    if candidate.refused:
        warning = PluginWarning.about(candidate, f"is not loaded: {candidate.refused}")
        return PluginRecord(candidate, State.FAILED, reason=candidate.refused), warning
    try:
        with quiet_stdout():
            module = _import(candidate)
        hooks = check_hooks(module)
        _register(manager, candidate, module)
    except PluginDefectError as defect:
        reason = f"{defect.hook} {defect}" if defect.hook else str(defect)
        warning = PluginWarning.about(candidate, f"{defect}; it is not loaded", defect.hook)
        return PluginRecord(candidate, State.FAILED, reason=reason, error=defect), warning
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit and its like must not end the tool either
        reason = f"failed to load: {say(error)}"
        warning = PluginWarning.about(candidate, f"{reason}; it is not loaded")
        return PluginRecord(candidate, State.FAILED, reason=reason, error=error), warning
    return PluginRecord(candidate, State.LOADED, hooks, module=module), None


def _register(manager: pluggy.PluginManager, candidate: Candidate, module: ModuleType) -> None:
    """Register with pluggy, whose own checks have the last word; a plugin that fails them is taken out again."""
    try:
        manager.register(module, candidate.name)
        manager.check_pending()
    except BaseException:
        if manager.has_plugin(candidate.name):
            manager.unregister(name=candidate.name)
        raise


def _import(candidate: Candidate) -> ModuleType:
    module = _import_file(candidate.target) if candidate.in_tree else importlib.import_module(candidate.target)
    version = getattr(module, "HEADGATE_API", API_VERSION)
    if version != API_VERSION:
        newer = isinstance(version, int) and version > API_VERSION
        message = f"is written for plugin API {version}, and this Headgate has {API_VERSION}: upgrade "
        raise PluginDefectError(message + ("Headgate" if newer else "the plugin"), "HEADGATE_API")
    return module


def _import_file(path: str) -> ModuleType:
    """The project's own plugin. Its module's name is unique per file: two projects in one process stay apart."""
    import hashlib
    import importlib.util

    name = f"headgate_plugin_{hashlib.sha256(path.encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        message = f"{path} is not a Python file"
        raise ImportError(message)
    folder = path.rpartition("/")[0]
    if folder not in sys.path:
        sys.path.append(folder)  # last, so that a project cannot shadow what is installed
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def check_hooks(module: ModuleType) -> tuple[str, ...]:
    """The hooks that a module implements.

    Raises PluginDefectError when one is misspelled, unmarked, or asks for an argument that is not there.
    """
    known = hook_arguments()
    hooks = []
    for name, function in vars(module).items():
        if not inspect.isroutine(function):
            continue
        options: dict[str, Any] | None = getattr(function, f"{PROJECT_NAME}_impl", None)
        if options is None:
            if name.startswith("headgate_") and function.__module__ == module.__name__:
                raise PluginDefectError("has no @hookimpl, so it would never be called", name)
            continue
        hook = options.get("specname") or name
        if hook not in known:
            if options.get("optionalhook"):
                continue
            hint = did_you_mean(hook, known) or f"the hooks are {', '.join(known)}"
            raise PluginDefectError(f"is not a hook of Headgate; {hint}", hook)
        _check_signature(function, hook, known[hook], options)
        hooks.append(hook)
    return tuple(hooks)


def _check_signature(function: Callable[..., Any], hook: str, has: tuple[str, ...], options: dict[str, Any]) -> None:
    if options.get("wrapper") or options.get("hookwrapper"):
        raise PluginDefectError("is a wrapper; Headgate calls each plugin alone, so there is nothing to wrap", hook)
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY}:
            raise PluginDefectError(
                f"takes '{parameter}'; hooks take plain arguments: {', '.join(has) or 'none'}", hook
            )
        if name not in has and parameter.default is parameter.empty:
            hint = did_you_mean(name, has)
            message = f"asks for argument '{name}', which the hook does not have; it has: {', '.join(has) or 'none'}"
            raise PluginDefectError(f"{message}; {hint}" if hint else message, hook)


def import_target(target: str, in_tree: ModuleType | None = None) -> object:
    """What `module:attribute` names. `headgate_plugin:x` of an in-tree plugin is found in its loaded module."""
    name, colon, attribute = target.partition(":")
    if not (name and colon and attribute):
        message = f"'{target}' is not of the form module:attribute"
        raise ValueError(message)
    module = in_tree if in_tree and name == "headgate_plugin" else importlib.import_module(name)
    value: object = module
    for part in attribute.split("."):
        value = getattr(value, part)
    return value


@contextlib.contextmanager
def quiet_stdout() -> Iterator[None]:
    """What a plugin prints goes to standard error: standard output is the command's answer, perhaps JSON."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
