from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import click
import pytest
from click.testing import CliRunner

from headgate.cli.common import Options, options, style, table, to_json, wants_colour, warn


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class _Value:
    name: str
    path: Path
    more: Mapping[str, object]


def test_json_of_everything_we_print() -> None:
    value = _Value("a", Path("/p"), MappingProxyType({"when": datetime(2026, 1, 2, tzinfo=UTC), "names": {"b", "a"}}))
    assert json.loads(to_json([value])) == [
        {"name": "a", "path": "/p", "more": {"when": "2026-01-02T00:00:00+00:00", "names": ["a", "b"]}}
    ]


def test_json_of_something_else_is_an_error() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        to_json(object())


def test_tables_are_aligned_and_none_is_empty() -> None:
    assert table(("NAME", "N"), [("a", 1), ("long name", None)]) == "NAME       N\na          1\nlong name"


def test_tables_are_aligned_around_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    lines = table(("A", "B"), [(style("x", "red"), "1"), ("yy", "2")]).splitlines()
    assert lines[1:] == ["\x1b[31mx\x1b[0m   1", "yy  2"]


@pytest.mark.parametrize(
    ("terminal", "variables", "wanted"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, terminal: bool, variables: dict[str, str], wanted: bool
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert wants_colour(_Terminal() if terminal else io.StringIO()) is wanted


def test_warnings_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    warn(["first\n  line", "token=abcdefgh"])
    assert capsys.readouterr().err == "warning: first line\nwarning: token=********\n"


def test_options_of_group_and_command_are_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HEADGATE_ENV", "dev")
    seen: list[Options] = []

    @click.command()
    @click.argument("name")
    @options
    def command(options: Options, name: str) -> None:
        seen.append(options)
        assert name == "x"

    typed = ["x", "-C", str(tmp_path), "--set", "a=1", "--set", "b=2", "--disable-plugin", "p"]
    result = CliRunner().invoke(command, typed)
    assert result.exit_code == 0, result.output
    assert seen == [Options("text", tmp_path, "dev", ("a=1", "b=2"), frozenset({"p"}))]
    assert not seen[0].json
