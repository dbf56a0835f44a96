"""A pipeline, and what compiling it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from headgate.errors import UserError
from headgate.pipelines.assets import Asset
from headgate.pipelines.parameters import Parameter, used_parameters
from headgate.pipelines.references import Json
from headgate.pipelines.steps import Build, Step
from headgate.spec.suggest import one_of

VERSION = "2020-12-01"
EXPERIMENT: dict[str, Json] = {
    "ExperimentName": {"Get": "Execution.PipelineName"},
    "TrialName": {"Get": "Execution.PipelineExecutionId"},
}


@dataclass(frozen=True)
class Compiled:
    """A definition ready to be deployed, and the files that must be in S3 before it runs."""

    name: str
    definition: Mapping[str, Any]
    assets: tuple[Asset, ...] = ()
    description: str | None = None
    max_parallel: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def text(self) -> str:
        """The definition as JSON; the same for the same inputs, byte by byte."""
        return json.dumps(self.definition, indent=2, ensure_ascii=False) + "\n"

    @property
    def parallelism(self) -> dict[str, int] | None:
        """The `ParallelismConfiguration` of CreatePipeline and UpdatePipeline, or None for the service's own limit."""
        return None if self.max_parallel is None else {"MaxParallelExecutionSteps": self.max_parallel}

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters that an execution may be started with: name, type, default, choices."""
        return tuple(
            Parameter(each["Name"], each["Type"], each.get("DefaultValue"), tuple(each.get("EnumValues") or ()))
            for each in self.definition.get("Parameters", ())
        )


@dataclass(frozen=True)
class Pipeline:
    """Steps and parameters under a name. Steps run in the order that references and `depends_on` ask for.

    `max_parallel` bounds how many steps run at once (ParallelismConfiguration of CreatePipeline).
    """

    name: str
    steps: Sequence[Step]
    parameters: Sequence[Parameter] = ()
    max_parallel: int | None = None
    description: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def all_steps(self) -> Iterator[Step]:
        """Every step, those in the branches of conditions too."""
        for step in self.steps:
            yield step
            yield from step.children()

    def step(self, name: str) -> Step:
        """The step of that name, to refer to what it makes. Raises UserError when there is none."""
        named = {step.name: step for step in self.all_steps()}
        if name not in named:
            raise UserError(f"pipeline '{self.name}' has no step '{name}'", expected=one_of(name, named))
        return named[name]

    def with_steps(self, steps: Sequence[Step]) -> Pipeline:
        """The same pipeline with more steps at its end, and the parameters that they use and it does not have."""
        own = [parameter.name for parameter in self.parameters]
        added = {each.name: each for each in used_parameters(steps) if each.name not in own}
        return replace(self, steps=(*self.steps, *steps), parameters=(*self.parameters, *added.values()))

    def compile(self, *, artifact_bucket: str, prefix: str = "") -> Compiled:
        """The definition, with code and outputs under `s3://<artifact_bucket>/<prefix>/`.

        Pure but for reading the code's files; makes no AWS call. Use `check` on the result.
        """
        build = Build(self.name, artifact_bucket, prefix.strip("/"))
        definition: dict[str, Json] = {
            "Version": VERSION,
            "Metadata": {},
            "Parameters": [parameter.as_json() for parameter in self.parameters],
            "PipelineExperimentConfig": EXPERIMENT,
            "Steps": [step.compile(build) for step in self.steps],
        }
        assets = tuple(build.assets[uri] for uri in sorted(build.assets))
        return Compiled(self.name, definition, assets, self.description, self.max_parallel, dict(self.tags))
