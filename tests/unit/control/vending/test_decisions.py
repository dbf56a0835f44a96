"""Decisions from facts alone: those that a whole life rarely comes to."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from headgate.control.errors import CallFailed, Refused, Transient
from headgate.control.vending import activation, deployment, isolation, refusals, stacksets, steps
from headgate.control.vending.deployment import Facts, Start, Wait
from headgate.control.vending.stacksets import Instance, Target
from headgate.control.vending.values import Action, Item, Row, State, Wanted, Work
from unit.control.world import SETTINGS

ROW = Row("sales", "dev", State.PROVISIONING, "dev@example.com", "Dev", ("dev",), "eu-west-1", account_id="1")
TARGET = Target("headgate-account", "1", "eu-west-1", {"Team": "sales"})
CURRENT = Instance("CURRENT", "SUCCEEDED", "", {"Team": "sales"})
OTHER = Instance("CURRENT", "SUCCEEDED", "", {"Team": "other"})
MOVING = Instance("OUTDATED", "RUNNING")
BROKEN = Instance("OUTDATED", "FAILED", "no room")


@pytest.mark.parametrize(
    ("facts", "automatic", "decision"),
    [
        (Facts(None, None), False, Start("create", 0)),
        (Facts(None, None), True, Wait()),
        (Facts(None, "QUEUED"), False, Wait()),
        (Facts(CURRENT, None), False, None),
        (Facts(CURRENT, "FAILED"), False, None),
        (Facts(CURRENT, "RUNNING"), False, Wait()),
        (Facts(OTHER, None), False, Start("update", 0)),
        (Facts(MOVING, None), False, Wait()),
        (Facts(BROKEN, None), False, Start("update", 0)),
        (Facts(BROKEN, None), True, Start("update", 0)),
        (Facts(None, "SUCCEEDED", 0), False, Start("create", 1)),
        (Facts(OTHER, "SUCCEEDED", 1), False, Start("update", 2)),
    ],
)
def test_an_instance_is_brought_to_be_current(facts: Facts, automatic: bool, decision: object) -> None:
    assert deployment.decide(facts, TARGET, automatic=automatic) == decision


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(BROKEN, "FAILED"), "was not made: no room"),
        (Facts(None, "STOPPED"), "was not made: its operation is stopped"),
        (Facts(Instance("INOPERABLE", "FAILED", "gone"), None), "is inoperable (gone)"),
        (Facts(None, "SUCCEEDED", 2), "3 operations have succeeded, and yet"),
    ],
)
def test_what_will_not_become_current_is_refused(facts: Facts, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        deployment.decide(facts, TARGET, automatic=False)
    assert reason in str(refused.value)


@pytest.mark.parametrize(
    ("facts", "decision"),
    [
        (Facts(CURRENT, None), Start("delete", 0)),
        (Facts(CURRENT, "RUNNING"), Wait()),
        (Facts(MOVING, None), Wait()),
        (Facts(CURRENT, "SUCCEEDED", 0), Start("delete", 1)),
        (Facts(None, "SUCCEEDED"), None),
        (Facts(None, "FAILED"), None),
    ],
)
def test_an_instance_is_brought_to_be_gone(facts: Facts, decision: object) -> None:
    assert deployment.decide_removal(facts, TARGET) == decision


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (Facts(BROKEN, "FAILED"), "was not removed: no room"),
        (Facts(CURRENT, "SUCCEEDED", 2), "3 operations have succeeded, and yet"),
    ],
)
def test_what_will_not_go_is_refused(facts: Facts, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        deployment.decide_removal(facts, TARGET)


def test_an_operation_has_one_id_however_often_it_is_started() -> None:
    ids = {
        stacksets.operation_id(execution, TARGET, verb, number)
        for execution in ("one", "two")
        for verb in ("deploy", "delete")
        for number in (0, 1)
    }
    assert len(ids) == 8
    assert stacksets.operation_id("one", TARGET, "deploy", 0) in ids
    assert all(len(each) <= 128 and each.replace("-", "").isalnum() for each in ids)


def test_only_what_is_as_declared_becomes_active() -> None:
    whole = activation.Facts("ou-dev", (), ((TARGET, CURRENT),))
    assert activation.decide(whole, ROW, SETTINGS) == replace(ROW, state=State.ACTIVE)
    wrong = activation.Facts("ou-prod", ("p-1",), ((TARGET, None), (TARGET, BROKEN)))
    with pytest.raises(Refused) as refused:
        activation.decide(wrong, replace(ROW, state=State.QUARANTINED), SETTINGS)
    assert str(refused.value) == (
        "account dev of team sales is not active: "
        "the stack of headgate-account in account 1 is missing; "
        "the stack of headgate-account in account 1 is outdated; "
        "it does not stand in OU Dev but in ou-prod; OU Dev lacks the guardrails p-1; it is quarantined; request again"
    )


@pytest.mark.parametrize(
    ("state", "parent", "decision"),
    [
        (State.ACTIVE, "ou-dev", isolation.Move("ou-dev")),
        (State.QUARANTINED, "ou-dev", isolation.Move("ou-dev")),
        (
            State.ACTIVE,
            "ou-quarantine",
            isolation.Record(replace(ROW, state=State.QUARANTINED, reason="a leak")),
        ),
        (State.QUARANTINED, "ou-quarantine", None),
        (State.RETIRED, "ou-retired", None),
    ],
)
def test_an_account_is_isolated_before_the_catalog_says_so(state: State, parent: str, decision: object) -> None:
    assert isolation.decide(replace(ROW, state=state), parent, "a leak", SETTINGS) == decision


@pytest.mark.parametrize(
    ("code", "why", "kind", "text"),
    [
        ("ConstraintViolationException", "ACCOUNT_NUMBER_LIMIT_EXCEEDED", Refused, "as many accounts as its quota"),
        ("ConstraintViolationException", "EMAIL_VERIFICATION_CODE_EXPIRED", Refused, "what it says (Constraint"),
        ("FinalizingOrganizationException", "", Transient, "FinalizingOrganizationException"),
        ("InvalidInputException", "", Refused, "what it says (InvalidInputException); then request again"),
    ],
)
def test_a_refused_creation_is_explained(code: str, why: str, kind: type[Exception], text: str) -> None:
    problem = refusals.not_created(ROW, CallFailed("organizations", "create_account", code, "what it says", why=why))
    assert type(problem) is kind
    assert text in str(problem)


def test_a_creation_that_is_throttled_is_tried_again() -> None:
    throttled = Transient("organizations", "create_account", "TooManyRequestsException", "slow")
    assert refusals.not_created(ROW, throttled) is throttled


@pytest.mark.parametrize(("failure", "text"), [("", "gives no reason"), ("NEW_REASON", "not created: NEW_REASON;")])
def test_a_failure_that_nobody_has_explained_is_told_as_it_is(failure: str, text: str) -> None:
    assert text in refusals.creation_failed(ROW, failure)


def test_work_survives_json() -> None:
    item = Item(
        Work(Action.RETIRE, "sales", "arn", "2026-01-05T09:00:00+00:00", force=True),
        Wanted("dev", "dev@example.com", "Dev", ("dev",), "eu-west-1", data_sets=("sales",)),
        "place",
        "2026-01-05T08:00:00+00:00",
        {"headgate-account": 1},
    )
    assert Item.from_json(item.as_json()) == item


@pytest.mark.parametrize(("seconds", "wait"), [(0, 1), (9, 1), (10, 2), (60, 12), (3000, steps.LONGEST_WAIT)])
def test_waits_are_short_at_first_and_never_long(seconds: int, wait: int) -> None:
    since = datetime(2026, 1, 5, tzinfo=UTC)
    assert steps.wait_seconds(since, since + timedelta(seconds=seconds)) == wait
