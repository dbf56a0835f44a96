from __future__ import annotations

from headgate.control.aws import Call, Where
from headgate.control.vending.calls import CALLS, accounts_reached
from headgate.control.vending.handlers import HANDLERS
from unit.control.lives import LIVES, begin, fresh, vended
from unit.control.world import denied


def test_every_call_that_is_listed_is_made_by_some_life() -> None:
    made: dict[str, set[Call]] = {}
    for prepare in LIVES:
        world, execution = begin(prepare)
        if prepare is vended:
            world.others.versions["sales-price"] = {"arn:version": "s3://headgate-tooling-artifacts/model.tar.gz"}
        if prepare is fresh:
            world.before = lambda number, call: denied(call) if call.operation == "grant_permissions" else None
        execution.run()
        for handler, call in world.calls:
            made.setdefault(handler, set()).add(call)
    in_other_tests = {"request": CALLS["request"], "begin": {Call("stepfunctions", "describe_execution")}}
    for handler, calls in CALLS.items():
        assert made.get(handler, set()) | in_other_tests.get(handler, set()) == calls, handler


def test_calls_are_listed_for_every_function_and_for_nothing_else() -> None:
    assert set(CALLS) == set(HANDLERS)


def test_a_handler_enters_only_the_accounts_that_it_calls_in() -> None:
    assert {name: accounts_reached(name) for name in CALLS if accounts_reached(name)} == {
        "grant": {Where.DATA_LAKE},
        "inspect": {Where.TEAM, Where.TOOLING},
    }
