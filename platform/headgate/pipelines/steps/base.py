"""What all steps share: name, order, policies, and how they become JSON."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from headgate.pipelines.assets import Asset, SourceCode, archive_asset, folder_asset
from headgate.pipelines.policies import Cache, Retry
from headgate.pipelines.references import Json, Property, Renderable, Value, execution, join, render, text


@dataclass(slots=True)
class Build:
    """One compilation: where the pipeline's files go, and the assets that its steps turn out to need."""

    pipeline: str
    bucket: str
    prefix: str
    assets: dict[str, Asset] = field(default_factory=dict)

    @property
    def base(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}" if self.prefix else f"s3://{self.bucket}"

    def code_folder(self, code: SourceCode) -> str:
        """The S3 prefix that will hold the files."""
        return self._add(folder_asset(code, self.base))

    def code_archive(self, code: SourceCode) -> str:
        """The S3 URI that will hold the files as one archive."""
        return self._add(archive_asset(code, self.base))

    def destination(self, *parts: str) -> Value:
        """A place of each execution's own."""
        return join("/", [f"{self.base}/{self.pipeline}", execution("PipelineExecutionId"), *parts])

    def _add(self, asset: Asset) -> str:
        return self.assets.setdefault(asset.s3_uri, asset).s3_uri


@dataclass(frozen=True, eq=False)
class Step(ABC):
    """A node of the pipeline. `depends_on` orders steps that no reference orders already."""

    kind: ClassVar[str]

    name: str
    display_name: str | None = field(default=None, kw_only=True)
    description: str | None = field(default=None, kw_only=True)
    depends_on: Sequence[Step | str] = field(default=(), kw_only=True)

    @abstractmethod
    def request(self, build: Build) -> Mapping[str, Renderable]:
        """The request's members that the step makes."""

    def extras(self, build: Build) -> Mapping[str, Renderable]:  # noqa: ARG002
        """Members of the step itself, beside its arguments."""
        return {}

    def children(self) -> Iterator[Step]:
        """The steps inside of this one; only a Condition has any."""
        return iter(())

    def property(self, path: str) -> Property:
        """A member of the Describe response of what the step makes, such as `TrainingJobName`."""
        return Property(self.name, path)

    def compile(self, build: Build) -> dict[str, Json]:
        """The step's entry in the definition."""
        entry: dict[str, Renderable] = {"Name": self.name, "Type": self.kind, "Arguments": self.request(build)}
        if self.display_name is not None:
            entry["DisplayName"] = self.display_name
        if self.description is not None:
            entry["Description"] = self.description
        if self.depends_on:
            entry["DependsOn"] = [step if isinstance(step, str) else step.name for step in self.depends_on]
        return {key: render(value) for key, value in {**entry, **self.extras(build)}.items() if value is not None}


@dataclass(frozen=True, eq=False)
class CachedStep(Step, ABC):
    """A step whose result SageMaker can reuse."""

    cache: Cache | None = field(default=None, kw_only=True)

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        cache = {} if self.cache is None else {"CacheConfig": self.cache.as_json()}
        return {**super().extras(build), **cache}


@dataclass(frozen=True, eq=False)
class RetriedStep(Step, ABC):
    """A step that SageMaker can try again."""

    retry: Sequence[Retry] = field(default=(), kw_only=True)

    def extras(self, build: Build) -> Mapping[str, Renderable]:
        retry = {"RetryPolicies": [policy.as_json() for policy in self.retry]} if self.retry else {}
        return {**super().extras(build), **retry}


@dataclass(frozen=True, eq=False)
class JobStep(CachedStep, RetriedStep, ABC):
    """A step that runs a job: it can be cached and retried."""


def tag_list(tags: Mapping[str, Value]) -> Renderable:
    """A request's `Tags`, or None when there are none."""
    return [{"Key": key, "Value": text(value)} for key, value in tags.items()] or None
