"""Headgate's own plugins keep what it asks of every plugin."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from headgate.testing.conformance import CHECKS, Check


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_training_keeps_what_plugins_must(check: Check, root: Path) -> None:
    section = {"data": "data/rows.csv", "target": "price"}
    (root / "headgate.yaml").write_text(yaml.safe_dump({"name": "house", "plugins": {"training": section}}))
    check("training", project=root)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_runtimes_keeps_what_plugins_must(check: Check) -> None:
    check("runtimes", settings={})
