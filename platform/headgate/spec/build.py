"""From a checked document to a `Project`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.spec.document import plain
from headgate.spec.load import RawProject
from headgate.spec.project import ImageRecipe, LandingPlace, PipelineEntrypoint, Project
from headgate.spec.schema import base_schema, fill_defaults


def build_project(raw: RawProject, settings: Mapping[str, Mapping[str, object]], disabled: frozenset[str]) -> Project:
    """The project of a document that `check` found sound; `settings` are the plugins' sections, filled in."""
    value = fill_defaults(plain(raw.node), base_schema())
    root = raw.root
    return Project(
        name=value["name"],
        root=root,
        file=raw.file,
        description=value["description"],
        team=value["team"],
        region=value["region"],
        account=value["account"],
        role_arn=value["role"],
        bucket=value["bucket"],
        environment=raw.environment,
        landing=LandingPlace(**value["landing"]) if value["landing"] else None,
        plugin_settings=dict(settings),
        declared_plugins=frozenset(value["plugins"]),
        disabled_plugins=frozenset(disabled),
        images={
            name: ImageRecipe(
                name=name,
                requirements=_path(raw, image, "requirements"),
                packages=tuple(image["packages"]),
                python=image.get("python"),
            )
            for name, image in value["images"].items()
        },
        pipelines={
            name: PipelineEntrypoint(
                name=name,
                file=root / pipeline["file"],
                function=pipeline["function"],
                arguments=pipeline["arguments"],
                requirements=_path(raw, pipeline, "requirements"),
            )
            for name, pipeline in value["pipelines"].items()
        },
    )


def _path(raw: RawProject, section: Mapping[str, Any], name: str) -> Path | None:
    return raw.root / section[name] if section.get(name) else None
