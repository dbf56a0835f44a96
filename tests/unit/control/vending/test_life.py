from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from unit.control.machine import Execution
from unit.control.world import World, declaration, response, standing


@pytest.fixture
def world() -> World:
    world = World()
    world.others.declaration = declaration(dev={}, prod={})
    assert do(world, "provision", "zero", response=response()).status == "SUCCEEDED"
    world.answers.clear()
    return world


def do(world: World, action: str, name: str = "one", **more: Any) -> Execution:
    return Execution(world, {"action": action, "team": "sales", **more}, name).run()


def parent(world: World, account: str) -> str:
    return world.organization.accounts[world.rows()[f"sales/{account}"]["account_id"]].parent


def test_quarantine_moves_accounts_and_keeps_their_stacks(world: World) -> None:
    before = world.stack_sets.of(world.rows()["sales/dev"]["account_id"])
    assert do(world, "quarantine", reason="a leaked key").status == "SUCCEEDED"
    assert {(row["state"], row["reason"]) for row in world.rows().values()} == {("quarantined", "a leaked key")}
    assert (parent(world, "dev"), parent(world, "prod")) == ("ou-quarantine", "ou-quarantine")
    assert world.stack_sets.of(world.rows()["sales/dev"]["account_id"]) == before


def test_one_account_can_be_quarantined(world: World) -> None:
    do(world, "quarantine", account_name="dev")
    assert {name: row["state"] for name, row in world.rows().items()} == {
        "sales/dev": "quarantined",
        "sales/prod": "active",
    }


def test_a_quarantined_account_is_not_touched_by_provisioning(world: World) -> None:
    do(world, "quarantine", reason="a leaked key")
    before = standing(world)
    assert (
        "account dev of team sales is quarantined (a leaked key): release it first"
        in do(world, "provision", "two").cause
    )
    assert standing(world) == before


def test_release_brings_an_account_back_with_what_has_changed_meanwhile(world: World) -> None:
    do(world, "quarantine")
    assert world.others.declaration
    world.others.declaration["teams"]["sales"]["budget_usd"] = 7
    assert do(world, "release", "two").status == "SUCCEEDED"
    row = world.rows()["sales/prod"]
    assert (row["state"], row["reason"], parent(world, "prod")) == ("active", "", "ou-prod")
    instance = world.stack_sets.instances["headgate-account", row["account_id"], "eu-west-1"]
    assert instance.parameters["BudgetUsd"] == "7"


def test_a_stack_that_fails_after_release_leaves_the_account_provisioning_with_the_reason(world: World) -> None:
    do(world, "quarantine", account_name="prod", reason="a leaked key")
    account_id = world.rows()["sales/prod"]["account_id"]
    instance = world.stack_sets.instances["headgate-account", account_id, "eu-west-1"]
    instance.status = "OUTDATED"
    world.stack_sets.failures["headgate-account", account_id] = "no room"
    do(world, "release", "two", account_name="prod")
    row = world.rows()["sales/prod"]
    assert row["state"] == "provisioning"
    assert "no room" in row["reason"]


def test_why_an_account_is_quarantined_outlives_failures(world: World) -> None:
    do(world, "quarantine", reason="a leaked key")
    world.others.endpoints[world.rows()["sales/dev"]["account_id"]] = ["price"]
    assert do(world, "retire", "two").status == "FAILED"
    assert world.rows()["sales/dev"]["reason"] == "a leaked key"


def test_quarantining_nobody_is_refused() -> None:
    world = World()
    assert do(world, "quarantine").cause == "the catalog has no account of team sales"
    assert do(world, "retire", "two", account_name="dev").cause == "the catalog has no account dev of team sales"


def test_releasing_what_is_not_there_is_refused() -> None:
    world = World()
    world.others.declaration = declaration(dev={})
    assert "has no such account in quarantine" in do(world, "release").cause


def test_retired_accounts_lose_stacks_and_grants_and_keep_their_items(world: World) -> None:
    ids = {row["account_id"] for row in world.rows().values()}
    assert do(world, "retire").status == "SUCCEEDED"
    assert {row["account_id"] for row in world.rows().values()} == ids
    assert {(row["state"], row["closed"]) for row in world.rows().values()} == {("retired", True)}
    assert {world.organization.accounts[each].parent for each in ids} == {"ou-retired"}
    assert [list(world.stack_sets.of(each)) for each in ids] == [["headgate-guard"]] * 2
    assert not world.lake.granted


def test_retiring_quarantined_accounts_works(world: World) -> None:
    do(world, "quarantine")
    assert do(world, "retire", "two").status == "SUCCEEDED"
    assert parent(world, "dev") == "ou-retired"


def test_retiring_twice_is_retiring_once(world: World) -> None:
    do(world, "retire")
    before = standing(world)
    assert do(world, "retire", "two").status == "SUCCEEDED"
    assert standing(world) == before


def test_a_retired_name_is_not_used_again(world: World) -> None:
    do(world, "retire")
    assert (
        "account dev of team sales is retired for ever: declare an account of another name"
        in do(world, "provision", "two").cause
    )


def test_a_name_that_never_was_an_account_is(world: World) -> None:
    assert world.others.declaration
    world.others.declaration = declaration(test={"environments": ["dev"]})
    world.organization.quota = 5
    do(world, "provision", "two")
    do(world, "retire", "three", account_name="test")
    row = world.rows()["sales/test"]
    assert (row["state"], row["reason"]) == ("retired", "it was never created")
    world.organization.quota = 50
    assert do(world, "provision", "four").status == "SUCCEEDED"
    assert world.rows()["sales/test"]["state"] == "active"


