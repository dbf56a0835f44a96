from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from headgate.control.vending.beginning import LONGEST
from headgate.infra.kinds import KINDS
from unit.control.machine import MACHINE, Execution
from unit.control.world import World, declaration, denied, response, standing

pytestmark = pytest.mark.slow


@pytest.fixture
def world() -> World:
    world = World()
    world.others.declaration = declaration(experimentation={}, nonprod={"environments": ["dev", "preprod"]}, prod={})
    return world


def provision(world: World, name: str = "one", **more: Any) -> Execution:
    return Execution(world, {"action": "provision", "team": "sales", **more}, name).run()


def declare(world: World, **changes: Any) -> None:
    assert world.others.declaration
    world.others.declaration["teams"]["sales"] |= changes


def test_accounts_stand_in_the_unit_of_their_strictest_environment_with_all_their_stacks(world: World) -> None:
    assert provision(world).status == "SUCCEEDED"
    rows = world.rows()
    assert {name: (row["state"], row["ou"]) for name, row in rows.items()} == {
        "sales/experimentation": ("active", "Experimentation"),
        "sales/nonprod": ("active", "Preprod"),
        "sales/prod": ("active", "Prod"),
    }
    nonprod = rows["sales/nonprod"]["account_id"]
    assert world.organization.accounts[nonprod].parent == "ou-preprod"
    assert world.stack_sets.of(nonprod) == {
        "headgate-guard": "CURRENT",
        "headgate-account": "CURRENT",
        "headgate-environment-dev": "CURRENT",
        "headgate-environment-preprod": "CURRENT",
    }


def test_stacks_have_the_parameters_of_the_declaration(world: World) -> None:
    provision(world)
    account_id = world.rows()["sales/experimentation"]["account_id"]
    common = {"Team": "sales", "AccountName": "experimentation", "CostCentre": "4711", "Internet": "true"}
    instances = world.stack_sets.instances
    assert instances["headgate-account", account_id, "eu-west-1"].parameters == {
        **common,
        "BudgetUsd": "1500",
        "OwnerEmail": "owner@example.com",
        "VpcCidr": "10.20.0.0/20",
        "SubnetBits": "10",
        "VpcId": "",
        "SubnetIds": "",
        "SecurityGroupIds": "",
    }
    assert instances["headgate-environment-experimentation", account_id, "eu-west-1"].parameters == {
        **common,
        "Owners": "owner@example.com,lead@example.com",
        "Approvers": "",
        "DataSets": ":sales:customer-returns:",
    }
    prod = instances["headgate-environment-prod", world.rows()["sales/prod"]["account_id"], "eu-west-1"]
    assert prod.parameters["Approvers"] == "risk@example.com,lead@example.com"


def test_what_a_team_keeps_longer_and_endpoints_in_one_zone_are_its_own_until_declared_no_more(world: World) -> None:
    assert world.others.declaration
    nonprod = world.others.declaration["teams"]["sales"]["accounts"]["nonprod"]
    declare(world, retention={"logs": 30, "feature_branches": 3})
    nonprod["endpoint_zones"] = 1
    provision(world)
    account_id = world.rows()["sales/nonprod"]["account_id"]

    def given(stack_set: str) -> dict[str, str]:
        found = world.stack_sets.instances[stack_set, account_id, "eu-west-1"].parameters
        own = ("LogRetentionDays", "FeatureExpiryDays", "ZoneRedundant")
        return {name: value for name, value in found.items() if name in own}

    assert given("headgate-account") == {"LogRetentionDays": "30", "ZoneRedundant": "false"}
    assert given("headgate-environment-dev") == {"FeatureExpiryDays": "3"}
    declare(world, retention={"logs": None, "feature_branches": None})
    nonprod["endpoint_zones"] = 2
    assert provision(world, "two").status == "SUCCEEDED"
    assert (given("headgate-account"), given("headgate-environment-dev")) == ({}, {})


def test_an_account_is_tagged_and_may_read_its_teams_data_sets(world: World) -> None:
    provision(world)
    account_id = world.rows()["sales/prod"]["account_id"]
    assert world.organization.accounts[account_id].tags == {
        "headgate:team": "sales",
        "headgate:account": "prod",
        "headgate:cost-centre": "4711",
    }
    assert {each[1:] for each in world.lake.granted if each[0] == f"{account_id}:IAMPrincipals"} == {
        (database, kind, permission)
        for database in ("headgate_sales", "headgate_customer_returns")
        for kind, permission in (("Database", "DESCRIBE"), ("Table", "DESCRIBE"), ("Table", "SELECT"))
    }


