"""Portfolios, products, versions, constraints, shares, and who sees what."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from unit.localcloud.servicecatalog.world import (
    ACCOUNT,
    ADMIN,
    LAUNCH_ROLE,
    MEMBER,
    PERSON,
    ROLE,
    URL,
    World,
)

MEMBER_ADMIN = replace(ADMIN, account=MEMBER, principal=f"arn:aws:sts::{MEMBER}:assumed-role/admin/lead")


def version(url: str, **more: str) -> Any:
    return {"ProvisioningArtifactParameters": {"Info": {"LoadTemplateFromURL": url}, **more}}


def names(world: World, caller: Any = PERSON) -> list[str]:
    return [one["Name"] for one in world.call("SearchProducts", caller)["ProductViewSummaries"]]


def test_only_associated_principals_see_a_product(world: World) -> None:
    portfolio, product, version = world.shelf()
    assert names(world) == ["thing"]
    assert names(world, ADMIN) == []
    for operation, parameters in (
        ("DescribeProduct", {"Id": product}),
        ("ListLaunchPaths", {"ProductId": product}),
        ("DescribeProvisioningParameters", {"ProductId": product, "ProvisioningArtifactId": version}),
    ):
        world.call(operation, PERSON, **parameters)
        with pytest.raises(AwsError, match="ResourceNotFoundException: No launch paths found"):
            world.call(operation, ADMIN, **parameters)
    with pytest.raises(AwsError, match="No launch paths found"):
        world.provision(product, version, caller=ADMIN)
    gone = {"PortfolioId": portfolio, "PrincipalARN": ROLE, "PrincipalType": "IAM"}
    world.call("DisassociatePrincipalFromPortfolio", **gone)
    assert names(world) == []
    with pytest.raises(AwsError, match="is not associated"):
        world.call("DisassociatePrincipalFromPortfolio", **gone)


@pytest.mark.parametrize(
    ("pattern", "seen"),
    [
        ("arn:aws:iam:::role/headgate/*", True),
        ("arn:aws:iam:::role/headgate/it", True),
        ("arn:aws:iam:::role/*", True),
        ("arn:aws:iam:::role/it", False),
        ("arn:aws:iam:::role/other/*", False),
    ],
)
def test_a_pattern_means_roles_with_their_path(world: World, pattern: str, seen: bool) -> None:
    portfolio = world.portfolio()
    world.product(portfolio)
    world.call(
        "AssociatePrincipalWithPortfolio", PortfolioId=portfolio, PrincipalARN=pattern, PrincipalType="IAM_PATTERN"
    )
    assert (names(world) == ["thing"]) is seen


def test_a_role_without_a_path_and_a_user_are_known_by_their_arn(world: World) -> None:
    portfolio = world.portfolio()
    world.product(portfolio)
    for arn in (f"arn:aws:iam::{ACCOUNT}:role/plain", f"arn:aws:iam::{ACCOUNT}:user/ana"):
        world.call("AssociatePrincipalWithPortfolio", PortfolioId=portfolio, PrincipalARN=arn, PrincipalType="IAM")
    assert names(world, replace(PERSON, principal=f"arn:aws:sts::{ACCOUNT}:assumed-role/plain/x")) == ["thing"]
    assert names(world, replace(PERSON, principal=f"arn:aws:iam::{ACCOUNT}:user/ana")) == ["thing"]
    assert names(world) == []
    listed = world.call("ListPrincipalsForPortfolio", PortfolioId=portfolio)["Principals"]
    assert [one["PrincipalType"] for one in listed] == ["IAM", "IAM"]


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/*", "IAM"),
        ("arn:aws:iam:::role/a", "IAM"),
        (f"arn:aws:iam::{ACCOUNT}:role/a*", "IAM_PATTERN"),
        ("it", "IAM"),
    ],
)
def test_principals_that_cannot_be(world: World, arn: str, kind: str) -> None:
    with pytest.raises(AwsError, match="is not the ARN of a principal"):
        world.call(
            "AssociatePrincipalWithPortfolio", PortfolioId=world.portfolio(), PrincipalARN=arn, PrincipalType=kind
        )


def test_a_portfolio_is_described_updated_and_deleted_when_it_is_empty(world: World) -> None:
    portfolio, product, _ = world.shelf()
    world.call(
        "UpdatePortfolio",
        Id=portfolio,
        DisplayName="New",
        AddTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    )
    told = world.call("UpdatePortfolio", Id=portfolio, RemoveTags=["a"])
    assert told["Tags"] == [{"Key": "b", "Value": "2"}]
    described = world.call("DescribePortfolio", Id=portfolio)["PortfolioDetail"]
    assert (described["DisplayName"], described["ARN"]) == (
        "New",
        f"arn:aws:catalog:eu-west-1:{ACCOUNT}:portfolio/{portfolio}",
    )
    with pytest.raises(AwsError, match=r"ResourceInUseException.*products, principals, constraints"):
        world.call("DeletePortfolio", Id=portfolio)
    with pytest.raises(AwsError, match="has a constraint"):
        world.call("DisassociateProductFromPortfolio", PortfolioId=portfolio, ProductId=product)
    constraint = world.call("ListConstraintsForPortfolio", PortfolioId=portfolio)["ConstraintDetails"][0][
        "ConstraintId"
    ]
    world.call("DeleteConstraint", Id=constraint)
    world.call("DisassociateProductFromPortfolio", PortfolioId=portfolio, ProductId=product)
    with pytest.raises(AwsError, match="is not associated with"):
        world.call("DisassociateProductFromPortfolio", PortfolioId=portfolio, ProductId=product)
    world.call("DisassociatePrincipalFromPortfolio", PortfolioId=portfolio, PrincipalARN=ROLE, PrincipalType="IAM")
    world.call("DeletePortfolio", Id=portfolio)
    assert world.call("ListPortfolios")["PortfolioDetails"] == []
    with pytest.raises(AwsError, match=r"Portfolio .* not found"):
        world.call("DescribePortfolio", Id=portfolio)


def test_a_product_is_described_updated_and_deleted_when_nobody_has_it(world: World) -> None:
    portfolio = world.portfolio()
    product, version = world.product(portfolio, Description="makes things", Tags=[{"Key": "a", "Value": "1"}])
    world.call("UpdateProduct", Id=product, Owner="other")
    told = world.call("DescribeProductAsAdmin", Name="thing")
    assert told["ProductViewDetail"]["ProductViewSummary"]["Owner"] == "other"
    assert [one["Id"] for one in told["ProvisioningArtifactSummaries"]] == [version]
    assert [one["Id"] for one in world.call("ListPortfoliosForProduct", ProductId=product)["PortfolioDetails"]] == [
        portfolio
    ]
    with pytest.raises(AwsError, match="still in a portfolio"):
        world.call("DeleteProduct", Id=product)
    world.call("DisassociateProductFromPortfolio", PortfolioId=portfolio, ProductId=product)
    world.call("DeleteProduct", Id=product)
    with pytest.raises(AwsError, match="not found"):
        world.call("DescribeProductAsAdmin", Id=product)
    with pytest.raises(AwsError, match="not found"):
        world.call("DescribeProductAsAdmin", Name="thing")
    assert world.documents.list("catalog-version") == []


def test_products_are_searched(world: World) -> None:
    portfolio = world.portfolio()
    world.product(portfolio, "beta", Description="second")
    world.product(name="alpha")
    world.call("AssociatePrincipalWithPortfolio", PortfolioId=portfolio, PrincipalARN=ROLE, PrincipalType="IAM")
    assert names(world) == ["beta"]

    def found(**request: Any) -> list[str]:
        listed = world.call("SearchProductsAsAdmin", **request)["ProductViewDetails"]
        return [one["ProductViewSummary"]["Name"] for one in listed]

    assert found() == ["alpha", "beta"]
    assert found(PortfolioId=portfolio) == ["beta"]
    assert found(Filters={"FullTextSearch": ["SECOND"]}) == ["beta"]
    assert found(Filters={"Owner": ["platform"], "ProductType": ["MARKETPLACE"]}) == []
    assert found(SortBy="CreationDate", SortOrder="DESCENDING") == ["beta", "alpha"]
    with pytest.raises(AwsError, match="filter SourceProductId"):
        found(Filters={"SourceProductId": ["x"]})
    with pytest.raises(AwsError, match="sorting products by VersionCount"):
        found(SortBy="VersionCount")


def test_versions_are_deprecated_deactivated_and_deleted(world: World) -> None:
    _, product, first = world.shelf()
    second = world.call(
        "CreateProvisioningArtifact",
        ProductId=product,
        Parameters={"Name": "v2", "Description": "better", "Info": {"LoadTemplateFromURL": URL}},
        IdempotencyToken="v2",
    )["ProvisioningArtifactDetail"]["Id"]
    change = {"ProductId": product, "ProvisioningArtifactId": first}
    world.call("UpdateProvisioningArtifact", **change, Guidance="DEPRECATED", Active=False)
    listed = world.call("ListProvisioningArtifacts", ProductId=product)["ProvisioningArtifactDetails"]
    assert [(one["Name"], one["Active"], one["Guidance"]) for one in listed] == [
        ("v1", False, "DEPRECATED"),
        ("v2", True, "DEFAULT"),
    ]
    seen = world.call("DescribeProduct", PERSON, Name="thing")
    assert [one["Name"] for one in seen["ProvisioningArtifacts"]] == ["v2"]
    view = world.call("DescribeProductView", PERSON, Id=seen["ProductViewSummary"]["Id"])
    assert view["ProductViewSummary"] == seen["ProductViewSummary"]
    with pytest.raises(AwsError, match="is not active"):
        world.provision(product, first)
    world.call("DeleteProvisioningArtifact", **change)
    with pytest.raises(AwsError, match="only version"):
        world.call("DeleteProvisioningArtifact", ProductId=product, ProvisioningArtifactId=second)
    with pytest.raises(AwsError, match=r"Provisioning artifact .* not found"):
        world.call("DeleteProvisioningArtifact", **change)


def test_a_version_keeps_the_template_that_it_was_made_of(world: World) -> None:
    _, product, version = world.shelf()
    world.aws.objects.clear()
    told = world.call(
        "DescribeProvisioningArtifact",
        ProductId=product,
        ProvisioningArtifactId=version,
        Verbose=True,
        IncludeProvisioningArtifactParameters=True,
    )
    assert told["Info"] == {"TemplateUrl": URL, "CloudFormationTemplate": '{"Resources": {}}'}
    assert told["ProvisioningArtifactParameters"][0]["ParameterKey"] == "Team"
    shown = world.call("DescribeProvisioningArtifact", PERSON, ProductName="thing", ProvisioningArtifactName="v1")
    assert shown["ProvisioningArtifactDetail"]["Id"] == version


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ProductType": "MARKETPLACE"}, "UnsupportedByLocalCloud"),
        ({"ProvisioningArtifactParameters": {"Info": {}}}, "LoadTemplateFromURL"),
        (version("s3://templates/thing.json"), "not the URL"),
        (version(f"{URL}x"), "cannot be read"),
        (version(URL.replace("thing", "huge")), "above 51200"),
        (version(URL, Type="EXTERNAL"), "type EXTERNAL"),
    ],
)
def test_products_that_cannot_be(world: World, change: Any, message: str) -> None:
    world.aws.objects["templates/huge.json"] = b"x" * 60_000
    given = {
        "Name": "thing",
        "Owner": "platform",
        "ProductType": "CLOUD_FORMATION_TEMPLATE",
        "ProvisioningArtifactParameters": {"Info": {"LoadTemplateFromURL": URL}},
        "IdempotencyToken": "t",
    }
    with pytest.raises(AwsError, match=message):
        world.call("CreateProduct", **{**given, **change})
    assert world.documents.list("catalog-product") == []


def test_a_constraint_names_one_launch_role(world: World) -> None:
    portfolio, product, version = world.shelf()
    with pytest.raises(AwsError, match="DuplicateResourceException"):
        world.launch_role(portfolio, product)
    listed = world.call("ListConstraintsForPortfolio", PortfolioId=portfolio, ProductId=product)["ConstraintDetails"]
    constraint = listed[0]["ConstraintId"]
    world.call("UpdateConstraint", Id=constraint, Parameters=json.dumps({"LocalRoleName": "local"}))
    told = world.call("DescribeConstraint", Id=constraint)
    assert told["ConstraintParameters"] == '{"LocalRoleName": "local"}'
    record = world.provision(product, version)
    assert (
        world.call("DescribeRecord", PERSON, Id=record)["RecordDetail"]["LaunchRoleArn"]
        == f"arn:aws:iam::{ACCOUNT}:role/local"
    )


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        ("TEMPLATE", "{}", "type TEMPLATE"),
        ("LAUNCH", "{", "not JSON"),
        ("LAUNCH", "{}", "RoleArn"),
        ("LAUNCH", '{"RoleArn": "role"}', "does not name a role"),
        ("LAUNCH", '{"LocalRoleName": "a b"}', "does not name a role"),
        ("LAUNCH", json.dumps({"RoleArn": LAUNCH_ROLE, "LocalRoleName": "a"}), "RoleArn"),
    ],
)
def test_constraints_that_cannot_be(world: World, kind: str, parameters: str, message: str) -> None:
    portfolio = world.portfolio()
    product, _ = world.product(portfolio)
    with pytest.raises(AwsError, match=message):
        world.call(
            "CreateConstraint",
            PortfolioId=portfolio,
            ProductId=product,
            Type=kind,
            Parameters=parameters,
            IdempotencyToken="t",
        )


def test_a_launch_needs_a_role_of_the_account(world: World) -> None:
    portfolio = world.portfolio()
    product, version = world.product(portfolio)
    world.call("AssociatePrincipalWithPortfolio", PortfolioId=portfolio, PrincipalARN=ROLE, PrincipalType="IAM")
    with pytest.raises(AwsError, match="without a LAUNCH constraint"):
        world.provision(product, version)
    world.launch_role(portfolio, product, {"RoleArn": LAUNCH_ROLE.replace(ACCOUNT, MEMBER)})
    with pytest.raises(AwsError, match="the role of another account"):
        world.provision(product, version)


def test_of_several_paths_one_has_to_be_named(world: World) -> None:
    _, product, version = world.shelf()
    other = world.portfolio(Tags=[{"Key": "from", "Value": "other"}])
    world.call("AssociateProductWithPortfolio", PortfolioId=other, ProductId=product)
    world.launch_role(other, product)
    world.call("AssociatePrincipalWithPortfolio", PortfolioId=other, PrincipalARN=ROLE, PrincipalType="IAM")
    paths = world.call("ListLaunchPaths", PERSON, ProductId=product)["LaunchPathSummaries"]
    assert len(paths) == 2
    with pytest.raises(AwsError, match="give one of"):
        world.provision(product, version)
    with pytest.raises(AwsError, match="Launch path nowhere not found"):
        world.provision(product, version, PathId="nowhere")
    world.provision(product, version, PathId=f"lpv3-{other.removeprefix('port-')}")
    assert world.asked_for("create_stack")[0]["Tags"] == [{"Key": "from", "Value": "other"}]


def test_everything_survives_a_killed_daemon(world: World) -> None:
    world.shelf()
    world.kill()
    assert names(world) == ["thing"]


def test_lists_come_in_pages(world: World) -> None:
    made = [world.portfolio() for _ in range(3)]
    first = world.call("ListPortfolios", PageSize=2)
    rest = world.call("ListPortfolios", PageSize=2, PageToken=first["NextPageToken"])
    assert [one["Id"] for one in first["PortfolioDetails"] + rest["PortfolioDetails"]] == made
    with pytest.raises(AwsError, match="PageToken"):
        world.call("ListPortfolios", PageToken="foreign")


@pytest.mark.parametrize(
    ("operation", "parameters", "message"),
    [
        ("DescribeProduct", {}, "either the product's id or its name"),
        ("DescribeProduct", {"Id": "prod-none"}, "No launch paths found"),
        ("DescribeProductView", {"Id": "prodview-none"}, "not found"),
        ("DescribeProvisionedProduct", {}, "either the provisioned product's id or its name"),
        ("DescribeProvisionedProduct", {"Id": "pp-none"}, "not found"),
        ("DescribeRecord", {"Id": "rec-none"}, "Record rec-none not found"),
        ("DescribePortfolioShares", {"PortfolioId": "p", "Type": "ORGANIZATION_MEMBER_ACCOUNT"}, "ORGANIZATION_MEMBER"),
        ("AssociateProductWithPortfolio", {"PortfolioId": "p", "ProductId": "q", "SourcePortfolioId": "r"},
         "SourcePortfolioId"),
        ("CreateTagOption", {"Key": "k", "Value": "v"}, "UnsupportedByLocalCloud.*CreateTagOption"),
    ],
)  # fmt: skip
def test_what_is_not_there_or_not_possible(world: World, operation: str, parameters: Any, message: str) -> None:
    with pytest.raises(AwsError, match=message):
        world.call(operation, PERSON, **parameters)
