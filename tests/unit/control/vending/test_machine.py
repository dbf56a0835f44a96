"""What holds for every state of the machine, whichever way an execution goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from headgate.control.vending.beginning import LONGEST
from headgate.control.vending.calls import CALLS
from unit.control.machine import MACHINE


def states(machine: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


TASKS = {name: state for name, state in states(MACHINE) if state["Type"] == "Task"}


@pytest.mark.parametrize("name", TASKS)
def test_every_task_is_tried_again_after_what_may_pass(name: str) -> None:
    (retry,) = TASKS[name]["Retry"]
    assert {"Transient", "Lambda.ServiceException", "Lambda.TooManyRequestsException"} <= set(retry["ErrorEquals"])
    assert retry["MaxAttempts"] >= 3
    assert "Refused" not in retry["ErrorEquals"]


@pytest.mark.parametrize("name", TASKS)
def test_every_error_is_caught(name: str) -> None:
    if name == "InspectAccount":  # caught by its Map: one refusal ends the whole retirement
        assert MACHINE["States"]["Inspect"]["Catch"][0]["ErrorEquals"] == ["States.ALL"]
        return
    assert [each["ErrorEquals"] for each in TASKS[name]["Catch"]] == [["States.ALL"]]


def test_the_functions_that_the_machine_calls_are_those_that_exist() -> None:
    called = {re.fullmatch(r"\$\{(\w+)FunctionArn\}", task["Resource"]) for task in TASKS.values()}
    assert {each[1].lower() for each in called if each} == set(CALLS) - {"request", "ended"}


def test_every_way_out_goes_through_the_answer() -> None:
    ends = {name for name, state in MACHINE["States"].items() if state["Type"] in ("Succeed", "Fail")}
    ways = {
        name
        for name, state in MACHINE["States"].items()
        for target in (state.get("Next"), state.get("Default"), *(each["Next"] for each in state.get("Catch", ())))
        if target in ends
    }
    assert ways == {"Conclude", "Concluded"}


def test_the_machine_ends_before_cloudformation_stops_waiting() -> None:
    assert LONGEST.total_seconds() < MACHINE["TimeoutSeconds"] < 3600
