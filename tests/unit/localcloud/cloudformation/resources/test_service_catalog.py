"""Service Catalog's resource types: the calls that they make, checked by botocore against the API's shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import boto3
import pytest

from headgate.localcloud.cloudformation.resources import registry
from headgate.localcloud.cloudformation.types import Context, Physical, ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import action, permissions, wait

PORTFOLIO, PRODUCT = "AWS::ServiceCatalog::Portfolio", "AWS::ServiceCatalog::CloudFormationProduct"
PRODUCT_IN = "AWS::ServiceCatalog::PortfolioProductAssociation"
PRINCIPAL_IN = "AWS::ServiceCatalog::PortfolioPrincipalAssociation"
LAUNCH = "AWS::ServiceCatalog::LaunchRoleConstraint"


@dataclass
class Catalog:
    """A client whose requests are checked and kept, and answered from `answers` by operation."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Json]] = field(default_factory=list)
    missing: bool = False

    def client(self, service: str) -> Any:
        made: Any = boto3.client(
            service,  # type: ignore[call-overload]
            region_name="eu-west-1",
            aws_access_key_id="HEADGATE111111111111",
            aws_secret_access_key="secret",
        )
        made.meta.events.register("before-call", self._answer)
        return made

    def _answer(self, model: Any, params: Any, **_: Any) -> Any:
        self.asked.append((model.name, json.loads(params["body"])))
        status = 400 if self.missing else 200
        answer = self.answers.get(model.name, {})
        if self.missing:
            answer = {"Error": {"Code": "ResourceNotFoundException", "Message": "it is gone"}}
        return _Response(status), {**answer, "ResponseMetadata": {"HTTPStatusCode": status}}

    def context(self, **changes: Any) -> Context:
        made = Context(
            self.client, "111111111111", "eu-west-1", "governance", "arn", "Thing", "token", wait, {"team": "alpha"}
        )
        return replace(made, **changes)

    def of(self, operation: str) -> list[Json]:
        return [members for name, members in self.asked if name == operation]


@dataclass
class _Response:
    status_code: int


def create(catalog: Catalog, kind: str, properties: Json) -> Physical:
    made = registry()[kind].create(catalog.context(), properties)
    check_permissions(catalog, kind)
    return made


def update(catalog: Catalog, kind: str, thing: Physical, old: Json, new: Json) -> Physical:
    catalog.asked.clear()
    made = registry()[kind].update(catalog.context(previous_tags={"gone": "x"}), thing.id, old, new)
    check_permissions(catalog, kind)
    return made


def delete(catalog: Catalog, kind: str, thing: Physical, properties: Json) -> None:
    catalog.asked.clear()
    registry()[kind].delete(catalog.context(), thing.id, properties)
    check_permissions(catalog, kind)
    catalog.missing = True
    registry()[kind].delete(catalog.context(), thing.id, properties)


def check_permissions(catalog: Catalog, kind: str) -> None:
    assert {action("servicecatalog", name) for name, _ in catalog.asked} <= permissions(kind)


def test_a_portfolio_is_made_described_anew_and_deleted() -> None:
    catalog = Catalog({"CreatePortfolio": {"PortfolioDetail": {"Id": "port-1"}}})
    old = {"DisplayName": "Headgate", "ProviderName": "platform team", "Description": "first"}
    made = create(catalog, PORTFOLIO, {**old, "Tags": [{"Key": "a", "Value": "b"}]})
    assert made == Physical("port-1", {"Id": "port-1", "PortfolioName": "Headgate"})
    (asked,) = catalog.of("CreatePortfolio")
    assert asked["Tags"] == [{"Key": "team", "Value": "alpha"}, {"Key": "a", "Value": "b"}]
    assert asked["IdempotencyToken"] == "token"
    new = {"DisplayName": "Headgate 2", "ProviderName": "platform team"}
    update(catalog, PORTFOLIO, made, old, new)
    (asked,) = catalog.of("UpdatePortfolio")
    assert (asked["Id"], asked["DisplayName"], asked["Description"]) == ("port-1", "Headgate 2", "")
    assert (asked["AddTags"], asked["RemoveTags"]) == ([{"Key": "team", "Value": "alpha"}], ["gone"])
    delete(catalog, PORTFOLIO, made, new)
    assert catalog.of("DeletePortfolio")[0] == {"Id": "port-1"}


def versions(*names: str) -> Json:
    found = [{"Id": f"pa-{name}", "Name": name} for name in names]
    return {"ProvisioningArtifactDetails": found}


def artifact(name: str) -> Json:
    return {"Name": name, "Info": {"LoadTemplateFromURL": f"https://assets.example.com/{name}"}}


