"""What a project's headgate.yaml says, as frozen values. Every reader of a project gets these, never dicts of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DEFAULT_ACCOUNT = "123456789012"
DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class ImageRecipe:
    """A container image of the project's own: what to install for code that runs in it.

    `requirements` is an absolute path. `python` is a version such as `3.11`; None is the one that runs Headgate.
    """

    name: str
    requirements: Path | None = None
    packages: tuple[str, ...] = ()
    python: str | None = None

    def uri(self, account: str, region: str) -> str:
        """The image's URI in Amazon ECR, as pipelines name it."""
        return f"{account}.dkr.ecr.{region}.amazonaws.com/{self.name}:latest"


@dataclass(frozen=True, slots=True)
class PipelineEntrypoint:
    """A pipeline that the project brings as SageMaker SDK code: `function(**arguments)` in `file` returns it."""

    name: str
    file: Path
    function: str = "get_pipeline"
    arguments: Mapping[str, object] = field(default_factory=dict)
    requirements: Path | None = None


@dataclass(frozen=True, slots=True)
class LandingPlace:
    """The environment of a vended account that a project runs in, by the accounts that lead there.

    `identity` is where the local cloud signs CI in; on AWS the credentials are CI's already.
    """

    environment: str
    tooling: str
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """A valid project: environment overlay and overrides applied, defaults filled in, paths absolute.

    `plugin_settings` has a section for every plugin that loaded, whether or not the file has one;
    `declared_plugins` are the plugins whose section is written in the file.
    """

    name: str
    root: Path
    file: Path
    description: str = ""
    team: str | None = None
    region: str = DEFAULT_REGION
    account: str = DEFAULT_ACCOUNT
    role_arn: str | None = None
    bucket: str | None = None
    environment: str | None = None
    landing: LandingPlace | None = None
    plugin_settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    declared_plugins: frozenset[str] = frozenset()
    disabled_plugins: frozenset[str] = frozenset()
    images: Mapping[str, ImageRecipe] = field(default_factory=dict)
    pipelines: Mapping[str, PipelineEntrypoint] = field(default_factory=dict)
