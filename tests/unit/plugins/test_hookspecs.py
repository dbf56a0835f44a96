"""A hook that nobody documented or tested does not exist."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from headgate.plugins import hookspecs
from headgate.plugins.loading import hook_arguments

ROOT = Path(__file__).parents[3]
HOOKS = sorted(hook_arguments())


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_a_docstring_and_typed_arguments(hook: str) -> None:
    spec = getattr(hookspecs, hook)
    assert inspect.getdoc(spec)
    signature = inspect.signature(spec)
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(parameter.annotation is not parameter.empty for parameter in signature.parameters.values())


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_has_an_entry_in_the_docs_with_its_arguments(hook: str) -> None:
    text = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    arguments = ", ".join(hook_arguments()[hook])
    assert f"### `{hook}({arguments})`" in text


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_called_in_a_test_of_the_facade(hook: str) -> None:
    folder = Path(__file__).parent
    tests = "".join((folder / name).read_text(encoding="utf-8") for name in ("test_facade.py", "test_policies.py"))
    assert f'_hook("{hook.removeprefix("headgate_")}"' in tests or f"def {hook}(" in tests
