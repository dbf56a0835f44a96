"""The difference between declaration and reality: every kind of change, each alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.actions.accounts.changes import Change
from headgate.actions.accounts.facts import Facts, StackFacts
from headgate.actions.accounts.plan import member_of, plan
from headgate.spec.organization import DurableAccount
from unit.actions.accounts.worlds import TOOLING, as_declared, declare, deployed_with, rows, stack

REQUEST = "headgate accounts request churn"
APPLY = "headgate accounts apply"


def test_nothing_is_to_be_done_when_everything_is_as_declared(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    governance = stack(tmp_path, deployed_with(organization))
    assert plan(organization, as_declared(organization, governance), (governance,)) == ()


def test_what_guardrails_say_is_compared_once_the_stack_that_makes_them_is_as_declared(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    governance = stack(tmp_path, deployed_with(organization))
    facts = as_declared(organization, governance)
    policies = {name: replace(each, content="{}") for name, each in facts.policies.items() if name == "headgate-data"}
    edited = replace(facts, policies={**facts.policies, **policies})
    (change,) = plan(organization, edited, (governance,))
    assert (change.kind, change.message) == ("drift", "was changed by hand")
    (change,) = plan(organization, edited, (replace(governance, parameters={**governance.parameters, "New": "1"}),))
    assert change.kind == "update"


def test_an_empty_account_needs_everything_in_the_order_in_which_it_is_done(tmp_path: Path) -> None:
    organization, governance = declare(tmp_path), stack(tmp_path)
    changes = plan(organization, Facts(), (governance,))
    assert [(change.kind, change.subject) for change in changes] == [
        ("create", "organization"),
        ("create", "account tooling"),
        ("create", "account data-lake"),
        ("create", "stack headgate-governance"),
        ("update", "declaration"),
        ("vend", "account churn/dev"),
        ("vend", "account churn/prod"),
    ]
    assert changes[1].message == "create it for aws+tooling@example.com"
    assert changes[3].message == "create it with 1 resources"
    assert changes[4].message == f"nothing -> {organization.digest[:12]}"
    assert {change.command for change in changes} == {APPLY, REQUEST}


def test_a_stack_names_each_resource_and_parameter_that_differs(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    before = stack(tmp_path, Key={"Type": "AWS::KMS::Key"}, Old={"Type": "AWS::SNS::Topic"})
    facts = as_declared(organization, before)
    after = stack(
        tmp_path,
        {"Region": "eu-west-1", "Types": "ml.m5.*"},
        Key={"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True}},
        New={"Type": "AWS::SQS::Queue"},
    )
    (change,) = plan(organization, facts, (after,))
    assert (change.kind, change.message, change.command) == ("update", "4 changes", APPLY)
    assert change.details == (
        "~ Key (AWS::KMS::Key)",
        "+ New (AWS::SQS::Queue)",
        "- Old (AWS::SNS::Topic)",
        "parameter Types:  -> ml.m5.*",
    )


def test_a_stack_that_could_not_be_rolled_back_is_shown(tmp_path: Path) -> None:
    organization, governance = declare(tmp_path), stack(tmp_path)
    facts = as_declared(organization, governance)
    found = facts.stacks[governance.name]
    broken = StackFacts("UPDATE_ROLLBACK_FAILED", found.parameters, found.resources)
    (change,) = plan(organization, replace(facts, stacks={governance.name: broken}), (governance,))
    assert change.details == ("it is UPDATE_ROLLBACK_FAILED",)


def test_a_declaration_that_is_not_applied_yet_is_shown_with_what_it_changes(tmp_path: Path) -> None:
    before = declare(tmp_path)
    facts = as_declared(before)
    after = declare(tmp_path, budget=250, data_sets=[])
    changes = plan(after, facts, ())
    assert changes[0] == Change("update", "declaration", f"{before.digest[:12]} -> {after.digest[:12]}", APPLY)
    assert [(change.subject, change.kind, change.command) for change in changes[1:]] == [
        ("account churn/dev", "update", REQUEST),
        ("account churn/prod", "update", REQUEST),
    ]
    assert changes[1].details == ("account BudgetUsd: 100 -> 250", "dev DataSets: :sales: -> :")


def test_what_a_team_keeps_as_the_organization_again_is_shown(tmp_path: Path) -> None:
    before = declare(tmp_path, retention={"logs": 30}, accounts={"dev": {"endpoint_zones": 1}}, approvers={})
    facts = as_declared(before)
    after = declare(tmp_path, accounts={"dev": {}}, approvers={})
    (_, change) = plan(after, facts, ())
    assert (change.message, change.details) == (
        "2 parameters",
        (
            "account LogRetentionDays: 30 -> (as the organization)",
            "account ZoneRedundant: false -> (as the organization)",
        ),
    )


@pytest.mark.parametrize(
    ("state", "account", "kind", "message"),
    [
        ("requested", None, "vend", "is requested: why"),
        ("provisioning", "720000000000", "vend", "is provisioning: why"),
        ("retired", None, "vend", "was given up before it existed, and is declared"),
        ("retired", "720000000000", "drift", "is declared, but retired for ever"),
    ],
)
def test_what_is_not_active_says_how_far_it_is(
    tmp_path: Path, state: str, account: str | None, kind: str, message: str
) -> None:
    organization = declare(tmp_path)
    dev, prod = rows(organization)
    facts = as_declared(organization, accounts=(replace(dev, state=state, account_id=account, reason="why"), prod))
    (change,) = plan(organization, facts, ())
    assert (change.kind, change.subject, change.message) == (kind, "account churn/dev", message)
    assert change.command == ("rename it in organization.yaml" if kind == "drift" else REQUEST)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ({}, {"cidr": "10.30.0.0/18"}, "has the network 10.20.16.0/20, which its environments use"),
        (
            {"accounts": {"dev": {"environments": ["experimentation", "dev"]}}},
            {"accounts": {"dev": {}}},
            "holds experimentation, which the declaration no longer puts there",
        ),
    ],
)
def test_what_cannot_become_so_is_told_before_it_is_requested(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], message: str
) -> None:
    team = {"accounts": {"dev": {}}, "approvers": {}}
    facts = as_declared(declare(tmp_path, **team | before))
    (_, change) = plan(declare(tmp_path, **team | after), facts, ())
    assert (change.kind, change.subject, change.command) == ("drift", "account churn/dev", "edit organization.yaml")
    assert change.message.startswith(message)


def test_a_quarantined_account_is_left_alone(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    dev, prod = rows(organization)
    facts = as_declared(organization, accounts=(replace(dev, state="quarantined", parameters={}), prod))
    assert plan(organization, facts, ()) == ()


def test_what_is_declared_no_more_is_to_be_retired_one_by_one(tmp_path: Path) -> None:
    facts = as_declared(declare(tmp_path))
    organization = declare(tmp_path, accounts={"prod": {}})
    removed = plan(organization, replace(facts, declaration=organization.digest), ())
    assert removed == (
        Change(
            "remove",
            "account churn/dev",
            "is active, but not declared any more",
            "headgate accounts retire churn --account dev",
        ),
    )
    gone = tuple(replace(row, state="retired") if row.name == "dev" else row for row in facts.accounts)
    later = replace(as_declared(organization, accounts=gone), declaration=organization.digest)
    assert plan(organization, later, ()) == (), "what has been retired is history"


def test_a_durable_account_in_the_wrong_unit_is_moved_by_applying(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    facts = as_declared(organization)
    moved = {**facts.members, TOOLING: replace(facts.members[TOOLING], unit="dev")}
    changes = plan(organization, replace(facts, members=moved), ())
    assert changes[0] == Change("drift", "account tooling", "stands in dev, not in durable", APPLY)


def test_an_id_that_is_in_no_account_of_the_organization_is_said(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    elsewhere = DurableAccount("tooling", "aws+tooling@example.com", "999988887777")
    organization = replace(organization, durable={**organization.durable, "tooling": elsewhere})
    facts = replace(as_declared(organization), declaration=organization.digest)
    (change,) = plan(organization, facts, ())
    assert change.message == "999988887777 is not in the organization: invite it"
    assert change.command.startswith("aws organizations invite-account-to-organization --target Id=999988887777")


def test_a_durable_account_is_known_by_its_id_or_else_by_its_address(tmp_path: Path) -> None:
    members = as_declared(declare(tmp_path)).members
    assert member_of(DurableAccount("tooling", "AWS+Tooling@example.com"), members) == members[TOOLING]
    assert member_of(DurableAccount("tooling", "new@example.com", TOOLING), members) == members[TOOLING]
    assert member_of(DurableAccount("tooling", "aws+tooling@example.com", "999988887777"), members) is None
