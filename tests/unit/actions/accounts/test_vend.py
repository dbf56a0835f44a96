"""Requests through Service Catalog, and orders that go to the state machine itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from headgate.actions.accounts.products import lines
from headgate.actions.accounts.vend import AccountSets
from headgate.actions.accounts.vending import Order
from headgate.aws.sessions import Session
from headgate.errors import FailedError, UserError
from headgate.views.accounts import AccountView
from unit.actions.accounts.cloud import WHO, Catalog, FakeSession, Machine, ServiceCatalog, Sts

PRODUCT = "account-set-churn"


@dataclass
class World:
    """A team with two active accounts; the machine makes of accounts what it is asked for."""

    catalog: Catalog = field(default_factory=Catalog)
    machine: Machine = field(default_factory=Machine)
    products: ServiceCatalog = field(default_factory=lambda: ServiceCatalog(provisioned={PRODUCT: "AVAILABLE"}))
    told: list[tuple[AccountView, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.catalog.add("dev")
        self.catalog.add("prod")
        self.machine.effect = self.carry_out

    def carry_out(self, asked: Mapping[str, Any]) -> None:
        state = {"quarantine": "quarantined", "release": "active", "retire": "retired"}[asked["action"]]
        for row in self.catalog.rows:
            if asked.get("account_name") in (None, row["account_name"]):
                row.update(state=state, reason=asked.get("reason", ""))

    def sets(self) -> AccountSets:
        clients = {
            "servicecatalog": self.products,
            "stepfunctions": self.machine,
            "dynamodb": self.catalog,
            "sts": Sts(),
        }
        return AccountSets(cast("Session", FakeSession(clients)), self.told.append)

    @property
    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.products.calls]


def states(views: tuple[AccountView, ...]) -> dict[str, str]:
    return {view.name: view.state for view in views}


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("USER", "somebody")
    return World()


def test_quarantine_goes_to_the_machine_and_not_through_service_catalog(world: World) -> None:
    views = world.sets().carry_out(Order("quarantine", "churn", reason="a leaked key"))
    assert states(views) == {"dev": "quarantined", "prod": "quarantined"}
    assert world.products.calls == []
    (asked,) = world.machine.inputs
    assert asked == {
        "action": "quarantine",
        "team": "churn",
        "reason": "a leaked key",
        "requested_by": f"somebody as {WHO}",
    }
    (started,) = world.machine.started
    assert started["stateMachineArn"] == "arn:aws:states:eu-west-1:111122223333:stateMachine:headgate-vending"
    assert started["name"].startswith("churn-quarantine-")
    assert len(started["name"]) <= 80


def test_each_change_is_told_once_as_it_comes(world: World) -> None:
    world.sets().carry_out(Order("quarantine", "churn"))
    assert [states(views) for views in world.told] == [
        {"dev": "active", "prod": "active"},
        {"dev": "quarantined", "prod": "quarantined"},
    ]


def test_one_account_alone_is_quarantined_and_released(world: World) -> None:
    assert states(world.sets().carry_out(Order("quarantine", "churn", "dev"))) == {
        "dev": "quarantined",
        "prod": "active",
    }
    assert states(world.sets().carry_out(Order("release", "churn", "dev")))["dev"] == "active"
    assert [asked["account_name"] for asked in world.machine.inputs] == ["dev", "dev"]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (Order("quarantine", "nobody"), "team 'nobody' has no accounts to quarantine"),
        (Order("quarantine", "churn", "preprod"), "team 'churn' has no account 'preprod' to quarantine"),
    ],
)
def test_what_is_not_there_is_not_asked_for(world: World, order: Order, message: str) -> None:
    with pytest.raises(UserError, match=message):
        world.sets().carry_out(order)
    assert world.machine.inputs == []


def test_an_organization_without_vending_says_what_to_type(world: World) -> None:
    world.machine.there = False
    with pytest.raises(UserError, match="no vending") as raised:
        world.sets().carry_out(Order("quarantine", "churn"))
    assert raised.value.next_command == "headgate accounts apply"


@pytest.mark.parametrize(
    ("end", "detail"),
    [
        ({"status": "FAILED", "error": "VendingFailed", "cause": "it runs endpoints"}, "it runs endpoints"),
        ({"status": "FAILED", "error": "NotConcluded", "cause": "no answer"}, "failed: no answer"),
        ({"status": "TIMED_OUT"}, "timed out: no reason was given"),
        ({"status": "ABORTED", "error": "Stopped"}, "aborted: Stopped"),
    ],
)
def test_an_execution_that_failed_says_why(world: World, end: Mapping[str, Any], detail: str) -> None:
    world.machine.end = end
    with pytest.raises(FailedError, match="are not what was asked for") as raised:
        world.sets().carry_out(Order("quarantine", "churn"))
    assert raised.value.details == (detail,)
    assert raised.value.next_command == "headgate accounts show churn"


def test_retiring_a_team_ends_its_product_last(world: World) -> None:
    views = world.sets().retire(Order("retire", "churn", reason="discontinued", force=True))
    assert states(views) == {"dev": "retired", "prod": "retired"}
    assert world.machine.inputs[0]["force"] is True
    assert world.verbs == ["terminate"]
    assert world.products.provisioned == {}


def test_retiring_one_account_leaves_the_product(world: World) -> None:
    assert states(world.sets().retire(Order("retire", "churn", "dev"))) == {"dev": "retired", "prod": "active"}
    assert world.products.calls == []
    assert states(world.sets().retire(Order("retire", "churn", "prod"))) == {"dev": "retired", "prod": "retired"}
    assert world.verbs == ["terminate"], "with its last account the set is gone"


def test_a_retirement_that_was_interrupted_before_the_product_ended_is_finished(world: World) -> None:
    for row in world.catalog.rows:
        row["state"] = "retired"
    world.sets().retire(Order("retire", "churn"))
    assert (world.machine.inputs, world.verbs) == ([], ["terminate"])
    with pytest.raises(UserError, match="team 'churn' has no accounts to retire"):
        world.sets().retire(Order("retire", "churn"))


def test_a_product_that_cannot_be_ended_says_why(world: World) -> None:
    world.products.fail = "terminate"
    with pytest.raises(FailedError) as raised:
        world.sets().retire(Order("retire", "churn"))
    assert raised.value.details == ("the quota is reached",)


def test_a_first_request_provisions_the_newest_version_and_later_ones_update(world: World) -> None:
    world.products.provisioned.clear()
    for _ in range(2):
        world.sets().request("churn")
    assert world.verbs == ["provision", "update"]
    first, second = (arguments for _, arguments in world.products.calls)
    assert first["ProvisioningArtifactId"] == "pa-new"
    asked = [{each["Key"]: each["Value"] for each in call["ProvisioningParameters"]} for call in (first, second)]
    assert asked[0]["Team"] == "churn"
    assert asked[0]["Action"] == "provision"
    assert asked[0]["Request"] != asked[1]["Request"], "or CloudFormation would see no change"


def test_a_set_whose_first_launch_failed_is_launched_again(world: World) -> None:
    world.products.provisioned[PRODUCT] = "ERROR"
    world.sets().request("churn", "adopt")
    assert world.verbs == ["terminate", "provision"]


@pytest.mark.parametrize("status", ["UNDER_CHANGE", "PLAN_IN_PROGRESS"])
def test_somebody_elses_request_is_waited_for(world: World, status: str) -> None:
    world.products.provisioned[PRODUCT] = status
    world.sets().request("churn")
    assert world.products.looks[f"other-{PRODUCT}"] == 2
    assert world.verbs == ["update"]


def test_a_request_that_failed_says_vendings_reason(world: World) -> None:
    world.products.fail = "update"
    with pytest.raises(FailedError) as raised:
        world.sets().request("churn")
    assert raised.value.details == ("the quota is reached",)


def test_every_account_has_its_line_without_what_cloudformation_says_around_it() -> None:
    said = (
        "The following resource(s) failed to create: [AccountSet]. Rollback requested by user.; AccountSet: Resource "
        'handler returned message: "Received response status [FAILED] from custom resource. Message returned: '
        "dev, prod: no (more) room; then request again | nonprod is quarantined (RequestId: 0a1b-2c)"
        '" (HandlerErrorCode: GeneralServiceException)'
    )
    assert lines(said) == ("dev, prod: no (more) room; then request again", "nonprod is quarantined")
    assert lines("the role may not be assumed") == ("the role may not be assumed",)


def test_a_product_that_is_not_there_says_what_to_type(world: World) -> None:
    world.products.products = ()
    with pytest.raises(UserError, match="no product 'ML account set'") as raised:
        world.sets().request("churn")
    assert raised.value.next_command == "headgate accounts apply"
