"""What the catalog says and is so no more."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from headgate.actions.accounts.drift import drift, edited_guardrails, loose_guardrails
from headgate.actions.accounts.facts import Facts, StackFacts
from headgate.views.accounts import Member
from unit.actions.accounts.worlds import UNITS, as_declared, declare, deployed_with, rows

DEV = "720000000000"
REQUEST = "headgate accounts request churn"


def moved(facts: Facts, unit: str) -> Facts:
    return replace(facts, members={**facts.members, DEV: replace(facts.members[DEV], unit=unit)})


def closed(facts: Facts) -> Facts:
    return replace(facts, members={**facts.members, DEV: replace(facts.members[DEV], status="SUSPENDED")})


def gone(facts: Facts) -> Facts:
    return replace(facts, members={name: each for name, each in facts.members.items() if name != DEV})


def without(facts: Facts, stack_set: str) -> Facts:
    return replace(
        facts,
        instances=tuple(each for each in facts.instances if (each.stack_set, each.account_id) != (stack_set, DEV)),
    )


def broken(facts: Facts, status: str, reason: str = "") -> Facts:
    return replace(
        facts,
        instances=tuple(
            replace(each, status=status, reason=reason)
            if (each.stack_set, each.account_id) == ("headgate-environment-dev", DEV)
            else each
            for each in facts.instances
        ),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda facts: moved(facts, "-"), "stands in -, not in dev"),
        (lambda facts: moved(facts, "prod"), "stands in prod, not in dev"),
        (closed, f"{DEV} is suspended, the catalog says active"),
        (gone, f"{DEV} is not in the organization, the catalog says active"),
        (lambda facts: without(facts, "headgate-guard"), "has no stack of headgate-guard"),
        (lambda facts: without(facts, "headgate-account"), "has no stack of headgate-account"),
        (lambda facts: broken(facts, "OUTDATED"), "its stack of headgate-environment-dev is outdated"),
        (
            lambda facts: broken(facts, "INOPERABLE", "deleted by hand"),
            "its stack of headgate-environment-dev is inoperable: deleted by hand",
        ),
    ],
)
def test_an_account_that_is_not_as_the_catalog_says(
    tmp_path: Path, change: Callable[[Facts], Facts], message: str
) -> None:
    organization = declare(tmp_path)
    facts = as_declared(organization)
    assert list(drift(organization, facts)) == []
    (found,) = drift(organization, change(facts))
    assert (found.kind, found.subject, found.message, found.command) == ("drift", "account churn/dev", message, REQUEST)


def test_a_quarantined_account_that_was_moved_out_is_to_be_quarantined_again(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    dev, prod = rows(organization)
    facts = as_declared(organization, accounts=(replace(dev, state="quarantined"), prod))
    assert list(drift(organization, facts)) == []
    (found,) = drift(organization, moved(facts, "dev"))
    assert (found.message, found.command) == (
        "stands in dev, not in quarantine",
        "headgate accounts quarantine churn",
    )


def test_a_retired_account_that_stands_elsewhere_is_shown(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    dev, prod = rows(organization)
    facts = as_declared(organization, accounts=(replace(dev, state="retired"), prod))
    assert list(drift(organization, gone(facts))) == [], "it may have left, or have been closed"
    assert list(drift(organization, closed(moved(facts, "-")))) == []
    (found,) = drift(organization, moved(facts, "dev"))
    assert found.message == "is retired, and stands in dev"


def test_an_account_in_a_teams_unit_that_nobody_vended_is_shown(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    facts = as_declared(organization)
    stranger = Member("999988887777", "stranger@example.com", "ACTIVE", "prod")
    facts = replace(facts, members={**facts.members, stranger.account_id: stranger})
    (found,) = drift(organization, facts)
    assert (found.subject, found.message) == (
        "account 999988887777",
        "stands in prod, and the catalog does not know it",
    )


def test_another_id_in_the_declaration_than_in_the_catalog_is_shown(tmp_path: Path) -> None:
    facts = as_declared(declare(tmp_path))
    organization = declare(tmp_path, accounts={"dev": {"id": "999988887777"}, "prod": {}})
    (found,) = drift(organization, facts)
    assert found.message == f"is {DEV} in the catalog, but 999988887777 in the declaration"


def test_an_account_that_is_declared_no_more_may_stand_where_it_stands(tmp_path: Path) -> None:
    facts = as_declared(declare(tmp_path))
    assert list(drift(declare(tmp_path, accounts={"prod": {}}), moved(facts, "preprod"))) == []


def test_a_guardrail_that_was_taken_off_is_put_back_by_applying(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    facts = as_declared(organization)
    policy = facts.policies["headgate-private"]
    loose = replace(policy, targets=policy.targets - {UNITS["preprod"]})
    (found,) = drift(organization, replace(facts, policies={**facts.policies, policy.name: loose}))
    assert (found.subject, found.message) == ("guardrail headgate-private", "is not attached to Preprod")
    assert found.command == "headgate accounts apply"
    assert list(loose_guardrails({}, {policy.name: loose})) == [], (
        "before there are units there is nothing to attach to"
    )


def test_a_guardrail_that_was_deleted_is_shown_and_one_that_is_optional_is_not(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    facts = as_declared(organization)
    kept = {name: each for name, each in facts.policies.items() if name != "headgate-data"}
    (found,) = drift(organization, replace(facts, policies=kept))
    assert (found.subject, found.message) == ("guardrail headgate-data", "is gone")
    without = {name: each for name, each in facts.policies.items() if name != "headgate-network-isolation"}
    assert list(drift(organization, replace(facts, policies=without))) == []
    given = deployed_with(organization)
    off = {"headgate-governance": StackFacts("UPDATE_COMPLETE", {**given, "NetworkIsolation": "false"})}
    assert list(drift(organization, replace(facts, policies=without, stacks=off))) == []
    on = {"headgate-governance": StackFacts("UPDATE_COMPLETE", {**given, "NetworkIsolation": "true"})}
    (found,) = drift(organization, replace(facts, policies=without, stacks=on))
    assert (found.subject, found.message) == ("guardrail headgate-network-isolation", "is gone")


def test_a_guardrail_that_was_changed_by_hand_is_shown_unless_the_stack_is_about_to_change_it(tmp_path: Path) -> None:
    organization = declare(tmp_path)
    stacks = {"headgate-governance": StackFacts("UPDATE_COMPLETE", deployed_with(organization))}
    facts = replace(as_declared(organization), stacks=stacks)
    assert list(drift(organization, facts)) == []
    policy = facts.policies["headgate-data"]
    edited = replace(facts, policies={**facts.policies, policy.name: replace(policy, content='{"Statement": []}')})
    (found,) = drift(organization, edited)
    assert (found.subject, found.message) == ("guardrail headgate-data", "was changed by hand")
    assert found.command == "headgate accounts apply"
    assert list(drift(organization, edited, settled=False)) == []
    (restored,) = edited_guardrails(deployed_with(organization), edited.policies)
    assert json.loads(restored.content) == json.loads(policy.content)


def test_before_the_first_apply_there_is_nothing_to_drift(tmp_path: Path) -> None:
    assert list(drift(declare(tmp_path), Facts())) == []
