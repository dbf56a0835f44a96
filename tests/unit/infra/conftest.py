"""The templates, synthesized once for the same content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from headgate.infra.contents import DataSet, Inputs
from headgate.infra.synth import Assembly, synthesize_inputs

INPUTS = Inputs(
    (
        DataSet("customers", "customers without their names and addresses", "customers/"),
        DataSet("sales", "orders and returns, one row an order", "sales/"),
    )
)


@pytest.fixture(scope="session")
def inputs() -> Inputs:
    return INPUTS


@pytest.fixture(scope="session")
def assembly(template_cache: Path) -> Assembly:
    return synthesize_inputs(INPUTS, cache=template_cache)


@pytest.fixture(scope="session")
def templates(assembly: Assembly) -> Mapping[str, Mapping[str, Any]]:
    return {kind: json.loads(template.body) for kind, template in assembly.templates.items()}