def test_cloudformation_is_told_the_accounts_ids(world: World) -> None:
    provision(world, response=response())
    rows = world.rows()
    (answer,) = world.answers
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "headgate-account-set-sales")
    assert answer["Data"] == {
        "ExperimentationAccountId": rows["sales/experimentation"]["account_id"],
        "DevAccountId": rows["sales/nonprod"]["account_id"],
        "PreprodAccountId": rows["sales/nonprod"]["account_id"],
        "ProdAccountId": rows["sales/prod"]["account_id"],
        "AccountIds": ",".join(
            f"{name}={rows[f'sales/{name}']['account_id']}" for name in ("experimentation", "nonprod", "prod")
        ),
    }


def test_a_second_request_changes_nothing(world: World) -> None:
    provision(world)
    before = standing(world)
    operations = set(world.stack_sets.operations)
    assert provision(world, "two").status == "SUCCEEDED"
    assert standing(world) == before
    assert set(world.stack_sets.operations) == operations


def test_changes_of_the_declaration_reach_stacks_and_grants(world: World) -> None:
    provision(world)
    declare(world, budget_usd=1234567.5, data_sets=["sales"], cost_centre="4712")
    assert provision(world, "two").status == "SUCCEEDED"
    account_id = world.rows()["sales/prod"]["account_id"]
    account = world.stack_sets.instances["headgate-account", account_id, "eu-west-1"]
    assert (account.parameters["BudgetUsd"], account.parameters["CostCentre"]) == ("1234567.50", "4712")
    assert {each[1] for each in world.lake.granted} == {"headgate_sales"}
    assert world.organization.accounts[account_id].tags["headgate:cost-centre"] == "4712"
    assert world.rows()["sales/prod"]["state"] == "active"


def test_a_new_environment_moves_its_account_into_the_stricter_unit(world: World) -> None:
    provision(world)
    assert world.others.declaration
    account = world.others.declaration["teams"]["sales"]["accounts"]["experimentation"]
    account |= {"environments": ["experimentation", "dev"], "unit": "Dev", "has_internet": False}
    assert provision(world, "two").status == "SUCCEEDED"
    row = world.rows()["sales/experimentation"]
    assert (row["ou"], world.organization.accounts[row["account_id"]].parent) == ("Dev", "ou-dev")
    assert "headgate-environment-dev" in world.stack_sets.of(row["account_id"])


def test_audit_tells_each_change_with_who_why_before_and_after(world: World) -> None:
    provision(world, requested_by="it@example.com", reason="a new team")
    entries = [each for each in world.tables.plain("headgate-audit") if each["subject"] == "account/sales/prod"]
    assert [each["what"] for each in sorted(entries, key=lambda each: each["at#id"])] == [
        "provision: nothing to requested",
        "provision: requested to requested",
        "provision: requested to provisioning",
        "provision: provisioning to active",
    ]
    assert {(each["who"], each["why"]) for each in entries} == {("it@example.com", "a new team")}
    assert entries[-1]["after"]["account_id"] == world.rows()["sales/prod"]["account_id"]


def test_one_accounts_failure_does_not_keep_the_others_from_being_made(world: World) -> None:
    world.organization.taken.add("sales-nonprod@example.com")
    execution = provision(world, response=response())
    assert execution.status == "FAILED"
    rows = world.rows()
    assert {name: row["state"] for name, row in rows.items()} == {
        "sales/experimentation": "active",
        "sales/nonprod": "requested",
        "sales/prod": "active",
    }
    reason = (
        "account nonprod of team sales was not created: another AWS account has the e-mail address "
        "sales-nonprod@example.com: declare another address, or that account's id; then request again"
    )
    assert rows["sales/nonprod"]["reason"] == execution.cause == world.answers[0]["Reason"] == reason
    assert world.answers[0]["Status"] == "FAILED"


def test_the_next_request_finishes_what_an_address_that_was_taken_has_stopped(world: World) -> None:
    world.organization.taken.add("sales-nonprod@example.com")
    provision(world)
    world.organization.taken.clear()
    assert provision(world, "two").status == "SUCCEEDED"
    row = world.rows()["sales/nonprod"]
    assert (row["state"], row["reason"]) == ("active", "")