def test_running_endpoints_keep_every_account_until_it_is_forced(world: World) -> None:
    before = standing(world)
    world.others.endpoints[world.rows()["sales/prod"]["account_id"]] = ["price", "risk"]
    execution = do(world, "retire")
    assert execution.cause == (
        "account prod of team sales runs the endpoints price, risk: delete them, or force the retirement"
    )
    assert standing(world) == before
    assert do(world, "retire", "two", force=True).status == "SUCCEEDED"


@pytest.mark.parametrize("uri", ["s3://own-bucket/model.tar.gz", "s3://headgate-dev-artifacts-{id}-eu-west-1/model/"])
def test_versions_that_only_the_account_holds_keep_it_even_by_force(world: World, uri: str) -> None:
    account_id = world.rows()["sales/dev"]["account_id"]
    world.others.buckets[account_id] = ["own-bucket"]
    world.others.versions = {
        "sales-price": {f"arn:{number}": uri.format(id=account_id) for number in range(7)},
        "other-price": {"arn:other": "s3://own-bucket/model.tar.gz"},
    }
    execution = do(world, "retire", force=True)
    assert "holds the artifacts of registered versions: arn:0, arn:1, arn:2, arn:3, arn:4 and 2 more" in execution.cause
    assert world.rows()["sales/dev"]["state"] == "active"


def test_versions_in_toolings_bucket_outlive_the_accounts(world: World) -> None:
    world.others.versions = {"sales-price": {"arn:1": "s3://headgate-tooling-artifacts/sales/model.tar.gz"}}
    assert do(world, "retire").status == "SUCCEEDED"
    assert world.others.versions == {"sales-price": {"arn:1": "s3://headgate-tooling-artifacts/sales/model.tar.gz"}}


def test_an_account_that_cannot_be_looked_into_is_retired_by_force_only(world: World) -> None:
    world.others.closed_to_vending.add(world.rows()["sales/dev"]["account_id"])
    assert "could not be looked into (not authorized to perform sts:AssumeRole)" in do(world, "retire").cause
    assert do(world, "retire", "two", force=True).status == "SUCCEEDED"


def test_the_quota_of_closing_is_told_and_stops_nothing(world: World) -> None:
    world.organization.closures = 1
    assert do(world, "retire").status == "SUCCEEDED"
    closed, kept = world.rows()["sales/dev"], world.rows()["sales/prod"]
    assert (closed["closed"], kept["closed"]) == (True, False)
    assert kept["reason"].startswith("retired, but not closed: CLOSE_ACCOUNT_QUOTA_EXCEEDED")
    assert world.organization.accounts[kept["account_id"]].parent == "ou-retired"


def test_accounts_stay_open_when_closing_is_not_wanted(world: World) -> None:
    world.settings = replace(world.settings, closes_accounts=False)
    assert do(world, "retire").status == "SUCCEEDED"
    assert {row["closed"] for row in world.rows().values()} == {False}
    assert {account.status for account in world.organization.accounts.values()} == {"ACTIVE"}


def test_an_account_that_has_left_the_organization_is_retired_with_the_reason(world: World) -> None:
    account_id = world.rows()["sales/dev"]["account_id"]
    for key in [each for each in world.stack_sets.instances if each[1] == account_id]:
        del world.stack_sets.instances[key]
    del world.organization.accounts[account_id]
    world.organization.requests.clear()
    assert do(world, "retire", account_name="dev").status == "SUCCEEDED"
    assert world.rows()["sales/dev"]["reason"] == "it is not in the organization any more"


def test_a_stack_that_cannot_be_removed_keeps_the_account_where_it_is(world: World) -> None:
    account_id = world.rows()["sales/dev"]["account_id"]
    world.stack_sets.failures["headgate-environment-dev", account_id] = "the bucket is not empty"
    execution = do(world, "retire", account_name="dev")
    assert "was not removed: the bucket is not empty; when that is mended, retire again" in execution.cause
    assert parent(world, "dev") == "ou-dev"
    assert do(world, "retire", "two", account_name="dev").status == "SUCCEEDED"


def test_deleting_the_stack_that_vended_the_accounts_retires_them(world: World) -> None:
    do(world, "retire", response=response("headgate-account-set-sales"))
    assert {row["state"] for row in world.rows().values()} == {"retired"}
    assert world.answers[0]["Status"] == "SUCCESS"
    assert world.answers[0]["Data"]["AccountIds"] == "none"


def test_deleting_another_stack_retires_nothing(world: World) -> None:
    other = {**response("headgate-account-set-sales"), "stack_id": "arn:another"}
    assert do(world, "retire", response=other).status == "SUCCEEDED"
    assert {row["state"] for row in world.rows().values()} == {"active"}
    assert world.answers[0]["Status"] == "SUCCESS"


def test_rolling_back_a_creation_that_failed_retires_nothing_and_the_next_request_finishes_it() -> None:
    world = World()
    world.others.declaration = declaration(dev={}, prod={})
    world.organization.quota = 4
    assert do(world, "provision", response=response()).status == "FAILED"
    assert do(world, "retire", "two", response=response("headgate-account-set-sales")).status == "SUCCEEDED"
    assert world.rows()["sales/dev"]["state"] == "active"
    world.organization.quota = 50
    assert do(world, "provision", "three", response={**response(), "stack_id": "arn:next"}).status == "SUCCEEDED"
    assert {row["state"] for row in world.rows().values()} == {"active"}
