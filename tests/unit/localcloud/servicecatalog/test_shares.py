"""Portfolios that other accounts use."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from unit.localcloud.servicecatalog.world import ACCOUNT, ADMIN, MEMBER, MEMBER_PERSON, PERSON, ROLE, World

MEMBER_ADMIN = replace(ADMIN, account=MEMBER, principal=f"arn:aws:sts::{MEMBER}:assumed-role/admin/lead")


def names(world: World, caller: Any = PERSON) -> list[str]:
    return [one["Name"] for one in world.call("SearchProducts", caller)["ProductViewSummaries"]]


def test_a_shared_portfolio_is_used_once_it_is_accepted(world: World) -> None:
    portfolio, product, version = world.shelf()
    constraint = world.call("ListConstraintsForPortfolio", PortfolioId=portfolio)["ConstraintDetails"][0][
        "ConstraintId"
    ]
    world.call("UpdateConstraint", Id=constraint, Parameters='{"LocalRoleName": "local"}')
    with pytest.raises(AwsError, match="not found in account"):
        world.call("AcceptPortfolioShare", MEMBER_ADMIN, PortfolioId=portfolio)
    assert world.call("CreatePortfolioShare", PortfolioId=portfolio, AccountId=MEMBER) == {}
    role = ROLE.replace(ACCOUNT, MEMBER)
    world.call(
        "AssociatePrincipalWithPortfolio", MEMBER_ADMIN, PortfolioId=portfolio, PrincipalARN=role, PrincipalType="IAM"
    )
    assert names(world, MEMBER_PERSON) == []
    world.call("AcceptPortfolioShare", MEMBER_ADMIN, PortfolioId=portfolio)
    assert names(world, MEMBER_PERSON) == ["thing"]
    shares = world.call("DescribePortfolioShares", PortfolioId=portfolio, Type="ACCOUNT")["PortfolioShareDetails"]
    assert [(one["PrincipalId"], one["Accepted"]) for one in shares] == [(MEMBER, True)]
    assert world.call("ListPortfolioAccess", PortfolioId=portfolio)["AccountIds"] == [MEMBER]
    assert len(world.call("ListAcceptedPortfolioShares", MEMBER_ADMIN)["PortfolioDetails"]) == 1
    record = world.provision(product, version, caller=MEMBER_PERSON)
    told = world.call("DescribeRecord", MEMBER_PERSON, Id=record)["RecordDetail"]
    assert told["LaunchRoleArn"] == f"arn:aws:iam::{MEMBER}:role/local"
    with pytest.raises(AwsError, match="not found"):
        world.call("DescribeRecord", PERSON, Id=record)
    world.call("RejectPortfolioShare", MEMBER_ADMIN, PortfolioId=portfolio)
    assert names(world, MEMBER_PERSON) == []
    with pytest.raises(AwsError, match="has not accepted"):
        world.call("RejectPortfolioShare", MEMBER_ADMIN, PortfolioId=portfolio)
    world.call("DeletePortfolioShare", PortfolioId=portfolio, AccountId=MEMBER)
    with pytest.raises(AwsError, match="is not shared with"):
        world.call("DeletePortfolioShare", PortfolioId=portfolio, AccountId=MEMBER)


def test_an_organizations_accounts_need_not_accept(world: World) -> None:
    portfolio, _, _ = world.shelf()
    world.call(
        "AssociatePrincipalWithPortfolio",
        PortfolioId=portfolio,
        PrincipalARN="arn:aws:iam:::role/headgate/it",
        PrincipalType="IAM_PATTERN",
    )
    node = {"Type": "ORGANIZATIONAL_UNIT", "Value": "ou-abcd-12345678"}
    share = {"PortfolioId": portfolio, "OrganizationNode": node, "SharePrincipals": True}
    with pytest.raises(AwsError, match="InvalidStateException"):
        world.call("CreatePortfolioShare", **share)
    world.call("EnableAWSOrganizationsAccess")
    assert world.call("GetAWSOrganizationsAccessStatus") == {"AccessStatus": "ENABLED"}
    token = world.call("CreatePortfolioShare", **share)["PortfolioShareToken"]
    status = world.call("DescribePortfolioShareStatus", PortfolioShareToken=token)
    assert (status["Status"], status["OrganizationNodeValue"]) == ("COMPLETED", "ou-abcd-12345678")
    assert names(world, MEMBER_PERSON) == []
    world.ways[MEMBER] = ("o-example", "r-abcd", "ou-abcd-12345678")
    assert names(world, MEMBER_PERSON) == ["thing"]
    listed = world.call("ListAcceptedPortfolioShares", MEMBER_ADMIN, PortfolioShareType="AWS_ORGANIZATIONS")
    assert len(listed["PortfolioDetails"]) == 1
    empty = world.call("ListAcceptedPortfolioShares", MEMBER_ADMIN, PortfolioShareType="AWS_SERVICECATALOG")
    assert empty["PortfolioDetails"] == []
    shares = world.call("DescribePortfolioShares", PortfolioId=portfolio, Type="ORGANIZATIONAL_UNIT")
    assert shares["PortfolioShareDetails"][0]["Accepted"]
    world.call("DisableAWSOrganizationsAccess")
    assert world.call("GetAWSOrganizationsAccessStatus") == {"AccessStatus": "DISABLED"}


@pytest.mark.parametrize(
    ("receiver", "message"),
    [
        ({}, "either AccountId or OrganizationNode"),
        (
            {"OrganizationNode": {"Type": "ORGANIZATION", "Value": "ou-abcd-12345678"}},
            "is not the id of an ORGANIZATION",
        ),
        ({"AccountId": MEMBER, "ShareTagOptions": True}, "TagOptions"),
    ],
)
def test_shares_that_cannot_be(world: World, receiver: Any, message: str) -> None:
    with pytest.raises(AwsError, match=message):
        world.call("CreatePortfolioShare", PortfolioId=world.portfolio(), **receiver)
