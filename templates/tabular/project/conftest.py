"""What the tests of all steps share."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any, Callable

import pytest

ROOT = Path(__file__).parent


@pytest.fixture
def step() -> Callable[[str], dict[str, Any]]:
    """The names that a step's `__main__.py` defines, without running it: `step("preprocessing/preprocess")["main"]`."""

    def load(path: str) -> dict[str, Any]:
        return runpy.run_path(str(ROOT / "algorithms" / path / "__main__.py"), run_name=Path(path).name)

    return load


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Write a text file under the test's folder, and its parents."""

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return make
