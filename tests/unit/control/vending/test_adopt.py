from __future__ import annotations

from typing import Any

import pytest

from unit.control.machine import Execution
from unit.control.world import TOOLING, World, declaration

pytestmark = pytest.mark.slow

ID = "300000000001"


def adopting(**account: Any) -> World:
    world = World()
    world.others.declaration = declaration(dev={}, prod={"account_id": ID, "email": "old@example.com", **account})
    return world


def adopt(world: World, name: str = "one", **more: Any) -> Execution:
    return Execution(world, {"action": "adopt", "team": "sales", **more}, name).run()


def test_a_member_is_moved_tagged_and_given_its_stacks() -> None:
    world = adopting()
    world.organization.add(ID, "old@example.com", "r-root")
    assert adopt(world).status == "SUCCEEDED"
    (row,) = world.rows().values()
    assert (row["account_id"], row["state"], row["adopted"]) == (ID, "active", True)
    assert row["email"] == "old@example.com", "an adopted account keeps the address that it has"
    assert world.organization.accounts[ID].parent == "ou-prod"
    assert world.organization.accounts[ID].tags["headgate:account"] == "prod"
    assert not world.organization.requests


def test_an_account_elsewhere_is_invited_and_comes_when_it_accepts() -> None:
    world = adopting()
    world.organization.accepting[ID] = "old@example.com"
    assert adopt(world).status == "SUCCEEDED"
    assert world.rows()["sales/prod"]["handshake_id"] == "h-00000000"
    assert len(world.organization.handshakes) == 1


def test_a_declined_invitation_is_told_and_sent_again_by_the_next_request() -> None:
    world = adopting()

    def decline() -> None:
        for handshake in world.organization.handshakes.values():
            handshake["State"] = "DECLINED"

    world.watch = decline
    told = "account 400000000001 has to accept: aws organizations accept-handshake --handshake-id h-00000000"
    assert "its invitation was declined; request again to send another" in adopt(world).cause
    assert "its invitation was declined" in world.rows()["sales/prod"]["reason"]
    audited = [each["after"]["reason"] for each in world.tables.plain("headgate-audit")]
    assert told.replace("400000000001", ID) in audited
    world.watch = lambda: None
    world.organization.accepting[ID] = "old@example.com"
    assert adopt(world, "two").status == "SUCCEEDED"


def test_only_declared_ids_are_adopted() -> None:
    world = World()
    world.others.declaration = declaration(dev={})
    assert "declares an id to adopt" in adopt(world).cause


@pytest.mark.parametrize(
    ("account_id", "reason"),
    [
        (TOOLING, "is the tooling account: no team's"),
        ("300000000002", "is tagged as account dev of team other"),
        ("300000000003", "is suspended"),
        ("300000000004", "stands in OU Quarantine: release it first"),
        ("300000000005", "stands in OU Retired: it does not come back"),
    ],
)
def test_accounts_that_are_somebody_elses_stay_theirs(account_id: str, reason: str) -> None:
    world = adopting(account_id=account_id)
    add = world.organization.add
    add("300000000002", "two@example.com", "ou-dev", **{"headgate:team": "other", "headgate:account": "dev"})
    add("300000000003", "three@example.com").status = "SUSPENDED"
    add("300000000004", "four@example.com", "ou-quarantine")
    add("300000000005", "five@example.com", "ou-retired")
    parent = world.organization.accounts[account_id].parent
    assert reason in adopt(world).cause
    assert world.organization.accounts[account_id].parent == parent


def test_an_id_is_in_the_catalog_once() -> None:
    world = adopting()
    world.organization.add(ID, "old@example.com")
    adopt(world)
    world.organization.accounts[ID].tags.clear()
    assert world.others.declaration
    teams = world.others.declaration["teams"]
    teams["other"] = {**teams["sales"], "name": "other"}
    execution = Execution(world, {"action": "adopt", "team": "other"}, "two").run()
    assert f"account id {ID} of account prod of team other is already in the catalog as sales/prod" in execution.cause
    assert world.rows()["other/prod"]["account_id"] is None
    assert world.organization.accounts[ID].tags == {}


def test_an_adopted_account_is_retired_without_being_closed() -> None:
    world = adopting()
    world.organization.add(ID, "old@example.com")
    adopt(world)
    assert Execution(world, {"action": "retire", "team": "sales"}, "two").run().status == "SUCCEEDED"
    assert (world.organization.accounts[ID].parent, world.organization.accounts[ID].status) == ("ou-retired", "ACTIVE")
