from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.spec.check import check
from headgate.spec.document import parse
from headgate.spec.schema import base_schema


def _check(text: str, schema: dict[str, Any], root: Path = Path("/nowhere"), prefix: tuple[str, ...] = ()) -> list[str]:
    node = parse(text, "f")
    assert node is not None
    return [str(problem) for problem in check(node, schema, root=root, prefix=prefix)]


def _setting(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": {"s": schema}}


@pytest.mark.parametrize(
    ("text", "schema", "said"),
    [
        ("s: 1", {"type": "string"}, 'f:1: s: found 1 (integer) (allowed: text; write it in quotes: "1")'),
        ("s: x", {"type": "integer"}, "f:1: s: found 'x' (text) (allowed: an integer)"),
        ("s: x", {"type": ["integer", "null"]}, "f:1: s: found 'x' (text) (allowed: an integer or nothing)"),
        ("s: ''", {"type": "string", "minLength": 1}, "f:1: s: found '' (text) (allowed: text, at least 1 character)"),
        ("s: []", {"type": "array", "minItems": 2}, "f:1: s: found a list (allowed: a list, at least 2 items)"),
        ("s: 5", {"type": "integer", "maximum": 3}, "f:1: s: found 5 (integer) (allowed: an integer, at most 3)"),
        ("s: 0", {"exclusiveMinimum": 0}, "f:1: s: found 0 (integer) (allowed: above 0)"),
        (
            "s: rsme",
            {"enum": ["rmse", "mae"]},
            "f:1: s: found 'rsme' (text) (allowed: rmse, mae; did you mean 'rmse'?)",
        ),
        ("s: 2", {"const": True}, "f:1: s: found 2 (integer) (allowed: true)"),
        ("s: A", {"type": "string", "pattern": "^a$"}, "f:1: s: found 'A' (text) (allowed: text, matching ^a$)"),
        (
            "s: A",
            {"type": "string", "pattern": "^a$", "description": "a small a"},
            "f:1: s: found 'A' (text) (allowed: text: a small a)",
        ),
        ("s: [1, 1]", {"type": "array", "uniqueItems": True}, "f:1: s: found a list (allowed: a list, each item once)"),
        (
            "s: 3",
            {"not": {"type": "integer"}},
            "f:1: s: found 3 (integer) (allowed: what `not: {'type': 'integer'}` allows)",
        ),
    ],
)
def test_what_was_found_and_what_is_allowed(text: str, schema: Any, said: str) -> None:
    assert _check(text, _setting(schema)) == [said]


def test_unknown_keys_are_told_one_by_one_at_their_own_lines() -> None:
    schema = {"additionalProperties": False, "properties": {"threshold": {}, "metric": {}}}
    assert _check("treshold: 1\nzzz: 2\nmetric: 3\n", schema, prefix=("plugins", "training")) == [
        "f:1: unknown key 'treshold' in plugins.training (allowed: threshold, metric; did you mean 'threshold'?)",
        "f:2: unknown key 'zzz' in plugins.training (allowed: threshold, metric)",
    ]


def test_keys_known_by_pattern_or_by_branch_are_not_unknown() -> None:
    schema = {
        "allOf": [{"properties": {"a": {}}}],
        "patternProperties": {"^x-": {}},
        "unevaluatedProperties": False,
    }
    assert _check("a: 1\nx-b: 2\nc: 3\n", schema) == ["f:3: unknown key 'c' (allowed: a)"]


def test_missing_key_is_told_at_its_mapping_with_what_it_takes() -> None:
    schema = _setting({"type": "object", "required": ["uri", "n"], "properties": {"uri": {"type": "string"}}})
    assert _check("s:\n  other: 1\n", schema) == [
        "f:1: missing key 'uri' in s (allowed: text)",
        "f:1: missing key 'n' in s",
    ]


def test_bad_names_are_told_at_the_name() -> None:
    schema = _setting({"propertyNames": {"pattern": "^[a-z]+$"}})
    assert _check("s:\n  fine: 1\n  Bad: 2\n", schema) == ["f:3: bad name 'Bad' in s (allowed: matching ^[a-z]+$)"]


def test_alternatives_tell_the_branch_that_was_meant() -> None:
    tune = {"type": "object", "properties": {"jobs": {"type": "integer"}}, "additionalProperties": False}
    schema = _setting({"oneOf": [{"type": "boolean"}, tune]})
    assert _check("s: {jobs: x}\n", schema) == ["f:1: s.jobs: found 'x' (text) (allowed: an integer)"]
    assert _check("s: {job: 1}\n", schema) == ["f:1: unknown key 'job' in s (allowed: jobs; did you mean 'jobs'?)"]
    assert _check("s: x\n", schema) == ["f:1: s: found 'x' (text) (allowed: true or false or a mapping of jobs)"]


def test_secret_values_are_not_told() -> None:
    said = _check("api_token: 12345678\n", {"properties": {"api_token": {"type": "boolean"}}})
    assert said == ["f:1: api_token: found ******** (allowed: true or false)"]


@pytest.mark.parametrize(
    ("format_", "value", "found", "allowed"),
    [
        ("project-file", "data/trian", "no such file: 'data/trian'", "a file under {}; did you mean 'data/train.csv'?"),
        ("project-file", "data", "'data' is a folder", "a file under {}"),
        ("project-folder", "data/train.csv", "'data/train.csv' is a file", "a folder under {}"),
        ("project-folder", "dta", "no such folder: 'dta'", "a folder under {}; did you mean 'data'?"),
        ("project-path", "/etc/passwd", "'/etc/passwd' is outside the project", "a file or folder under {}"),
        ("project-path", "../x", "'../x' is outside the project", "a file or folder under {}"),
    ],
)  # fmt: skip
def test_paths_that_are_not_there(tmp_path: Path, format_: str, value: str, found: str, allowed: str) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.csv").touch()
    said = _check(f"s: {value}\n", _setting({"format": format_}), tmp_path)
    assert said == [f"f:1: s: {found} (allowed: {allowed.format(f'{tmp_path.name}/')})"]


@pytest.mark.parametrize(
    ("format_", "value"), [("project-file", "a/b"), ("project-folder", "a"), ("project-path", "a"), ("date", "x")]
)
def test_paths_that_are_there_and_formats_of_others_pass(tmp_path: Path, format_: str, value: str) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").touch()
    assert _check(f"s: {value}\n", _setting({"format": format_}), tmp_path) == []


def test_paths_must_be_text(tmp_path: Path) -> None:
    assert _check("s: 1\n", _setting({"type": "string", "format": "project-file"}), tmp_path) == [
        'f:1: s: found 1 (integer) (allowed: text; write it in quotes: "1")'
    ]


def test_our_own_schema_explains_an_account_without_quotes() -> None:
    said = _check("name: wine\naccount: 012345678901\n", base_schema())
    assert len(said) == 1
    assert said[0].startswith("f:2: account: found 012345678901 (integer)")
    assert said[0].endswith('write it in quotes: "012345678901")')
