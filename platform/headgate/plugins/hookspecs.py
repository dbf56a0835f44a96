"""The hooks: everything a plugin can add to Headgate. docs/plugins.md has an example of each.

A plugin implements any of them with `headgate.plugins.hookimpl` and takes only the arguments it needs. Hooks must be
quick, deterministic and free of I/O beyond the plugin's own files: `headgate --help` calls some of them. Every
call is guarded: a hook that raises costs a warning that names plugin, version and hook, and its contribution.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from headgate.plugins.contributions import ContainerRuntimeSpec, LazyCommand, RecorderSpec, TemplateSpec
from headgate.plugins.markers import hookspec
from headgate.spec.project import Project

if TYPE_CHECKING:
    from headgate.pipelines import Pipeline, Step


@hookspec
def headgate_settings_schema() -> Mapping[str, object] | Path:  # type: ignore[empty-body]
    """The JSON Schema (2020-12) of the plugin's section under `plugins:` in headgate.yaml, or the file that holds it.

    Its top is `type: object`. Unknown keys are errors unless it says `additionalProperties: true`. Defaults are filled
    in before anything sees the settings. The formats `project-file`, `project-folder` and `project-path` check that a
    path exists under the project.
    """


@hookspec
def headgate_container_runtimes(  # type: ignore[empty-body]
    project: Project, settings: Mapping[str, object]
) -> Iterable[ContainerRuntimeSpec]:
    """What stands in for container images on the local cloud, most specific image pattern first."""


@hookspec
def headgate_pipelines(project: Project, settings: Mapping[str, object]) -> Iterable[Pipeline]:  # type: ignore[empty-body]
    """Whole pipelines of the project."""


@hookspec
def headgate_pipeline_steps(  # type: ignore[empty-body]
    project: Project, settings: Mapping[str, object], pipeline: Pipeline
) -> Iterable[Step]:
    """More steps for a pipeline that any plugin offered. Called once per pipeline; compare `pipeline.name`."""


@hookspec
def headgate_commands() -> Mapping[str, LazyCommand]:  # type: ignore[empty-body]
    """Subcommands of `headgate` by name. Called by `headgate --help`, inside and outside projects."""


@hookspec
def headgate_templates() -> Iterable[TemplateSpec]:  # type: ignore[empty-body]
    """Copier templates that `headgate new --template NAME` offers."""


@hookspec
def headgate_recorders(project: Project, settings: Mapping[str, object]) -> Iterable[RecorderSpec]:  # type: ignore[empty-body]
    """Experiment trackers that are told of every execution when it has ended, outside its steps."""


@hookspec
def headgate_check_pipeline(  # type: ignore[empty-body]
    project: Project, settings: Mapping[str, object], definition: Mapping[str, object]
) -> Iterable[str]:
    """Policy: the reasons why a pipeline definition must not be compiled or run; nothing when it may.

    `definition` is SageMaker's pipeline definition JSON (2020-12-01). Fails closed: when it raises, nothing is compiled
    or run.
    """