def test_a_product_has_its_versions() -> None:
    summary = {"ProductViewDetail": {"ProductViewSummary": {"ProductId": "prod-1"}}}
    catalog = Catalog({"CreateProduct": summary, "ListProvisioningArtifacts": versions("one", "two")})
    old = {
        "Name": "ML account set",
        "Owner": "platform team",
        "ProvisioningArtifactParameters": [artifact("one"), {**artifact("two"), "DisableTemplateValidation": False}],
    }
    made = create(catalog, PRODUCT, old)
    assert made.id == "prod-1"
    assert made.attributes["ProvisioningArtifactIds"] == "pa-one,pa-two"
    assert made.attributes["ProvisioningArtifactNames"] == "one,two"
    (asked,) = catalog.of("CreateProduct")
    assert asked["ProductType"] == "CLOUD_FORMATION_TEMPLATE"
    assert asked["ProvisioningArtifactParameters"] == {**artifact("one"), "Type": "CLOUD_FORMATION_TEMPLATE"}
    (added,) = catalog.of("CreateProvisioningArtifact")
    assert (added["ProductId"], added["Parameters"]["Name"]) == ("prod-1", "two")


@pytest.mark.parametrize(("replaces", "deleted"), [(False, []), (True, ["pa-one"])])
def test_a_new_version_joins_the_old_ones_or_replaces_them(replaces: bool, deleted: list[str]) -> None:
    catalog = Catalog({"ListProvisioningArtifacts": versions("one")})
    old = {"Name": "p", "Owner": "o", "ProvisioningArtifactParameters": [artifact("one")]}
    new = {**old, "ProvisioningArtifactParameters": [artifact("two")], "ReplaceProvisioningArtifacts": replaces}
    update(catalog, PRODUCT, Physical("prod-1"), old, new)
    assert [asked["Parameters"]["Name"] for asked in catalog.of("CreateProvisioningArtifact")] == ["two"]
    assert [asked["ProvisioningArtifactId"] for asked in catalog.of("DeleteProvisioningArtifact")] == deleted


def test_a_product_needs_a_template_and_goes() -> None:
    catalog = Catalog()
    with pytest.raises(ResourceError, match="ProvisioningArtifactParameters"):
        registry()[PRODUCT].create(catalog.context(), {"Name": "p", "Owner": "o"})
    delete(catalog, PRODUCT, Physical("prod-1"), {"Name": "p", "Owner": "o"})
    assert catalog.of("DeleteProduct")[0] == {"Id": "prod-1"}


@pytest.mark.parametrize(
    ("kind", "properties", "associate", "disassociate"),
    [
        (PRODUCT_IN, {"PortfolioId": "port-1", "ProductId": "prod-1"},
         "AssociateProductWithPortfolio", "DisassociateProductFromPortfolio"),
        (PRINCIPAL_IN, {"PortfolioId": "port-1", "PrincipalARN": "arn:aws:iam::111111111111:role/it",
                        "PrincipalType": "IAM"},
         "AssociatePrincipalWithPortfolio", "DisassociatePrincipalFromPortfolio"),
    ],
)  # fmt: skip
def test_what_is_in_a_portfolio_is_put_there_and_taken_out(
    kind: str, properties: Json, associate: str, disassociate: str
) -> None:
    catalog = Catalog()
    made = create(catalog, kind, properties)
    assert made.id.startswith("port-1|")
    assert catalog.of(associate) == [properties]
    delete(catalog, kind, made, properties)
    assert catalog.of(disassociate)[0] == properties


def test_a_launch_constraint_names_its_role() -> None:
    catalog = Catalog({"CreateConstraint": {"ConstraintDetail": {"ConstraintId": "cons-1"}}})
    old = {"PortfolioId": "port-1", "ProductId": "prod-1", "RoleArn": "arn:aws:iam::111111111111:role/headgate-launch"}
    new = {"PortfolioId": "port-1", "ProductId": "prod-1", "LocalRoleName": "headgate-launch"}
    made = create(catalog, LAUNCH, old)
    assert made == Physical("cons-1", {"Id": "cons-1"})
    (asked,) = catalog.of("CreateConstraint")
    assert asked["Type"] == "LAUNCH"
    assert json.loads(asked["Parameters"]) == {"RoleArn": old["RoleArn"]}
    update(catalog, LAUNCH, made, old, new)
    (asked,) = catalog.of("UpdateConstraint")
    assert json.loads(asked["Parameters"]) == {"LocalRoleName": "headgate-launch"}
    with pytest.raises(ResourceError, match="either RoleArn or LocalRoleName"):
        update(catalog, LAUNCH, made, old, {**old, **new})
    delete(catalog, LAUNCH, made, new)
    assert catalog.of("DeleteConstraint")[0] == {"Id": "cons-1"}
