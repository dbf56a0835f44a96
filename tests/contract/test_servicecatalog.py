"""Service Catalog in a real daemon: launches are CloudFormation stacks that may do what the launch role may."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import Any

import pytest

from contract.local_daemon import LocalDaemon

pytestmark = pytest.mark.slow  # a daemon, and stacks

TEMPLATE = {
    "Parameters": {"Value": {"Type": "String"}},
    "Resources": {
        "Kept": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Type": "String", "Name": "/kept", "Value": {"Ref": "Value"}},
        }
    },
    "Outputs": {"Name": {"Value": {"Ref": "Kept"}}},
}
FORBIDDEN = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


@dataclass
class Shelf:
    daemon: LocalDaemon
    product: str
    versions: dict[str, str]
    person: Any

    def provision(self, name: str, version: str, **parameters: str) -> str:
        answer = self.person().provision_product(
            ProductId=self.product,
            ProvisioningArtifactId=self.versions[version],
            ProvisionedProductName=name,
            ProvisioningParameters=[{"Key": key, "Value": value} for key, value in parameters.items()],
        )
        return str(answer["RecordDetail"]["RecordId"])

    def wait(self, record: str) -> Any:
        for _ in range(600):
            told = self.person().describe_record(Id=record)
            if told["RecordDetail"]["Status"] in ("SUCCEEDED", "FAILED"):
                return told
            threading.Event().wait(0.05)
        raise AssertionError(told)


def role(daemon: LocalDaemon, name: str, principal: Any, actions: list[str]) -> str:
    iam = daemon.client("iam")
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    arn: str = iam.create_role(RoleName=name, Path="/headgate/", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=policy)
    return arn


@pytest.fixture(scope="module")
def shelf(daemon: LocalDaemon) -> Shelf:
    """A product in two versions, whose launch role may make parameters only, and somebody who may launch it."""
    catalog, s3 = daemon.client("servicecatalog"), daemon.client("s3")
    launch = role(daemon, "launch", {"Service": "servicecatalog.amazonaws.com"}, ["cloudformation:*", "ssm:*"])
    person = role(daemon, "it", {"AWS": "*"}, ["servicecatalog:*"])
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for name, template in (("good", TEMPLATE), ("forbidden", FORBIDDEN)):
        s3.put_object(Bucket="templates", Key=f"{name}.json", Body=json.dumps(template))
    portfolio = catalog.create_portfolio(DisplayName="Headgate", ProviderName="platform")["PortfolioDetail"]["Id"]

    def artifact(name: str) -> Any:
        return {
            "Name": name,
            "Info": {"LoadTemplateFromURL": f"https://s3.eu-west-1.amazonaws.com/templates/{name}.json"},
        }

    made = catalog.create_product(
        Name="parameter",
        Owner="platform",
        ProductType="CLOUD_FORMATION_TEMPLATE",
        ProvisioningArtifactParameters=artifact("good"),
    )
    product = made["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
    other = catalog.create_provisioning_artifact(ProductId=product, Parameters=artifact("forbidden"))
    versions = {
        one["ProvisioningArtifactDetail"]["Name"]: one["ProvisioningArtifactDetail"]["Id"] for one in (made, other)
    }
    catalog.associate_product_with_portfolio(ProductId=product, PortfolioId=portfolio)
    catalog.create_constraint(
        PortfolioId=portfolio, ProductId=product, Type="LAUNCH", Parameters=json.dumps({"RoleArn": launch})
    )
    catalog.associate_principal_with_portfolio(
        PortfolioId=portfolio, PrincipalARN="arn:aws:iam:::role/headgate/i*", PrincipalType="IAM_PATTERN"
    )
    keys = daemon.client("sts").assume_role(RoleArn=person, RoleSessionName="ana")["Credentials"]

    def client() -> Any:
        return daemon.client_with("servicecatalog", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])

    return Shelf(daemon, product, versions, client)


def test_a_product_is_launched_updated_and_terminated(shelf: Shelf) -> None:
    told = shelf.wait(shelf.provision("mine", "good", Value="first"))
    assert told["RecordDetail"]["Status"] == "SUCCEEDED", told
    assert {one["OutputKey"]: one["OutputValue"] for one in told["RecordOutputs"]}["Name"] == "/kept"
    ssm = shelf.daemon.client("ssm")
    assert ssm.get_parameter(Name="/kept")["Parameter"]["Value"] == "first"
    person = shelf.person()
    updated = person.update_provisioned_product(
        ProvisionedProductName="mine", ProvisioningParameters=[{"Key": "Value", "Value": "second"}]
    )
    assert shelf.wait(updated["RecordDetail"]["RecordId"])["RecordDetail"]["Status"] == "SUCCEEDED"
    assert ssm.get_parameter(Name="/kept")["Parameter"]["Value"] == "second"
    ended = person.terminate_provisioned_product(ProvisionedProductName="mine")
    assert shelf.wait(ended["RecordDetail"]["RecordId"])["RecordDetail"]["Status"] == "SUCCEEDED"
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/kept")


def test_what_the_launch_role_may_not_do_rolls_back(shelf: Shelf) -> None:
    told = shelf.wait(shelf.provision("forbidden", "forbidden"))
    (error,) = told["RecordDetail"]["RecordErrors"]
    assert error["Code"] == "ROLLBACK_COMPLETE"
    assert "assumed-role/launch/servicecatalog is not authorized to perform: sqs:CreateQueue" in error["Description"]
    ended = shelf.person().terminate_provisioned_product(ProvisionedProductName="forbidden")
    assert shelf.wait(ended["RecordDetail"]["RecordId"])["RecordDetail"]["Status"] == "SUCCEEDED"


def test_who_is_not_associated_finds_nothing(shelf: Shelf) -> None:
    stranger = role(shelf.daemon, "stranger", {"AWS": "*"}, ["servicecatalog:*"])
    keys = shelf.daemon.client("sts").assume_role(RoleArn=stranger, RoleSessionName="eve")["Credentials"]
    catalog = shelf.daemon.client_with(
        "servicecatalog", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
    )
    assert catalog.search_products()["ProductViewSummaries"] == []
    with pytest.raises(catalog.exceptions.ResourceNotFoundException, match="No launch paths found"):
        catalog.provision_product(
            ProductId=shelf.product, ProvisioningArtifactId=shelf.versions["good"], ProvisionedProductName="eves"
        )


def test_a_launch_goes_on_when_the_daemon_is_killed(shelf: Shelf) -> None:
    record = shelf.provision("survivor", "good", Value="third")
    shelf.daemon.kill_and_restart()
    assert shelf.wait(record)["RecordDetail"]["Status"] == "SUCCEEDED"
    assert shelf.daemon.client("ssm").get_parameter(Name="/kept")["Parameter"]["Value"] == "third"
