from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.control.vending import conclusion
from headgate.control.vending.values import Row, State
from unit.control.world import World, response


def ended(world: World, status: str, given: dict[str, Any] | None, **more: Any) -> None:
    request = {"action": "provision", "team": "sales", "response": given}
    detail = {"executionArn": "arn:one", "status": status, "input": json.dumps(request), **more}
    conclusion.ended({"detail": detail}, world.put)


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT", "FAILED"])
def test_an_execution_that_could_not_answer_is_answered_for(status: str) -> None:
    world = World()
    ended(world, status, response("headgate-account-set-sales"), error="NotConcluded", cause="no way out")
    (answer,) = world.answers
    words = status.lower().replace("_", " ")
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("FAILED", "headgate-account-set-sales")
    assert answer["Reason"] == f"execution arn:one is {words}: no way out; request again to go on"


def test_an_execution_that_has_answered_itself_is_not_answered_for() -> None:
    world = World()
    ended(world, "FAILED", response(), error="VendingFailed", cause="a reason")
    ended(world, "SUCCEEDED", response())
    ended(world, "RUNNING", response())
    ended(world, "ABORTED", None)
    assert not world.answers


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"Error": "Refused", "Cause": '{"errorMessage": "no\\nroom", "errorType": "Refused"}'}, "no room"),
        ({"Error": "States.Timeout", "Cause": ""}, "States.Timeout: "),
        ({"Error": "States.Runtime", "Cause": "a path\nthat is not there"}, "States.Runtime: a path that is not there"),
        ({"Error": "Odd", "Cause": "[1]"}, "Odd: [1]"),
        ({"Cause": "lost"}, "unknown error: lost"),
    ],
)
def test_the_reason_of_an_error_is_one_line(error: dict[str, str], reason: str) -> None:
    assert conclusion.reason_of(error) == reason.strip()


def test_all_failures_are_told() -> None:
    results = [{"failed": "one"}, {}, {"failed": "two"}, {"error": {"Error": "Refused", "Cause": "three"}}]
    assert conclusion.decide({"results": results}, ()).reason == "one | two | Refused: three"


def test_what_stopped_several_accounts_is_told_once() -> None:
    def failed(name: str, reason: str) -> dict[str, Any]:
        return {"account": {"name": name}, "failed": f"account {name} of team sales {reason}"}

    results = [
        failed("dev", "was not created: no more accounts; then request again"),
        failed("nonprod", "was not created: no more accounts; then request again"),
        {"account": {"name": "test"}},
        failed("prod", "is not active: its unit lacks a guardrail"),
    ]
    assert conclusion.decide({"results": results}, ()).reason == (
        "dev, nonprod: the account was not created: no more accounts; then request again"
        " | account prod of team sales is not active: its unit lacks a guardrail"
    )


def test_accounts_without_an_id_and_retired_ones_are_not_listed() -> None:
    def row(name: str, state: State, account_id: str | None) -> Row:
        return Row("sales", name, state, "a@example.com", "Dev", (name,), "eu-west-1", account_id)

    rows = [row("dev", State.RETIRED, "1"), row("preprod", State.REQUESTED, None), row("prod", State.ACTIVE, "3")]
    assert conclusion.account_ids(rows) == {
        "ExperimentationAccountId": "none",
        "DevAccountId": "none",
        "PreprodAccountId": "none",
        "ProdAccountId": "3",
        "AccountIds": "prod=3",
    }


def test_an_input_that_is_no_request_fails_the_execution_with_the_reason() -> None:
    world = World()
    event = {"request": {"action": "vend", "team": "sales", "colour": "red"}, "execution": "arn:one", "outcome": {}}
    answer = conclusion.conclude(event, world.edges("conclude"))
    assert answer == {
        "succeeded": False,
        "reason": "a request has no colour: it has account_name, action, force, reason, requested_by, response, team",
    }
