"""The one way from the engine to plugins: a typed method per hook, each plugin called alone and guarded.

What goes wrong in a plugin becomes a warning that names plugin, version and hook, and its contribution is left out.
Policy is the exception: what `check_policies` guards does not go on when a policy says no or cannot be asked.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from headgate.errors import FailedError, UserError
from headgate.plugins.calls import HookCalls, expect, expect_members, items, mapping, name_of, texts
from headgate.plugins.contributions import (
    ContainerRuntimeSpec,
    LazyCommand,
    RecorderSpec,
    TemplateSpec,
    require_name,
)
from headgate.plugins.discovery import discover
from headgate.plugins.loading import Loaded, import_target, load_plugins, quiet_stdout
from headgate.plugins.mistakes import as_problem
from headgate.plugins.records import PluginRecord, PluginWarning, PolicyError, State, say
from headgate.spec.load import RawProject
from headgate.spec.problems import Problem, SpecError
from headgate.spec.project import Project
from headgate.spec.suggest import did_you_mean

if TYPE_CHECKING:
    from headgate.pipelines import Pipeline, Step
    from headgate.plugins.settings import Checked, SectionSchemas

T = TypeVar("T")
Contribution = TypeVar("Contribution", ContainerRuntimeSpec, RecorderSpec, TemplateSpec)


class Facade:
    """The plugins of one project, or of no project (`raw` is None). Make it with `Facade.load`."""

    def __init__(self, raw: RawProject | None, loaded: Loaded, disabled: frozenset[str]) -> None:
        self._raw = raw
        self._disabled = disabled
        self._calls = HookCalls(loaded)
        self.plugins: tuple[PluginRecord, ...] = loaded.records

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
        return self._calls.warnings

    @property
    def unknown_disabled(self) -> tuple[str, ...]:
        """Names that were disabled but belong to no plugin here: perhaps misspelled, each with its nearest match."""
        names = [record.name for record in self.plugins]
        return tuple(
            "; ".join(filter(None, [f"there is no plugin '{name}' to disable", did_you_mean(name, names)]))
            for name in sorted(self._disabled - set(names))
        )

    @functools.cached_property
    def project(self) -> Project:
        """The project, its plugins' sections checked and defaults filled in. Raises SpecError with all problems."""
        return self._checked.project

    @functools.cached_property
    def _checked(self) -> Checked:
        from headgate.plugins.settings import check_project

        if self._raw is None:
            raise UserError(
                "no project is open", expected="a folder with headgate.yaml", next_command="headgate new NAME"
            )
        checked = check_project(self._raw, self.settings_schemas(), self.plugins)
        for name, reason in checked.unusable.items():
            self._calls.set_aside(name, reason)
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
        return self._calls.loaded.get(name, named[0])

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
        """What is wrong in the file in each of its environments: an overlay is checked even when it is not chosen.

        Where the schemas find nothing, plugins are asked for what they offer, for they may know better.
        """
        from headgate.plugins.settings import check_project

        problems: list[Problem] = []
        if self._raw is None:
            return problems
        for raw in map(self._raw.in_environment, (None, *self.environments)):
            try:
                checked = check_project(raw, self.settings_schemas(), self.plugins)
            except SpecError as error:
                problems += error.problems
                continue
            for hook in ("headgate_pipelines", "headgate_container_runtimes", "headgate_recorders"):
                for _ in self._calls.each(hook, checked.project, skip=checked.unusable):
                    pass  # what a plugin gives is not wanted here, only what it says is wrong
            problems += [as_problem(mistake, raw) for mistake in self._calls.take_mistakes()]
        return problems

    def raise_mistakes(self) -> None:
        """Raises SpecError with what hooks said, since the last time, is wrong with the project."""
        mistakes = self._calls.take_mistakes()
        if mistakes and self._raw:
            raise SpecError([as_problem(mistake, self._raw) for mistake in mistakes])

    # --- hooks without a project

    def settings_schemas(self) -> Mapping[str, Mapping[str, Any]]:
        """JSON Schema of each loaded plugin's section, by plugin; an empty one for a plugin without settings.

        A plugin whose schema cannot be had is not among them.
        """
        return self._schemas.by_plugin

    @functools.cached_property
    def _schemas(self) -> SectionSchemas:
        from headgate.plugins.settings import SectionSchemas

        schemas = SectionSchemas()
        for record, result in self._calls.each("headgate_settings_schema"):
            with self._calls.guard(record, "headgate_settings_schema"):
                schemas.add(record, result)
        for name, record in self._calls.loaded.items():
            if "headgate_settings_schema" not in record.hooks:
                schemas.by_plugin[name] = {"type": "object"}
        return schemas

    def commands(self, reserved: Iterable[str] = ()) -> Mapping[str, LazyCommand]:
        """Subcommands by name. A name that is `reserved`, or that an earlier plugin has, is left out with a warning."""
        hook = "headgate_commands"
        commands: dict[str, LazyCommand] = {}
        taken = dict.fromkeys(reserved, "Headgate itself")
        for record, result in self._calls.each(hook):
            with self._calls.guard(record, hook):
                for name, command in mapping(result).items():
                    expect(command, LazyCommand)
                    require_name("command", name)
                    if self._calls.claim(record, hook, "command", name, taken):
                        commands[name] = replace(command, plugin=record.name)
        return commands

    def templates(self) -> tuple[TemplateSpec, ...]:
        """Templates that `headgate new` offers; the first plugin has a name."""
        return self._named("headgate_templates", "template", TemplateSpec)

    # --- hooks with a project

    def container_runtimes(self, project: Project) -> tuple[ContainerRuntimeSpec, ...]:
        """Container runtimes in the order in which images are matched; the project's own come first."""
        return self._named("headgate_container_runtimes", "container runtime", ContainerRuntimeSpec, project)

    def recorders(self, project: Project) -> tuple[RecorderSpec, ...]:
        """The experiment trackers that are told of every execution."""
        return self._named("headgate_recorders", "recorder", RecorderSpec, project)

    def pipelines(self, project: Project) -> tuple[Pipeline, ...]:
        """The pipelines that plugins offer, with the steps that plugins add to each."""
        hook = "headgate_pipelines"
        pipelines: list[Pipeline] = []
        taken: dict[str, str] = {}
        for record, result in self._with_project(hook, project):
            with self._calls.guard(record, hook):
                offered = items(result)
                for item in offered:
                    expect_members(item, "a Pipeline", "compile", "all_steps", "with_steps")
                    for step in item.all_steps():
                        expect_members(step, "a Step", "name", "compile", "children")
                pipelines += [
                    item for item in offered if self._calls.claim(record, hook, "pipeline", name_of(item), taken)
                ]
        return tuple(self.extended(project, pipeline, taken[pipeline.name]) for pipeline in pipelines)

    def extended(self, project: Project, pipeline: Pipeline, owner: str) -> Pipeline:
        """A pipeline of the plugin `owner` with the steps that plugins add to it.

        A step whose name is taken is left out with a warning.
        """
        hook = "headgate_pipeline_steps"
        taken = {step.name: owner for step in pipeline.all_steps()}
        added: list[Step] = []
        for record, result in self._with_project(hook, project, pipeline=pipeline):
            with self._calls.guard(record, hook):
                what = f"step of pipeline '{pipeline.name}'"
                offered = items(result)
                for step in offered:
                    expect_members(step, "a Step", "compile", "children")
                added += [step for step in offered if self._calls.claim(record, hook, what, name_of(step), taken)]
        return pipeline.with_steps(added) if added else pipeline

    def policy_reasons(self, project: Project, definition: Mapping[str, Any]) -> tuple[str, ...]:
        """The reasons that policies give against a pipeline definition, each with its plugin's name."""
        hook = "headgate_check_pipeline"
        reasons: list[str] = []
        for record, result in self._with_project(hook, project, definition=definition):
            with self._calls.guard(record, hook):
                reasons += [f"{record.candidate}: {reason}" for reason in texts(result)]
        return tuple(reasons)

    def check_policies(self, project: Project, definition: Mapping[str, Any]) -> None:
        """Ask every policy about a pipeline definition; to be called before it is compiled for use or run.

        Raises PolicyError when a policy gives a reason, raises, did not load, or is disabled: policies fail closed.
        """
        reasons = self.policy_reasons(project, definition)
        unasked = [
            f"{record.candidate} cannot be asked: {record.reason}"
            for record in self.plugins
            if record.policy and record.state is not State.LOADED
        ]
        for name, reason in self._calls.broken_policies.items():
            unasked.append(f"{self.find(name).candidate} cannot be asked: {reason}")
        if unasked:
            raise PolicyError(
                "a policy that guards this pipeline cannot be asked",
                expected="every policy plugin loaded, enabled and working",
                details=(*unasked, *reasons),
                next_command="headgate plugins list",
            )
        if reasons:
            raise PolicyError("policies refuse this pipeline", details=reasons)

    # --- calling

    def _with_project(self, hook: str, project: Project, **arguments: Any) -> Iterator[tuple[PluginRecord, Any]]:
        unusable = self._checked.unusable if self._raw else {}
        return self._calls.each(hook, project, skip=unusable, **arguments)

    def _named(
        self, hook: str, what: str, kind: type[Contribution], project: Project | None = None
    ) -> tuple[Contribution, ...]:
        """Contributions that have a name each; the first plugin that claims a name has it."""
        found: list[Contribution] = []
        taken: dict[str, str] = {}
        for record, result in self._with_project(hook, project) if project else self._calls.each(hook):
            with self._calls.guard(record, hook):
                for item in items(result):
                    expect(item, kind)
                    if self._calls.claim(record, hook, what, item.name, taken):
                        found.append(_owned(record, item))
        return tuple(found)


def _owned(record: PluginRecord, item: Contribution) -> Contribution:
    if isinstance(item, ContainerRuntimeSpec) and record.candidate.in_tree:
        folder = str(Path(record.candidate.target).parent)
        return replace(item, plugin=record.name, search_path=(*item.search_path, folder))
    return replace(item, plugin=record.name)
