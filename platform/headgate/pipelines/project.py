"""A project's pipelines: those of plugins, with what other plugins add, and those it brings as SDK code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from headgate.errors import HeadgateError, UserError
from headgate.pipelines.check import InvalidPipelineError, check
from headgate.pipelines.defaults import default_bucket
from headgate.pipelines.landing import land
from headgate.pipelines.pipeline import Compiled, Pipeline
from headgate.spec.suggest import one_of, suggest

if TYPE_CHECKING:
    from headgate.aws.landing import Landing
    from headgate.pipelines.sdk import SdkPipeline
    from headgate.plugins.session import OpenProject


def project_pipelines(opened: OpenProject) -> dict[str, Pipeline | SdkPipeline]:
    """Every pipeline of a project by name, in the order in which they were found. Runs no SDK code.

    What plugins got wrong, two steps of one name for instance, is a warning of `opened.plugins`. Raises UserError when
    headgate.yaml brings a pipeline whose name a plugin's has.
    """
    project = opened.project
    found: dict[str, Pipeline | SdkPipeline] = {
        pipeline.name: pipeline for pipeline in opened.plugins.pipelines(project)
    }
    if project.pipelines:
        from headgate.pipelines.sdk import SdkPipeline

        for name, entrypoint in project.pipelines.items():
            if name in found:
                raise UserError(
                    f"pipeline '{name}' comes both from a plugin and from headgate.yaml",
                    where=str(project.file),
                    expected="another name under `pipelines:`",
                    next_command="headgate plugins list",
                )
            found[name] = SdkPipeline(project, entrypoint)
    return found


def compile_pipeline(
    opened: OpenProject,
    name: str,
    *,
    bucket: str | None = None,
    landing: Landing | None = None,
    log: Callable[[str], None] | None = None,
) -> Compiled:
    """The definition, checked and allowed by every policy; its files are to be under the project's name in `bucket`.

    In a governed account the definition lands: network, keys and registry are filled in (`headgate.pipelines.landing`).
    `log` is told what the making of an environment for SDK code does. Raises UserError when there is no such pipeline,
    InvalidPipelineError when the definition cannot run, PolicyError when a policy refuses it.
    """
    pipelines = project_pipelines(opened)
    pipeline = pipelines.get(name)
    if pipeline is None:
        opened.plugins.raise_mistakes()
        raise _unchosen(opened, name, list(pipelines), "compile")
    destination = bucket or default_bucket(opened.project)
    prefix = f"{landing.prefix}/{opened.project.name}" if landing else opened.project.name
    if isinstance(pipeline, Pipeline):
        try:
            compiled = pipeline.compile(artifact_bucket=destination, prefix=prefix)
        except HeadgateError:
            raise
        except Exception as error:
            error.add_note(f"raised while pipeline '{name}' was compiled, by what a plugin put into it")
            raise
    else:
        compiled = pipeline.compile(artifact_bucket=destination, prefix=prefix, log=log)
    if landing is not None:
        compiled = replace(compiled, definition=land(compiled.definition, landing))
    problems = check(compiled.definition)
    if problems:
        raise InvalidPipelineError(name, problems, where=_source(opened, name))
    opened.plugins.check_policies(opened.project, compiled.definition)
    return compiled


def choose_pipeline(opened: OpenProject, asked: str | None, *, command: str) -> str:
    """The pipeline that was asked for, or the only one. Raises UserError with what there is; `command` takes its name.

    What plugins say is wrong with the project comes before what they do not offer because of it.
    """
    names = list(project_pipelines(opened))
    if asked in names:
        return str(asked)
    if asked is None and len(names) == 1:
        return names[0]
    opened.plugins.raise_mistakes()
    raise _unchosen(opened, asked, names, command)


def _unchosen(opened: OpenProject, asked: str | None, names: Sequence[str], command: str) -> UserError:
    """The error for a name that no pipeline has, or for none where there are several; with what plugins failed at."""
    if asked is not None:
        found = f"no pipeline '{asked}'"
    else:
        found = f"{len(names)} pipelines: say which one to {command}" if names else "no pipeline"
    nearest = suggest(asked or "", names) or next(iter(names), None)
    return UserError(
        f"project '{opened.project.name}' has {found}",
        where=str(opened.project.file),
        expected=one_of(asked or "", names, otherwise="a plugin or a `pipelines:` entry that brings one"),
        details=tuple(map(str, opened.warnings)),
        next_command=f"headgate {command} {nearest}" if nearest else "headgate plugins list",
    )


def _source(opened: OpenProject, name: str) -> str:
    entrypoint = opened.project.pipelines.get(name)
    return str(entrypoint.file if entrypoint else opened.project.file)
