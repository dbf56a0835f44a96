from __future__ import annotations

from headgate.errors import Location
from headgate.spec.problems import Problem, SpecError


def _problem(line: int | None, message: str = "wrong", **more: str) -> Problem:
    return Problem(Location("headgate.yaml" if line else "--set a", line), message, **more)


def test_one_problem_is_told_with_place_and_what_is_allowed() -> None:
    error = SpecError([_problem(3, "found 1", allowed="text", hint="did you mean 'x'?")])
    assert (error.message, str(error.where), error.expected) == (
        "found 1",
        "headgate.yaml:3",
        "text; did you mean 'x'?",
    )
    assert error.details == ()
    assert error.exit_code == 2


def test_several_problems_come_in_the_order_of_the_file_each_once() -> None:
    error = SpecError([_problem(9), _problem(2), _problem(9)])
    assert error.message == "2 problems in headgate.yaml"
    assert error.details == ("headgate.yaml:2: wrong", "headgate.yaml:9: wrong")


def test_options_are_told_apart_from_the_file() -> None:
    assert SpecError([_problem(1), _problem(None)]).message == "2 problems in options and headgate.yaml"


def test_more_than_a_screen_is_counted() -> None:
    error = SpecError(_problem(line) for line in range(1, 31))
    assert error.message == "30 problems in headgate.yaml"
    assert len(error.details) == 11
    assert error.details[-1] == "and 20 more; mend these first"
    problems = error.as_json()["problems"]
    assert isinstance(problems, list)
    assert len(problems) == 30
    assert problems[0]["line"] == 1
