"""Whatever is in the file, the answer is a document or one screen: never a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.cli.boundary import render
from headgate.spec.check import check
from headgate.spec.document import Node, parse, plain
from headgate.spec.problems import SpecError
from headgate.spec.schema import base_schema, fill_defaults

KEYS = [*base_schema()["properties"], "requirements", "packages", "file", "arguments", "dev", "other", ""]
TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cn", "Co"]), max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)
YAML = st.text(alphabet="ab:-[]{}&*!|>%@`'\"#?, \n\t~<0x1.e\x85\u2028\ufeff", max_size=40) | st.text(max_size=40)


def _node(value: Any) -> Node:
    node = parse(json.dumps(value, ensure_ascii=False), "f")
    assert node is not None
    return node


def _error(text: str) -> SpecError | None:
    try:
        parse(text, "headgate.yaml")
    except SpecError as error:
        return error
    return None


@settings(max_examples=150)
@given(YAML)
def test_any_text_is_a_document_or_one_screen(text: str) -> None:
    error = _error(text)
    if error is not None:
        assert len(render(error).splitlines()) <= 16
        assert all(problem.message for problem in error.problems)


@settings(max_examples=100)
@given(JSON)
def test_json_is_read_as_it_is(value: Any) -> None:
    assert plain(_node(value)) == value


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from(KEYS), JSON, max_size=6))
def test_any_mapping_is_checked_and_every_problem_has_a_place(value: dict[str, Any]) -> None:
    problems = check(_node(value), base_schema(), root=Path("/nowhere"))
    assert all(problem.where.line for problem in problems)
    if problems:
        assert len(render(SpecError(problems)).splitlines()) <= 16
    else:
        assert fill_defaults(value, base_schema())["region"]