def test_a_quota_of_accounts_is_named_and_raising_it_is_enough(world: World) -> None:
    world.organization.quota = 4
    execution = provision(world)
    assert "raise the quota 'Default maximum number of accounts'" in execution.cause
    world.organization.quota = 50
    assert provision(world, "two").status == "SUCCEEDED"
    assert len(world.organization.accounts) == 6


def test_an_address_of_a_member_that_vending_has_not_created_is_not_taken_over(world: World) -> None:
    world.organization.add("400000000001", "sales-prod@example.com", "ou-durable")
    execution = provision(world)
    assert "is that of account 400000000001, which vending has not created" in execution.cause
    assert world.organization.accounts["400000000001"].parent == "ou-durable"


def test_nothing_is_created_while_a_unit_lacks_its_guardrails(world: World) -> None:
    world.organization.policies["ou-teams"] = []
    execution = provision(world)
    assert "OU Prod lacks the guardrails p-guardrails" in execution.cause
    assert len(world.organization.accounts) == 3


def test_nothing_is_created_in_a_unit_that_lacks_a_guardrail_of_its_own(world: World) -> None:
    world.organization.policies["ou-prod"] = []
    execution = provision(world)
    assert "OU Prod lacks the guardrails p-private" in execution.cause
    assert {name: row["state"] for name, row in world.rows().items()} == {
        "sales/experimentation": "active",
        "sales/nonprod": "active",
        "sales/prod": "requested",
    }


def test_guardrails_may_be_attached_to_the_unit_itself(world: World) -> None:
    units = ("experimentation", "preprod", "prod")
    world.organization.policies = {f"ou-{name}": ["p-guardrails", "p-private"] for name in units}
    assert provision(world).status == "SUCCEEDED"


def test_a_guard_that_is_not_deployed_by_itself_is_asked_for(world: World) -> None:
    world.stack_sets.is_automatic = False
    assert provision(world).status == "SUCCEEDED"
    assert all("headgate-guard" in world.stack_sets.of(row["account_id"]) for row in world.rows().values())


def test_stack_sets_that_are_busy_are_waited_for(world: World) -> None:
    world.stack_sets.one_at_a_time = True
    world.stack_sets.is_automatic = False
    assert provision(world).status == "SUCCEEDED"


def test_a_stack_that_fails_is_named_with_its_reason_and_made_by_the_next_request(world: World) -> None:
    world.others.declaration = declaration(prod={})
    world.stack_sets.failures["headgate-account", "200000000000"] = "VpcLimitExceeded: five are allowed"
    execution = provision(world)
    assert execution.cause == (
        "prod: the stack of headgate-account in account 200000000000 was not made: VpcLimitExceeded: five are allowed; "
        "when that is mended, request again"
    )
    assert world.rows()["sales/prod"]["state"] == "provisioning"
    assert provision(world, "two").status == "SUCCEEDED"
    assert world.stack_sets.of("200000000000")["headgate-account"] == "CURRENT"


def test_an_inoperable_stack_is_left_to_people(world: World) -> None:
    world.others.declaration = declaration(prod={})
    provision(world)
    world.stack_sets.instances["headgate-account", "200000000000", "eu-west-1"].status = "INOPERABLE"
    assert "is inoperable" in provision(world, "two").cause


def test_a_missing_stack_set_is_named(world: World) -> None:
    world.stack_sets.names.remove("headgate-environment-prod")
    assert "StackSet headgate-environment-prod is missing" in provision(world).cause


def test_a_data_set_without_a_database_is_named(world: World) -> None:
    declare(world, data_sets=["weather"])
    assert "the data lake has no database headgate_weather" in provision(world).cause


def test_an_account_that_was_moved_away_meanwhile_gets_no_stacks(world: World) -> None:
    world.others.declaration = declaration(prod={})

    def interfere() -> None:
        account = world.organization.accounts.get("200000000000")
        if account and account.parent == "ou-prod":
            account.parent = "ou-durable"

    world.watch = interfere
    execution = provision(world)
    assert execution.status == "FAILED"
    assert "headgate-account" not in world.stack_sets.of("200000000000")


def test_waiting_ends_before_cloudformation_does_and_says_for_what(world: World) -> None:
    world.others.declaration = declaration(prod={"account_id": "400000000001"})
    started = world.now
    execution = provision(world, response=response())
    assert execution.cause.startswith("prod: gave up waiting for account 400000000001 to accept invitation h-00000000")
    assert LONGEST <= world.now - started < timedelta(seconds=MACHINE["TimeoutSeconds"])
    assert world.answers[0]["Status"] == "FAILED"
    assert execution.history.count("Place") < 300


