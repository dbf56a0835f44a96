"""The one way from the engine to plugins: a typed method per hook, each plugin called alone and guarded.

What goes wrong in a plugin becomes a warning that names plugin, version and hook, and its contribution is left out.
Policy is the exception: what `check_policies` guards does not go on when a policy says no or cannot be asked.
"""

from __future__ import annotations

import copy
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from headgate.errors import FailedError, HeadgateError, UserError
from headgate.plugins.contributions import ContainerRuntimeSpec, LazyCommand, TemplateSpec
from headgate.plugins.discovery import discover
from headgate.plugins.loading import Loaded, import_target, load_plugins, quiet_stdout
from headgate.plugins.records import PluginRecord, PluginWarning, PolicyError, State, say
from headgate.plugins.settings import Checked, SectionSchemas, check_project, find_problems
from headgate.spec.load import RawProject
from headgate.spec.problems import Problem
from headgate.spec.project import Project
from headgate.spec.suggest import did_you_mean

if TYPE_CHECKING:
    from headgate.pipelines import Pipeline, Step

T = TypeVar("T")
Contribution = TypeVar("Contribution", ContainerRuntimeSpec, TemplateSpec)


class Facade:
    """The plugins of one project, or of no project (`raw` is None). Make it with `Facade.load`."""

    def __init__(self, raw: RawProject | None, loaded: Loaded, disabled: frozenset[str]) -> None:
        self._raw = raw
        self._manager = loaded.manager
        self._disabled = disabled
        self._warnings: dict[PluginWarning, None] = dict.fromkeys(loaded.warnings)
        self._broken_policies: dict[str, str] = {}
        self.plugins: tuple[PluginRecord, ...] = loaded.records
        self._by_name = {record.name: record for record in reversed(self.plugins) if record.state is State.LOADED}

    @classmethod
    def load(
        cls,
        raw: RawProject | None,
        *,
        disabled: Iterable[str] = (),
        environ: Mapping[str, str] | None = None,
        skip: str = "",
    ) -> Facade:
        """Find and import the plugins. Never raises because of a plugin.

        Disabled, before anything is imported, are the names in `disabled`, in headgate.yaml's `disable:` and in
        HEADGATE_DISABLE_PLUGINS (`a,b`). With `skip`, a reason, plugins are only listed.
        """
        variables = os.environ if environ is None else environ
        named = {name.strip() for name in variables.get("HEADGATE_DISABLE_PLUGINS", "").split(",") if name.strip()}
        off = frozenset(disabled) | named | (raw.disabled if raw else frozenset())
        return cls(raw, load_plugins(discover(raw.root if raw else None), off, skip), off)

    @property
    def warnings(self) -> tuple[PluginWarning, ...]:
        """What went wrong in plugins so far; it grows as hooks are called."""
        return tuple(self._warnings)

    @property
    def unknown_disabled(self) -> tuple[str, ...]:
        """Names that were disabled but belong to no plugin here: perhaps misspelled, each with its nearest match."""
        names = [record.name for record in self.plugins]
        return tuple(
            f"there is no plugin '{name}' to disable {did_you_mean(name, names)}".rstrip()
            for name in sorted(self._disabled - set(names))
        )

    @functools.cached_property
    def project(self) -> Project:
        """The project, its plugins' sections checked and defaults filled in. Raises SpecError with all problems."""
        return self._checked.project

    @functools.cached_property
    def _checked(self) -> Checked:
        if self._raw is None:
            raise UserError(
                "no project is open", expected="a folder with headgate.yaml", next_command="headgate new NAME"
            )
        checked = check_project(self._raw, self.settings_schemas(), self.plugins)
        for name, reason in checked.unusable.items():
            record = self._by_name[name]
            if record.policy:
                self._broken_policies.setdefault(name, reason)
            if record.policy or reason.startswith("its"):
                self._warnings[PluginWarning.about(record.candidate, f"is not used: {reason}")] = None
        return checked

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that headgate.yaml has overlays for."""
        return self._raw.environments if self._raw else ()

    def find(self, name: str) -> PluginRecord:
        """A plugin by name, the loaded one if there are several. Raises UserError with the nearest match."""
        named = [record for record in self.plugins if record.name == name]
        if not named:
            names = [record.name for record in self.plugins]
            raise UserError(
                f"there is no plugin '{name}'",
                expected="; ".join(filter(None, [", ".join(names) or "none is installed", did_you_mean(name, names)])),
                next_command="headgate plugins list",
            )
        return self._by_name.get(name, named[0])

    def load_target(self, plugin: str, target: str) -> object:
        """Import `module:attribute` of a plugin. Raises FailedError that names the plugin."""
        record = self.find(plugin)
        try:
            with quiet_stdout():
                return import_target(target, record.module if record.candidate.in_tree else None)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            raise FailedError(
                f"{record.candidate} offers {target}, which failed to load: {say(error)}",
                next_command=f"headgate plugins check {plugin}",
            ) from error

    def problems_in_environments(self) -> list[Problem]:
        """What is wrong in the file in each of its environments: an overlay is checked even when it is not chosen."""
        raw = self._raw
        if raw is None:
            return []
        return [
            problem
            for environment in (None, *raw.environments)
            for problem in find_problems(raw.in_environment(environment), self.settings_schemas(), self.plugins)[0]
        ]

    # --- hooks without a project

    def settings_schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """JSON Schema of each loaded plugin's section, by plugin; an empty one for a plugin without settings."""
        return self._schemas.by_plugin

    @functools.cached_property
    def _schemas(self) -> SectionSchemas:
        schemas = SectionSchemas()
        for record, result in self._call("headgate_settings_schema"):
            with self._guard(record, "headgate_settings_schema"):
                schemas.add(record.name, result)
        for name in self._by_name:
            schemas.by_plugin.setdefault(name, {"type": "object"})
        return schemas

    def commands(self, reserved: Iterable[str] = ()) -> Mapping[str, LazyCommand]:
        """Subcommands by name. A name that is `reserved`, or that an earlier plugin has, is left out with a warning."""
        hook = "headgate_commands"
        commands: dict[str, LazyCommand] = {}
        taken = dict.fromkeys(reserved, "Headgate itself")
        for record, result in self._call(hook):
            with self._guard(record, hook):
                for name, command in _mapping(result).items():
                    _expect(command, LazyCommand)
                    if self._free(record, hook, "command", name, taken):
                        commands[name] = replace(command, plugin=record.name)
        return commands

    def templates(self) -> tuple[TemplateSpec, ...]:
        """Templates that `headgate new` offers; the first plugin has a name."""
        return self._named("headgate_templates", "template", TemplateSpec, {})

    # --- hooks with a project

    def container_runtimes(self, project: Project) -> tuple[ContainerRuntimeSpec, ...]:
        """Container runtimes in the order in which images are matched; the project's own come first."""
        return self._named(
            "headgate_container_runtimes", "container runtime", ContainerRuntimeSpec, {"project": project}
        )

    def pipelines(self, project: Project) -> tuple[Pipeline, ...]:
        """The pipelines that plugins offer, with the steps that plugins add to each."""
        hook = "headgate_pipelines"
        pipelines: list[Pipeline] = []
        taken: dict[str, str] = {}
        for record, result in self._call(hook, project=project):
            with self._guard(record, hook):
                offered = _items(result)
                pipelines += [item for item in offered if self._free(record, hook, "pipeline", _name_of(item), taken)]
        return tuple(self._extended(project, pipeline, taken[pipeline.name]) for pipeline in pipelines)

    def pipeline(self, project: Project, name: str) -> Pipeline:
        """One pipeline by name. Raises UserError that tells the names there are, and which plugins failed."""
        pipelines = {pipeline.name: pipeline for pipeline in self.pipelines(project)}
        if name not in pipelines:
            failed = tuple(str(warning) for warning in self.warnings if warning.hook in {None, "headgate_pipelines"})
            expected = "; ".join(filter(None, [", ".join(pipelines) or "none", did_you_mean(name, pipelines)]))
            raise UserError(
                f"no pipeline '{name}'", expected=expected, details=failed, next_command="headgate plugins list"
            )
        return pipelines[name]

    def _extended(self, project: Project, pipeline: Pipeline, owner: str) -> Pipeline:
        """A pipeline with other plugins' steps. A step whose name is taken is left out with a warning."""
        hook = "headgate_pipeline_steps"
        taken = {step.name: owner for step in pipeline.all_steps()}
        added: list[Step] = []
        for record, result in self._call(hook, project=project, pipeline=pipeline):
            with self._guard(record, hook):
                what = f"step of pipeline '{pipeline.name}'"
                added += [step for step in _items(result) if self._free(record, hook, what, _name_of(step), taken)]
        return pipeline.with_steps(added) if added else pipeline

    def check_policies(self, project: Project, definition: Mapping[str, Any]) -> None:
        """Ask every policy about a pipeline definition; to be called before it is compiled for use or run.

        Raises PolicyError when a policy gives a reason, raises, did not load, or is disabled: policies fail closed.
        """
        hook = "headgate_check_pipeline"
        reasons: list[str] = []
        for record, result in self._call(hook, project=project, definition=definition):
            with self._guard(record, hook):
                reasons += [f"{record.candidate}: {reason}" for reason in _reasons(result)]
        unasked = [
            f"{record.candidate} could not be asked: {record.reason}"
            for record in self.plugins
            if record.policy and record.state is not State.LOADED
        ]
        unasked += [
            f"{self._by_name[name].candidate} could not be asked: {why}" for name, why in self._broken_policies.items()
        ]
        if unasked or reasons:
            refused = (
                "policies refuse this pipeline" if reasons else "a policy that guards this pipeline cannot be asked"
            )
            raise PolicyError(
                refused,
                expected="every policy plugin loaded, enabled and content" if unasked else None,
                details=tuple(unasked + reasons),
                next_command="headgate plugins list" if unasked else "headgate compile",
            )

    # --- calling

    def _call(self, hook: str, **arguments: Any) -> Iterator[tuple[PluginRecord, Any]]:
        """Each plugin's result of a hook, iterables drained; plugins that raise are left out with a warning."""
        project = arguments.get("project")
        for implementation in reversed(getattr(self._manager.hook, hook).get_hookimpls()):
            record = self._by_name[implementation.plugin_name]
            if project is not None:
                if self._raw is not None and record.name in self._checked.unusable:
                    continue
                section = project.plugin_settings.get(record.name, {})
                arguments["settings"] = copy.deepcopy(dict(section))  # a plugin that changes its copy changes nothing
            results: list[Any] = []
            with self._guard(record, hook):
                result = implementation.function(*(arguments[name] for name in implementation.argnames))
                results.append(result if result is None or isinstance(result, (Mapping, Path)) else _items(result))
            for result in results:
                if result is not None:
                    yield record, result

    def _guard(self, record: PluginRecord, hook: str) -> _Guard:
        return _Guard(functools.partial(self._blame, record, hook))

    def _blame(self, record: PluginRecord, hook: str, error: BaseException) -> None:
        said = error.message if isinstance(error, HeadgateError) else say(error)
        self._warnings[PluginWarning.about(record.candidate, f"failed: {said}", hook)] = None
        if record.policy:
            self._broken_policies.setdefault(record.name, f"its {hook} failed: {said}")

    def _free(self, record: PluginRecord, hook: str, what: str, name: str, taken: dict[str, str]) -> bool:
        """Whether a name is free; it is taken from now on."""
        if name in taken:
            owner = taken[name] if taken[name] not in self._by_name else f"plugin '{taken[name]}'"
            message = f"offers a {what} '{name}', but {owner} already has that name; it is left out"
            self._warnings[PluginWarning.about(record.candidate, message, hook)] = None
            return False
        taken[name] = record.name
        return True

    def _named(
        self, hook: str, what: str, kind: type[Contribution], arguments: dict[str, Any]
    ) -> tuple[Contribution, ...]:
        found: list[Contribution] = []
        taken: dict[str, str] = {}
        for record, result in self._call(hook, **arguments):
            with self._guard(record, hook):
                for item in _items(result):
                    _expect(item, kind)
                    if self._free(record, hook, what, item.name, taken):
                        found.append(self._owned(record, item))
        return tuple(found)

    def _owned(self, record: PluginRecord, item: Contribution) -> Contribution:
        if isinstance(item, ContainerRuntimeSpec) and record.candidate.in_tree:
            folder = str(Path(record.candidate.target).parent)
            return replace(item, plugin=record.name, search_path=(*item.search_path, folder))
        return replace(item, plugin=record.name)


class _Guard:
    """Hands whatever is raised inside to `blame` and goes on; only Ctrl-C passes."""

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


def _expect(value: object, kind: type[T]) -> None:
    if not isinstance(value, kind):
        message = f"gave {type(value).__name__}, not {kind.__name__}"
        raise TypeError(message)


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        message = f"gave {type(value).__name__}, not a mapping of names"
        raise TypeError(message)
    return value


def _items(value: object) -> list[Any]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        message = f"gave {type(value).__name__}, not a list"
        raise TypeError(message)
    return list(value)


def _reasons(value: object) -> list[str]:
    reasons = _items(value)
    for reason in reasons:
        _expect(reason, str)
    return reasons


def _name_of(value: Any) -> str:
    name = getattr(value, "name", None)
    if not isinstance(name, str):
        message = f"gave {type(value).__name__}, which has no name"
        raise TypeError(message)
    return name
