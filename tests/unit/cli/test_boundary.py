from __future__ import annotations

import errno
import json

import click
import pytest

from headgate.cli.boundary import asks_for_json, guarded, render
from headgate.errors import FailedError, Location, UserError


def _raising(error: BaseException) -> None:
    raise error


def test_an_error_is_one_screen() -> None:
    error = UserError(
        "no such thing",
        where=Location("headgate.yaml", 3),
        expected="another",
        next_command="headgate validate",
        details=("one", "two"),
    )
    assert render(error).splitlines() == [
        "error: no such thing",
        "  at headgate.yaml:3",
        "  expected: another",
        "  - one",
        "  - two",
        "next: headgate validate",
    ]


def test_a_hundred_details_and_endless_lines_are_cut() -> None:
    lines = render(FailedError("x" * 5000, details=tuple(map(str, range(100))))).splitlines()
    assert len(lines) == 14
    assert len(lines[0]) == 601
    assert lines[-1] == "  - and 88 more (all of them: --output json)"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UserError("x"), 2),
        (FailedError("x"), 1),
        (click.UsageError("Bad."), 2),
        (click.ClickException("Bad."), 2),
        (click.Abort(), 130),
        (KeyboardInterrupt(), 130),
        (ValueError("x"), 1),
    ],
)
@pytest.mark.parametrize("arguments", [[], ["--output", "json"]])
def test_exit_codes(error: BaseException, code: int, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(lambda: _raising(error), arguments) == code
    captured = capsys.readouterr()
    if arguments and code != 130:
        assert json.loads(captured.out)["error"] in {"user-error", "failure", "usage", "bug"}
    else:
        assert captured.out == ""
        assert captured.err


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (3, 3), ("text", 0)])
def test_a_returned_integer_is_the_exit_code(result: object, code: int) -> None:
    assert guarded(lambda: result, []) == code


def test_a_bug_says_so_and_how_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(lambda: _raising(ZeroDivisionError("oops")), ["--output=json"]) == 1
    captured = capsys.readouterr()
    assert "ZeroDivisionError: oops" in captured.err
    assert "this is a bug in Headgate: report it" in captured.err
    assert json.loads(captured.out)["message"] == "ZeroDivisionError: oops"


@pytest.mark.parametrize(
    ("arguments", "asked"),
    [
        (["validate", "--output", "json"], True),
        (["--output=json"], True),
        (["--output", "text"], False),
        (["json", "--output"], False),
        ([], False),
    ],
)
def test_json_is_asked_for_even_when_arguments_make_no_sense(arguments: list[str], asked: bool) -> None:
    assert asks_for_json(arguments) is asked


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_file_that_this_user_may_not_touch_is_no_bug(number: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert guarded(lambda: _raising(OSError(number, "any text", "/somebody/elses")), []) == 1
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("error: this user may not do that: ")
    assert told[1] == "  at /somebody/elses"
