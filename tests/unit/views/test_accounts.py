"""The organization as people look at it, read from the services as they answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from headgate.views.accounts import (
    AccountView,
    AuditEntry,
    Member,
    StackInstance,
    read_audit,
    read_catalog,
    read_instances,
    read_members,
    read_policies,
    read_units,
)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield lambda service: boto3.client(service, region_name="us-east-1")


def make_table(dynamodb: Any, name: str, partition: str, sort: str) -> None:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": "S"} for each in (partition, sort)],
        BillingMode="PAY_PER_REQUEST",
    )


def put(dynamodb: Any, team: str, name: str, **more: Any) -> None:
    item = {"team": {"S": team}, "account_name": {"S": name}, "state": {"S": "active"}, **more}
    dynamodb.put_item(TableName="headgate-catalog", Item=item)


def test_the_catalog_is_its_accounts_and_not_its_leases(aws: Any) -> None:
    dynamodb = aws("dynamodb")
    make_table(dynamodb, "headgate-catalog", "team", "account_name")
    put(dynamodb, "churn", "prod", account_id={"S": "740000000000"}, environments={"L": [{"S": "prod"}]})
    put(
        dynamodb,
        "churn",
        "dev",
        ou={"S": "Dev"},
        adopted={"BOOL": True},
        reason={"S": "why"},
        account_id={"NULL": True},
    )
    put(dynamodb, "#lease", "churn", owner={"S": "execution"})
    put(dynamodb, "alone", "dev")
    views = read_catalog(dynamodb)
    assert [(view.team, view.name) for view in views] == [("alone", "dev"), ("churn", "dev"), ("churn", "prod")]
    assert views[1] == AccountView("churn", "dev", "active", None, (), "", "Dev", "", reason="why", adopted=True)
    assert views[2].environments == ("prod",)
    assert [view.name for view in read_catalog(dynamodb, "churn")] == ["dev", "prod"]
    assert (views[1].label, views[1].subject) == ("account churn/dev", "account/churn/dev")


def test_an_account_that_is_set_apart_is_shown_where_it_stands(aws: Any) -> None:
    dynamodb = aws("dynamodb")
    make_table(dynamodb, "headgate-catalog", "team", "account_name")
    for name, state in (("a", "active"), ("b", "quarantined"), ("c", "retired")):
        put(dynamodb, "churn", name, ou={"S": "Dev"}, state={"S": state})
    assert [view.unit for view in read_catalog(dynamodb)] == ["Dev", "Quarantine", "Retired"]


def test_before_the_first_deployment_the_catalog_is_empty(aws: Any) -> None:
    assert read_catalog(aws("dynamodb")) == ()
    assert read_catalog(aws("dynamodb"), "churn") == ()


def test_a_catalog_that_may_not_be_read_is_no_empty_one() -> None:
    class Refusing:
        def get_paginator(self, name: str) -> Any:
            refused = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, name)
            return type("Pages", (), {"paginate": lambda *_, **__: (_ for _ in [0] if raises(refused))})()

    def raises(error: Exception) -> bool:
        raise error

    with pytest.raises(ClientError, match="AccessDenied"):
        read_catalog(Refusing())


def test_the_audit_of_an_account_is_in_the_order_of_time(aws: Any) -> None:
    dynamodb = aws("dynamodb")
    make_table(dynamodb, "headgate-audit", "subject", "at#id")
    for at, what in (("2026-02-01T00:00:00#b", "retire"), ("2026-01-01T00:00:00#a", "provision")):
        item = {
            "subject": {"S": "account/churn/dev"},
            "at#id": {"S": at},
            "who": {"S": "somebody"},
            "what": {"S": what},
        }
        dynamodb.put_item(TableName="headgate-audit", Item=item)
    view = AccountView("churn", "dev", "active", None, (), "", "", "")
    assert read_audit(dynamodb, view) == (
        AuditEntry("2026-01-01T00:00:00", "somebody", "provision", ""),
        AuditEntry("2026-02-01T00:00:00", "somebody", "retire", ""),
    )


def test_units_are_known_by_their_names_in_lower_case(aws: Any) -> None:
    ssm = aws("ssm")
    assert read_units(ssm) == {}
    ssm.put_parameter(Name="/headgate/organization/units/dev", Value="ou-1", Type="String")
    assert read_units(ssm) == {"dev": "ou-1"}


def test_members_know_their_unit(aws: Any) -> None:
    organizations = aws("organizations")
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    unit = organizations.create_organizational_unit(ParentId=root["Id"], Name="Dev")["OrganizationalUnit"]["Id"]
    made = organizations.create_account(Email="dev@example.com", AccountName="dev")["CreateAccountStatus"]["AccountId"]
    organizations.move_account(AccountId=made, SourceParentId=root["Id"], DestinationParentId=unit)
    members = read_members(organizations, {"dev": unit})
    assert members[made] == Member(made, "dev@example.com", "ACTIVE", "dev")
    assert members["123456789012"].unit == "-"


def test_policies_are_headgates_own_with_what_they_are_attached_to(aws: Any) -> None:
    organizations = aws("organizations")
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    for name in ("headgate-data", "somebody-elses"):
        made = organizations.create_policy(
            Name=name,
            Description=name,
            Type="SERVICE_CONTROL_POLICY",
            Content=json.dumps({"Version": "2012-10-17", "Statement": []}),
        )["Policy"]["PolicySummary"]["Id"]
        organizations.attach_policy(PolicyId=made, TargetId=root["Id"])
    (policy,) = read_policies(organizations).values()
    assert (policy.name, policy.targets) == ("headgate-data", {root["Id"]})


class Sets:
    """StackSets of which one is there."""

    def __init__(self, code: str) -> None:
        self.code = code

    def get_paginator(self, _: str) -> Any:
        code = self.code

        class Pages:
            def paginate(self, StackSetName: str) -> Iterator[Any]:  # noqa: N803
                if StackSetName != "headgate-guard":
                    raise ClientError({"Error": {"Code": code, "Message": "no"}}, "ListStackInstances")
                yield {"Summaries": [{"Account": "1", "Status": "OUTDATED", "StatusReason": "why"}]}
                yield {"Summaries": [{"Account": "2", "Status": "CURRENT"}]}

        return Pages()


def test_instances_are_those_of_the_stack_sets_that_are_there() -> None:
    assert read_instances(Sets("StackSetNotFoundException")) == (
        StackInstance("headgate-guard", "1", "OUTDATED", "why"),
        StackInstance("headgate-guard", "2", "CURRENT"),
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        read_instances(Sets("AccessDenied"))
