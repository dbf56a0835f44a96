"""Shared by all tests: nothing of this machine's AWS settings or caches may reach a test, nor its speed or its dice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from headgate.environments import default_cache

settings.register_profile("headgate", derandomize=True, deadline=None, database=None)
settings.load_profile("headgate")


@pytest.fixture(scope="session")
def template_cache() -> Path:
    """Where commands keep the templates that they synthesize, by content: what one test made, no other makes again."""
    return default_cache() / "templates"


@pytest.fixture(autouse=True)
def _no_ambient_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "HEADGATE_", "MLFLOW_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
