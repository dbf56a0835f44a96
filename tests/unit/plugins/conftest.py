"""Plugins made on the spot: a distribution on the import path, a project beside it, and the facade over both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from headgate.plugins.facade import Facade
from headgate.plugins.session import OpenProject, open_project
from headgate.testing.project import ProjectMaker

HEADER = """\
from pathlib import Path
from types import SimpleNamespace
from headgate.plugins import *

"""
OURS = ("runtimes", "training", "tracking")
Install = Callable[..., Path]
Open = Callable[..., OpenProject]


@pytest.fixture
def install(headgate_project: ProjectMaker) -> Install:
    """Install one plugin: its name, its source, and whether it is a policy."""

    def installing(name: str, source: str, *, version: str = "1.2.3", policy: bool = False, dist: str = "") -> Path:
        dist = dist or f"dist-{name}"
        module = f"{dist}_{name}_module".replace("-", "_")
        points = {name: module}
        return headgate_project.distribution(
            dist, {f"{module}.py": HEADER + source}, version=version, plugins=points, policies=points if policy else {}
        )

    return installing


@pytest.fixture
def open_(headgate_project: ProjectMaker) -> Open:
    """Open a project of these settings with no plugins but the test's own."""

    def opening(
        settings: Mapping[str, Any] | None = None, files: Mapping[str, str] | None = None, **options: Any
    ) -> OpenProject:
        project = headgate_project({"headgate.yaml": {"name": "wine", **(settings or {})}, **(files or {})})
        disabled = {*OURS, *options.pop("disabled", ())}
        return open_project(project.root, disabled=disabled, environ=options.pop("environ", {}), **options)

    return opening


@pytest.fixture
def facade(open_: Open) -> Callable[..., Facade]:
    return lambda *arguments, **options: open_(*arguments, **options).plugins
