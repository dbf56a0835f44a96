"""The catalog on a DynamoDB of somebody else's: its expressions, transactions and answers are DynamoDB's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from headgate.control.aws import Boto
from headgate.control.errors import CallFailed, Refused, Transient
from headgate.control.vending import catalog
from headgate.control.vending.calls import CALLS
from headgate.control.vending.values import Action, Row, State, Work
from unit.control.world import SETTINGS

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
WORK = Work(Action.PROVISION, "sales", "arn:one", NOW.isoformat(), declaration="d1", requested_by="it@example.com")
ROW = Row(
    team="sales",
    account_name="dev",
    state=State.REQUESTED,
    email="sales-dev@example.com",
    ou="Dev",
    environments=("experimentation", "dev"),
    region="eu-west-1",
    data_sets=("sales",),
    parameters={"account": {"VpcCidr": "", "BudgetUsd": "10"}},
)


@pytest.fixture
def session() -> Iterator[Any]:
    with mock_aws():
        made = boto3.Session(aws_access_key_id="none", aws_secret_access_key="none", region_name="eu-west-1")
        for name, partition, sort in (("catalog", "team", "account_name"), ("audit", "subject", "at#id")):
            made.client("dynamodb").create_table(
                TableName=f"headgate-{name}",
                BillingMode="PAY_PER_REQUEST",
                KeySchema=[
                    {"AttributeName": partition, "KeyType": "HASH"},
                    {"AttributeName": sort, "KeyType": "RANGE"},
                ],
                AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in (partition, sort)],
            )
        yield made


@pytest.fixture
def aws(session: Any) -> Boto:
    every = frozenset(call for calls in CALLS.values() for call in calls)
    made = Boto(lambda: session, every, lambda *_: "")
    assert catalog.take_lease(made, SETTINGS, "sales", "arn:one", "provision", NOW, instead_of="arn:one")
    return made


def test_an_item_comes_back_as_it_was_written(aws: Boto) -> None:
    written = catalog.write(aws, SETTINGS, WORK, None, ROW, NOW)
    assert catalog.read(aws, SETTINGS, "sales", "dev") == written
    assert written == replace(ROW, version=1, updated_at=NOW.isoformat(), execution="arn:one", declaration="d1")
    assert catalog.read(aws, SETTINGS, "sales", "prod") is None


def test_a_teams_items_are_its_accounts_alone(aws: Boto) -> None:
    for name in ("prod", "dev"):
        catalog.write(aws, SETTINGS, WORK, None, replace(ROW, account_name=name, account_id=f"id-{name}"), NOW)
    assert [row.account_name for row in catalog.of_team(aws, SETTINGS, "sales")] == ["dev", "prod"]
    assert catalog.of_team(aws, SETTINGS, "other") == ()


def test_an_item_that_has_changed_since_it_was_read_is_not_overwritten(aws: Boto) -> None:
    first = catalog.write(aws, SETTINGS, WORK, None, ROW, NOW)
    second = catalog.write(aws, SETTINGS, WORK, first, replace(first, state=State.PROVISIONING), NOW)
    with pytest.raises(Transient, match="account dev of team sales was changed in the meantime"):
        catalog.write(aws, SETTINGS, WORK, first, replace(first, state=State.ACTIVE), NOW)
    with pytest.raises(Transient):
        catalog.write(aws, SETTINGS, WORK, None, ROW, NOW)
    assert catalog.read(aws, SETTINGS, "sales", "dev") == second


def test_who_does_not_hold_the_lease_writes_nothing(aws: Boto) -> None:
    stranger = replace(WORK, execution="arn:two")
    with pytest.raises(Refused, match="another execution has taken team sales over"):
        catalog.write(aws, SETTINGS, stranger, None, ROW, NOW)
    with pytest.raises(Refused, match="another execution has taken team sales over"):
        catalog.renew_lease(aws, SETTINGS, stranger, NOW)
    assert catalog.of_team(aws, SETTINGS, "sales") == ()


def test_an_account_id_belongs_to_one_item_for_ever(aws: Boto) -> None:
    first = catalog.write(aws, SETTINGS, WORK, None, replace(ROW, account_id="1"), NOW)
    other = replace(ROW, account_name="prod", account_id="1")
    with pytest.raises(
        Refused, match="account id 1 of account prod of team sales is already in the catalog as sales/dev"
    ):
        catalog.write(aws, SETTINGS, WORK, None, other, NOW)
    catalog.write(aws, SETTINGS, WORK, first, replace(first, state=State.RETIRED), NOW)
    with pytest.raises(Refused):
        catalog.write(aws, SETTINGS, WORK, None, other, NOW)


def test_each_change_is_audited_in_the_same_transaction(aws: Boto, session: Any) -> None:
    first = catalog.write(aws, SETTINGS, WORK, None, ROW, NOW)
    catalog.write(aws, SETTINGS, WORK, first, replace(first, state=State.PROVISIONING), NOW + timedelta(seconds=1))
    with pytest.raises(Transient):
        catalog.write(aws, SETTINGS, WORK, first, replace(first, state=State.ACTIVE), NOW)
    found = session.resource("dynamodb").Table("headgate-audit").scan()["Items"]
    assert sorted((each["subject"], each["what"], each["who"]) for each in found) == [
        ("account/sales/dev", "provision: nothing to requested", "it@example.com"),
        ("account/sales/dev", "provision: requested to provisioning", "it@example.com"),
    ]
    later = max(found, key=lambda each: each["at#id"])
    assert (later["before"]["state"], later["after"]["state"]) == ("requested", "provisioning")


def test_changes_of_one_moment_are_audited_in_their_order(aws: Boto, session: Any) -> None:
    row = catalog.write(aws, SETTINGS, WORK, None, ROW, NOW)
    for _ in range(11):
        row = catalog.write(aws, SETTINGS, WORK, row, row, NOW)
    table = boto3.resource("dynamodb", region_name="eu-west-1").Table("headgate-audit")
    found = table.query(
        KeyConditionExpression="subject = :subject", ExpressionAttributeValues={":subject": "account/sales/dev"}
    )["Items"]
    assert [int(each["after"]["version"]) for each in found] == list(range(1, 13))


def test_a_lease_is_taken_by_one_until_it_is_given_back_or_runs_out(aws: Boto) -> None:
    def take(now: datetime, instead_of: str = "arn:two") -> bool:
        return catalog.take_lease(aws, SETTINGS, "sales", "arn:two", "provision", now, instead_of=instead_of)

    assert not take(NOW)
    assert not take(NOW + catalog.LEASE)
    assert take(NOW, instead_of="arn:one")
    catalog.give_lease_back(aws, SETTINGS, "sales", "arn:one")
    assert catalog.lease_of(aws, SETTINGS, "sales").owner == "arn:two"
    catalog.give_lease_back(aws, SETTINGS, "sales", "arn:two", stack_id="arn:stack", failed="digest")
    assert catalog.lease_of(aws, SETTINGS, "sales") == catalog.Lease(stack_id="arn:stack", failed="digest")
    assert catalog.take_lease(aws, SETTINGS, "sales", "arn:one", "provision", NOW, instead_of="arn:one")
    assert take(NOW + catalog.LEASE + timedelta(seconds=1))
    assert catalog.lease_of(aws, SETTINGS, "sales").stack_id == "arn:stack"


def test_another_refusal_of_dynamodbs_is_told_as_it_is(aws: Boto) -> None:
    with pytest.raises(CallFailed, match="ResourceNotFoundException"):
        catalog.write(aws, replace(SETTINGS, audit="headgate-nothing"), WORK, None, ROW, NOW)
