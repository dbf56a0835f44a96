"""The organization and its durable accounts: made once, found ever after."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from headgate.deploy.durable import DurableAccounts
from headgate.deploy.polling import Polling
from headgate.deploy.prerequisites import TRUSTED_SERVICES, prepare_organization, read_organization
from headgate.errors import FailedError, UserError
from headgate.spec.organization import DurableAccount

TOOLING = DurableAccount("tooling", "aws+tooling@example.com")
LAKE = DurableAccount("data-lake", "aws+data-lake@example.com")


def instantly(_: float) -> None:
    """A pause that takes no time."""


class Unused:
    """CloudFormation, of which only the activation of trusted access is asked."""

    def __init__(self) -> None:
        self.activated = 0
        self.shares = 0

    def activate_organizations_access(self) -> None:
        self.activated += 1

    def enable_sharing_with_aws_organization(self) -> None:
        self.shares += 1


@pytest.fixture
def organizations(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("organizations", region_name="us-east-1")


def accounts(client: Any) -> DurableAccounts:
    return DurableAccounts(client, Polling(1.0, instantly))


def test_an_organization_is_prepared_once(organizations: Any) -> None:
    assert read_organization(organizations) is None
    cloudformation, ram, told = Unused(), Unused(), []
    for _ in range(2):
        facts = prepare_organization(organizations, cloudformation, ram, "123456789012", told.append)
    assert read_organization(organizations) == facts
    assert (cloudformation.activated, ram.shares) == (1, 1), "in their own way, which makes the roles they need"
    assert len(told) == 2 + len(TRUSTED_SERVICES), "the second time nothing was left to do"
    (root,) = organizations.list_roots()["Roots"]
    assert [each["Type"] for each in root["PolicyTypes"]] == ["SERVICE_CONTROL_POLICY"]


def test_a_member_account_is_no_governance_account(organizations: Any) -> None:
    organizations.create_organization(FeatureSet="ALL")
    with pytest.raises(UserError, match="is not the management account") as raised:
        prepare_organization(organizations, Unused(), Unused(), "999988887777")
    assert "123456789012" in (raised.value.expected or "")


def test_billing_only_is_refused(organizations: Any) -> None:
    organizations.create_organization(FeatureSet="CONSOLIDATED_BILLING")
    with pytest.raises(UserError, match="consolidated billing only"):
        prepare_organization(organizations, Unused(), Unused(), "123456789012")


def test_missing_accounts_are_created_once(organizations: Any) -> None:
    organizations.create_organization(FeatureSet="ALL")
    assert accounts(organizations).find([TOOLING, LAKE]) == {"tooling": None, "data-lake": None}
    first = accounts(organizations).ensure([TOOLING, LAKE])
    assert accounts(organizations).ensure([TOOLING, LAKE]) == first
    assert len(organizations.list_accounts()["Accounts"]) == 3


def test_an_account_that_exists_is_taken_by_its_id(organizations: Any) -> None:
    organizations.create_organization(FeatureSet="ALL")
    made = accounts(organizations).ensure([TOOLING])["tooling"]
    assert accounts(organizations).ensure([DurableAccount("tooling", "other@example.com", made)]) == {"tooling": made}


def test_an_id_of_somebody_elses_account_is_refused(organizations: Any) -> None:
    organizations.create_organization(FeatureSet="ALL")
    with pytest.raises(UserError, match="999988887777 is not in this organization"):
        accounts(organizations).find([DurableAccount("tooling", None, "999988887777")])


def test_an_account_is_placed_once(organizations: Any) -> None:
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    unit = organizations.create_organizational_unit(ParentId=root["Id"], Name="Durable")["OrganizationalUnit"]["Id"]
    made = accounts(organizations).ensure([TOOLING])["tooling"]
    assert accounts(organizations).place(made, unit)
    assert not accounts(organizations).place(made, unit)


class Refusing:
    """Organizations that began to create an account and then gives it up."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def get_paginator(self, name: str) -> Any:
        begun = {"CreateAccountStatuses": [{"Id": "car-1", "State": "IN_PROGRESS", "AccountName": "tooling"}]}
        page = {"list_accounts": {"Accounts": []}, "list_create_account_status": begun}[name]
        return type("Pages", (), {"paginate": lambda *_, **__: [page]})()

    def describe_create_account_status(self, CreateAccountRequestId: str) -> Any:  # noqa: N803
        assert CreateAccountRequestId == "car-1", "the creation that was begun is waited for"
        return {"CreateAccountStatus": {"Id": "car-1", "State": "FAILED", "FailureReason": self.reason}}


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("ACCOUNT_LIMIT_EXCEEDED", "a higher quota"),
        ("EMAIL_ALREADY_EXISTS", "another address than aws\\+tooling@example.com"),
        ("CONCURRENT_ACCOUNT_MODIFICATION", "the same again in a while"),
    ],
)
def test_a_refused_creation_says_what_would_help(reason: str, expected: str) -> None:
    with pytest.raises(FailedError, match=reason) as raised:
        accounts(Refusing(reason)).ensure([TOOLING])
    assert raised.value.expected is not None
    assert expected.replace("\\", "") in raised.value.expected
