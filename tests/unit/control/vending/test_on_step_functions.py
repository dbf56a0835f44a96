"""The machine on an interpreter of Amazon States Language that knows nothing of vending."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headgate.control.vending.requests import execution_name
from headgate.localcloud.states.calls import Call
from headgate.localcloud.states.failures import StateError
from unit.control import machine
from unit.control.world import World, declaration, denied, response, throttled
from unit.localcloud.states.world import START
from unit.localcloud.states.world import World as StepFunctions

pytestmark = pytest.mark.slow

ARN = r"arn:aws:lambda:eu-west-1:100000000001:function:\1"


class Cloud:
    """Step Functions whose functions are vending's, in a world whose clock is its own."""

    def __init__(self, folder: Path) -> None:
        self.steps = StepFunctions(folder)
        self.steps.calls.behave = self._function
        self.world = World()
        self.world.others.declaration = declaration(dev={}, prod={})
        self.world.now = datetime.fromtimestamp(START, UTC)
        self._busy = threading.Lock()
        text = Path(machine.headgate.control.vending.__file__).with_name("machine.asl.json").read_text()
        made = self.steps.call(
            "CreateStateMachine",
            name="headgate-vending",
            definition=re.sub(r"\$\{(\w+)FunctionArn\}", ARN, text),
            roleArn="arn:aws:iam::123456789012:role/machine",
        )
        self.arn = str(made["stateMachineArn"])

    def _function(self, call: Call) -> Any:
        handler = str(call.integration.function).rpartition(":")[2].lower()
        with self._busy:
            self.world.others.executions[call.execution] = "RUNNING"
            try:
                return machine.call(self.world, handler, call.arguments)
            except machine.StateError as problem:
                raise StateError(problem.error, problem.cause) from problem

    def run(self, action: str, **more: Any) -> dict[str, Any]:
        """An execution that has ended; whenever nothing is under way a second passes."""
        request = {"action": action, "team": "sales", "response": response(), **more}
        execution = self.steps.run(self.arn, request, name=execution_name(request))
        for _ in range(4000):
            if self.steps.status(execution) != "RUNNING":
                return self.steps.wait(execution)
            with self._busy:
                self.world.advance(1)
            self.steps.timeline.advance(1)
            threading.Event().wait(0.002)
        raise AssertionError(self.steps.history(execution)[-3:])


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(tmp_path)
    yield made
    made.steps.close()


def test_accounts_are_vended_and_progress_stands_in_the_history(cloud: Cloud) -> None:
    assert cloud.run("provision")["status"] == "SUCCEEDED"
    assert {row["state"] for row in cloud.world.rows().values()} == {"active"}
    assert cloud.world.answers[0]["Status"] == "SUCCESS"


def test_a_call_that_is_throttled_is_retried_by_the_machine(cloud: Cloud) -> None:
    cloud.world.before = lambda number, call: throttled(call) if number % 50 == 7 else None
    assert cloud.run("provision")["status"] == "SUCCEEDED"


def test_a_failure_is_caught_written_down_and_answered(cloud: Cloud) -> None:
    cloud.world.before = lambda _, call: denied(call) if call.operation == "move_account" else None
    ended = cloud.run("provision")
    assert (ended["status"], ended["error"]) == ("FAILED", "VendingFailed")
    assert "organizations refused move_account" in ended["cause"]
    assert cloud.world.answers[0]["Reason"] == ended["cause"]
    assert "move_account" in cloud.world.rows()["sales/dev"]["reason"]


def test_a_retirement_that_is_refused_ends_before_anything_is_taken_away(cloud: Cloud) -> None:
    cloud.run("provision")
    account_id = cloud.world.rows()["sales/prod"]["account_id"]
    cloud.world.others.endpoints[account_id] = ["price"]
    again = {**response("headgate-account-set-sales"), "request_id": "request-2"}
    ended = cloud.run("retire", response=again)
    assert "runs the endpoints price" in ended["cause"]
    assert {row["state"] for row in cloud.world.rows().values()} == {"active"}
    cloud.world.others.endpoints.clear()
    assert cloud.run("retire", response={**again, "request_id": "request-3"})["status"] == "SUCCEEDED"
    assert {row["state"] for row in cloud.world.rows().values()} == {"retired"}