def test_an_unknown_team_is_refused_with_those_that_are_declared(world: World) -> None:
    execution = Execution(world, {"action": "provision", "team": "sails", "response": response()}).run()
    assert execution.cause == "team sails is not in the applied declaration: it declares sales"
    assert world.answers[0]["Reason"] == execution.cause


def test_without_an_applied_declaration_nothing_is_made() -> None:
    world = World()
    assert "`headgate accounts apply` applies organization.yaml" in provision(world).cause
    assert not world.rows()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"environments": ["dev"], "unit": "Dev"}, "holds preprod, which the declaration no longer puts there"),
        ({"account_id": "400000000001"}, "in the catalog, but 400000000001 in the declaration"),
        ({"vpc": {"cidr": "10.9.0.0/20"}}, "has the network 10.20.0.0/20, which its environments use"),
    ],
)
def test_what_would_lose_something_is_refused_before_anything_changes(
    world: World, changes: dict[str, Any], reason: str
) -> None:
    provision(world)
    before = standing(world)
    assert world.others.declaration
    world.others.declaration["teams"]["sales"]["accounts"]["nonprod"] |= changes
    assert reason in provision(world, "two").cause
    assert standing(world) == before


def test_a_network_that_could_not_be_made_may_be_declared_otherwise(world: World) -> None:
    provision(world)
    account_id = world.rows()["sales/prod"]["account_id"]
    world.stack_sets.failures["headgate-account", account_id] = "a quota of VPCs is reached"
    declare(world, budget_usd=1.0)
    assert "a quota of VPCs is reached" in provision(world, "two").cause
    assert world.others.declaration
    world.others.declaration["teams"]["sales"]["accounts"]["prod"]["vpc"] = {"cidr": "10.9.0.0/20"}
    assert provision(world, "three").status == "SUCCEEDED"
    assert world.rows()["sales/prod"]["parameters"]["account"]["VpcCidr"] == "10.9.0.0/20"


def test_an_account_does_not_move_to_another_region(world: World) -> None:
    provision(world)
    declare(world, region="eu-central-1")
    assert "does not move to eu-central-1" in provision(world, "two").cause


def test_one_account_of_a_team_can_be_asked_for(world: World) -> None:
    assert provision(world, account_name="prod").status == "SUCCEEDED"
    assert list(world.rows()) == ["sales/prod"]
    assert "declares no account test" in provision(world, "two", account_name="test").cause


def test_a_brought_network_is_handed_on(world: World) -> None:
    vpc = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-1", "subnet-2"], "security_group_ids": ["sg-1"]}
    world.others.declaration = declaration(prod={"vpc": vpc})
    provision(world)
    parameters = world.stack_sets.instances["headgate-account", "200000000000", "eu-west-1"].parameters
    assert {key: parameters[key] for key in ("VpcCidr", "VpcId", "SubnetIds", "SecurityGroupIds")} == {
        "VpcCidr": "",
        "VpcId": "vpc-1",
        "SubnetIds": "subnet-1,subnet-2",
        "SecurityGroupIds": "sg-1",
    }


def test_a_failure_that_cannot_be_written_down_is_still_answered(world: World) -> None:
    world.others.declaration = declaration(prod={})
    world.before = lambda _, call: denied(call) if call.operation in ("transact_write_items", "move_account") else None
    execution = provision(world, response=response())
    assert execution.status == "FAILED"
    assert world.answers[0]["Reason"] == execution.cause
    assert "transact_write_items" in execution.cause


def test_an_execution_that_cannot_conclude_says_so(world: World) -> None:
    world.before = lambda _, call: denied(call) if call.operation == "query" else None
    execution = provision(world, response=response())
    assert (execution.status, world.answers) == ("FAILED", [])
    assert "could not be sent" in execution.cause


def test_stacks_are_given_no_parameter_that_their_templates_lack(world: World) -> None:
    provision(world)
    for (stack_set, *_), instance in world.stack_sets.instances.items():
        kind = "environment" if stack_set.startswith("headgate-environment-") else stack_set.removeprefix("headgate-")
        assert set(instance.parameters) <= set(KINDS[kind].parameters), stack_set
