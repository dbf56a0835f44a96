"""A few stacks and StackSets in the real local cloud, in process: every call goes through the endpoint and IAM."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from headgate.localcloud.cloud import LocalCloud, SystemClock
from headgate.localcloud.seams import HttpResponse, StateFolder
from headgate.localcloud.server.http import HttpServer, WireRequest

pytestmark = pytest.mark.slow

GOVERNANCE = "111111111111"
HANDLER = """
import json, urllib.request

def handler(event, context):
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": "thing", "Data": {"Asked": event["RequestType"]}}
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request)
"""
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
STACK = {
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "Name": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Ref": "Bucket"}}},
        "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.12",
                "Handler": "index.handler",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Code": {"ZipFile": HANDLER},
            },
        },
        "Thing": {
            "Type": "Custom::Thing",
            "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "ServiceTimeout": 30},
        },
    },
    "Outputs": {"Asked": {"Value": {"Fn::GetAtt": ["Thing", "Asked"]}}, "Bucket": {"Value": {"Ref": "Bucket"}}},
}
GUARD = {
    "Parameters": {"Team": {"Type": "String", "Default": "none"}},
    "Resources": {
        "Guard": {
            "Type": "AWS::SSM::Parameter",
            "Properties": {"Name": "/guard", "Type": "String", "Value": {"Ref": "Team"}},
        }
    },
}


class Cloud:
    """A local cloud that listens."""

    def __init__(self, folder: Path) -> None:
        self.server = HttpServer(0, self._handle)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.cloud = LocalCloud(StateFolder(folder), clock=SystemClock(), endpoint_url=lambda: self.url)
        self._application = self.cloud.application("token", lambda: None)
        self.cloud.start()
        self._session = boto3.Session()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handle(self, wire: WireRequest) -> HttpResponse:
        return self._application.handle(wire)

    def client(self, service: str, account: str = GOVERNANCE, **keys: str) -> Any:
        given = keys or {"aws_access_key_id": f"HEADGATE{account}", "aws_secret_access_key": "x"}
        return self._session.client(service, region_name="us-east-1", endpoint_url=self.url, **given)

    def settle(self) -> None:
        self.cloud.cloudformation.stack_sets.join()
        self.cloud.cloudformation.engine.join()

    def close(self) -> None:
        self.server.drain(1)
        self.cloud.close()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with contextlib.closing(Cloud(tmp_path_factory.mktemp("cloud"))) as found:
        yield found


def reasons(client: Any, stack: str) -> str:
    events = client.describe_stack_events(StackName=stack)["StackEvents"]
    return "\n".join(event.get("ResourceStatusReason", "") for event in events)


def test_a_stack_with_a_custom_resource_lives_and_dies(cloud: Cloud) -> None:
    client = cloud.client("cloudformation")
    client.create_stack(StackName="s", TemplateBody=json.dumps(STACK), Capabilities=["CAPABILITY_IAM"])
    cloud.settle()
    stack = client.describe_stacks(StackName="s")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE", reasons(client, "s")
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack["Outputs"]}
    assert outputs["Asked"] == "Create"
    assert cloud.client("s3").get_bucket_versioning(Bucket=outputs["Bucket"])["Status"] == "Enabled"
    client.delete_stack(StackName="s")
    cloud.settle()
    assert cloud.client("s3").list_buckets()["Buckets"] == []
    assert client.list_stacks()["StackSummaries"][0]["StackStatus"] == "DELETE_COMPLETE"


def test_a_stack_can_do_no_more_than_the_role_that_it_is_given(cloud: Cloud) -> None:
    iam, client = cloud.client("iam"), cloud.client("cloudformation")
    trust = json.dumps(TRUST).replace("lambda.amazonaws.com", "cloudformation.amazonaws.com")
    role = iam.create_role(RoleName="narrow", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    allowed = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="narrow", PolicyName="p", PolicyDocument=json.dumps(allowed))
    body = {"Resources": {name: STACK["Resources"][name] for name in ("Bucket", "Name")}}  # type: ignore[index]
    client.create_stack(StackName="narrow", TemplateBody=json.dumps(body), RoleARN=role)
    cloud.settle()
    assert client.describe_stacks(StackName="narrow")["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "AccessDenied" in reasons(client, "narrow")
    client.create_stack(StackName="guarded", TemplateBody=json.dumps(GUARD), RoleARN=role)
    cloud.settle()
    assert client.describe_stacks(StackName="guarded")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"


def test_accounts_of_an_organization_get_their_stacks_as_they_enter_and_lose_them_as_they_leave(cloud: Cloud) -> None:
    organizations, client = cloud.client("organizations"), cloud.client("cloudformation")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    client.activate_organizations_access()
    assert client.describe_organizations_access()["Status"] == "ENABLED"
    teams = organizations.create_organizational_unit(ParentId=root, Name="Teams")["OrganizationalUnit"]["Id"]
    dev = organizations.create_organizational_unit(ParentId=teams, Name="Dev")["OrganizationalUnit"]["Id"]
    asked = organizations.create_account(Email="one@example.com", AccountName="one")["CreateAccountStatus"]
    account = asked.get("AccountId") or _created(organizations, asked["Id"])
    client.create_stack_set(
        StackSetName="guard",
        TemplateBody=json.dumps(GUARD),
        PermissionModel="SERVICE_MANAGED",
        AutoDeployment={"Enabled": True, "RetainStacksOnAccountRemoval": False},
    )
    targets = {"OrganizationalUnitIds": [teams]}
    client.create_stack_instances(StackSetName="guard", DeploymentTargets=targets, Regions=["us-east-1"])
    cloud.settle()
    organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=dev)
    cloud.settle()
    found = client.list_stack_instances(StackSetName="guard")["Summaries"]
    assert [(item["Account"], item["Status"], item["OrganizationalUnitId"]) for item in found] == [
        (account, "CURRENT", teams)
    ]
    ssm = cloud.client("ssm", account)
    assert ssm.get_parameter(Name="/guard")["Parameter"]["Value"] == "none"
    roles = [role["RoleName"] for role in cloud.client("iam", account).list_roles()["Roles"]]
    assert any(name.startswith("stacksets-exec-") for name in roles)
    organizations.move_account(AccountId=account, SourceParentId=dev, DestinationParentId=root)
    cloud.settle()
    assert client.list_stack_instances(StackSetName="guard")["Summaries"] == []
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name="/guard")


def _created(organizations: Any, request: str) -> str:
    status: Any = {"State": "IN_PROGRESS"}
    while status["State"] == "IN_PROGRESS":
        status = organizations.describe_create_account_status(CreateAccountRequestId=request)["CreateAccountStatus"]
    return str(status["AccountId"])
