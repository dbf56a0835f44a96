from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.cloudformation.types import ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

STACK_SET = "AWS::CloudFormation::StackSet"


def template(value: str = "1") -> str:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/made", "Type": "String", "Value": value}}
    return json.dumps({"Parameters": {"Team": {"Type": "String", "Default": "none"}}, "Resources": {"P": parameter}})


def organization(bench: Bench) -> tuple[str, str]:
    """A unit with one account in it."""
    organizations = bench.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="Teams")["OrganizationalUnit"]["Id"]
    bench.client("cloudformation").activate_organizations_access()
    asked = organizations.create_account(Email=f"{bench.account}@example.com", AccountName="dev")

    def made() -> str | None:
        identifier = asked["CreateAccountStatus"]["Id"]
        status = organizations.describe_create_account_status(CreateAccountRequestId=identifier)
        found: str | None = status["CreateAccountStatus"].get("AccountId")
        return found

    account = bench.context().wait(made, seconds=10, what="the account")
    organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    return unit, account


def value(bench: Bench, account: str) -> str | None:
    ssm = bench.daemon.client("ssm", account, bench.region)
    try:
        return str(ssm.get_parameter(Name="/made")["Parameter"]["Value"])
    except ClientError:
        return None


def wanted(unit: str, body: str) -> Json:
    return {
        "StackSetName": "headgate-guard",
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
        "ManagedExecution": {"Active": True},
        "OperationPreferences": {"FailureTolerancePercentage": 0, "RegionConcurrencyType": "SEQUENTIAL"},
        "Parameters": [{"ParameterKey": "Team", "ParameterValue": "alpha"}],
        "TemplateBody": body,
        "StackInstancesGroup": [
            {"DeploymentTargets": {"OrganizationalUnitIds": [unit]}, "Regions": ["eu-west-1"]},
        ],
        "Tags": [{"Key": "a", "Value": "b"}],
    }


def test_a_stack_set_stands_in_its_units_accounts_and_follows_its_template(bench: Bench) -> None:
    unit, account = organization(bench)
    formation = bench.client("cloudformation")
    old, new = wanted(unit, template("1")), wanted(unit, template("2"))
    made = bench.create(STACK_SET, old)
    assert made.id.startswith("headgate-guard:")
    assert made.attributes == {"StackSetId": made.id}
    assert value(bench, account) == "1"
    found = formation.describe_stack_set(StackSetName="headgate-guard")["StackSet"]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {"team": "forecasting", "a": "b"}
    assert found["AutoDeployment"]["Enabled"]
    again = bench.find(STACK_SET, old)
    assert again is not None
    assert again.id == made.id
    bench.update(STACK_SET, made, old, new)
    assert value(bench, account) == "2"
    without = {name: part for name, part in new.items() if name != "StackInstancesGroup"}
    bench.update(STACK_SET, made, new, without)
    assert value(bench, account) is None
    bench.update(STACK_SET, made, without, new)
    assert value(bench, account) == "2"
    bench.delete(STACK_SET, made, new)
    assert value(bench, account) is None
    assert formation.list_stack_sets(Status="ACTIVE")["Summaries"] == []


def test_an_instance_that_cannot_be_made_fails_the_stack_set_with_its_reason(bench: Bench) -> None:
    unit, account = organization(bench)
    bench.daemon.client("ssm", account, bench.region).put_parameter(Name="/made", Value="taken", Type="String")
    with pytest.raises(ResourceError, match=f"(?s){account}/eu-west-1.*exists"):
        bench.create(STACK_SET, wanted(unit, template()))
    assert value(bench, account) == "taken"
    assert bench.find(STACK_SET, wanted(unit, template())) is None


def test_a_stack_set_without_instances_is_only_kept(bench: Bench) -> None:
    organization(bench)
    properties: Any = {
        "StackSetName": "headgate-account",
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": {"Enabled": False},
        "TemplateBody": template(),
    }
    made = bench.create(STACK_SET, properties)
    bench.update(STACK_SET, made, properties, properties, tags={"team": "other"})
    found = bench.client("cloudformation").describe_stack_set(StackSetName="headgate-account")["StackSet"]
    assert found["Tags"] == [{"Key": "team", "Value": "other"}]
    bench.delete(STACK_SET, made, properties)
