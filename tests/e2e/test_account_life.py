"""The life of a team's accounts: guarded from the first moment, changed, adopted, isolated, and given up.

In the organization that `organization_folder` builds with the `headgate` command, as the platform team does. Who looks
on is a persona (auditor, lead, data scientist); where a machine acts, its role is taken by the service that it trusts.
"""

from __future__ import annotations

import contextlib
import io
import shutil
import tarfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from e2e.conftest import Cli
from e2e.organization.building import copied
from e2e.organization.callers import REGION
from e2e.organization.furnishing import RUNTIME
from e2e.organization.hosting import HostedCloud
from e2e.organization.life import PLACES, Life

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HOME_OF_GLOBAL = "us-east-1"
"""Where the history of services without a Region is."""
UNITS = {"churn-lab": "Experimentation", "churn-prod": "Prod", "pricing-live": "Prod", "pricing-nonprod": "Dev"}
OUTSIDER = "555566667777"
GROUP = "churn-forecast"
TAGS = [{"Key": "headgate:environment", "Value": "experimentation"}]
SERVED = "def predict(body, headers): return 200, body"


@pytest.fixture(scope="module")
def life(organization_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = copied(organization_folder, tmp_path_factory.mktemp("life") / "organization")
    with contextlib.closing(HostedCloud(folder)) as cloud:
        cloud.cloud.moto.wait()
        yield Life(cloud, Cli(folder))
    shutil.rmtree(folder, ignore_errors=True)


def refused(call: Any, **parameters: Any) -> str:
    """The message with which a call is refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), caught.value
    return str(caught.value)


def test_the_guard_is_there_before_anything_else_runs(life: Life) -> None:
    organizations = [
        event
        for event in life.history("headgate-governance-auditor@governance", HOME_OF_GLOBAL)
        if event["eventName"] in ("MoveAccount", "AttachPolicy") and not event.get("errorCode")
    ]
    attached = [event["eventTime"] for event in organizations if event["eventName"] == "AttachPolicy"]
    for account, number in ((name, life.accounts[name]) for name in PLACES):
        moved = [event for event in organizations if event["requestParameters"].get("accountId") == number]
        assert moved[0]["requestParameters"]["sourceParentId"].startswith("r-"), "out of the root first"
        assert max(attached) <= moved[0]["eventTime"], "the unit had its guardrails when the account came"
        happened = life.history(f"headgate-{PLACES[account]}-auditor@{account}", REGION)
        stacks = [event for event in happened if event["eventName"] == "CreateStack"]
        names = [event["requestParameters"]["stackName"].rpartition("-headgate-")[2] for event in stacks]
        kinds = [name.split("-")[0] for name in names]
        assert kinds[:2] == ["guard", "account"], names
        assert set(kinds[2:]) == {"environment"}, names
        assert moved[0]["eventTime"] <= stacks[0]["eventTime"]
        settled = guard_settled(life, account)
        early = {
            event["eventName"]
            for event in happened
            if event["eventTime"] < settled and not event["readOnly"] and event is not stacks[0]
        }
        assert early <= {"AssumeRole"}, "nothing but StackSets has done anything before the guard was whole"
    assert {name: life.unit_of(name) for name in UNITS} == UNITS


def guard_settled(life: Life, account: str) -> str:
    """When the guard's stack was complete, as CloudTrail writes it: its second."""
    client = life.auditor(account, "cloudformation")
    pages = client.get_paginator("list_stacks").paginate()
    names = [stack["StackName"] for page in pages for stack in page["StackSummaries"]]
    (guard,) = [name for name in names if "headgate-guard" in name]
    events = client.describe_stack_events(StackName=guard)["StackEvents"]
    (complete,) = [
        event["Timestamp"]
        for event in events
        if event["ResourceStatus"] == "CREATE_COMPLETE" and event["LogicalResourceId"] == guard
    ]
    return str(complete.strftime("%Y-%m-%dT%H:%M:%SZ"))


def test_asking_again_changes_nothing(life: Life) -> None:
    before, operations = life.cli.json("accounts", "list"), life.operations()
    assert life.states("request", "pricing") == {"live": "active", "nonprod": "active"}
    after = life.cli.json("accounts", "list")
    assert [view["account_id"] for view in after] == [view["account_id"] for view in before]
    assert life.operations() == operations


def test_a_changed_declaration_reaches_accounts_that_are_there_and_makes_new_ones(life: Life) -> None:
    life.declare(
        {
            "pricing": {"budget": 950, "data_sets": ["returns", "sales"]},
            "gone": {
                "accounts": {"dev": {"environments": ["dev", "preprod"]}, "prod": {}},
                "approvers": {"preprod": ["lead@example.com"], "prod": ["risk@example.com"]},
            },
        }
    )
    before = life.accounts["gone-dev"]
    life.cli.run("accounts", "quarantine", "gone", "--release")
    assert life.states("request", "pricing") == {"live": "active", "nonprod": "active"}
    assert life.states("request", "gone") == {"dev": "active", "prod": "active"}
    life.grown()
    assert life.accounts["gone-dev"] == before
    assert life.unit_of("gone-prod") == "Prod"
    iam = life.as_("stacksets-exec-x@pricing-nonprod", "iam")
    for role in ("headgate-experimentation-execution", "headgate-experimentation-data-scientist"):
        tags = {tag["Key"]: tag["Value"] for tag in iam.list_role_tags(RoleName=role)["Tags"]}
        assert tags["headgate:data-sets"] == ":returns:sales:"
    number = life.accounts["pricing-nonprod"]
    budgets = life.as_("stacksets-exec-x@pricing-nonprod", "budgets").describe_budgets(AccountId=number)["Budgets"]
    assert [float(budget["BudgetLimit"]["Amount"]) for budget in budgets] == [950.0]
    assert granted(life, number) == {"headgate_returns", "headgate_sales"}
    assert life.cli.json("accounts", "plan") == []


def granted(life: Life, number: str) -> set[str]:
    """The databases of the data lake that Lake Formation opens to an account."""
    listed = life.as_("stacksets-exec-x@data-lake", "lakeformation").list_permissions()
    resources = [
        each["Resource"]
        for each in listed["PrincipalResourcePermissions"]
        if each["Principal"]["DataLakePrincipalIdentifier"] == f"{number}:IAMPrincipals"
    ]
    return {resource["Database"]["Name"] for resource in resources if "Database" in resource}


def test_accounts_that_exist_are_adopted(life: Life) -> None:
    """One is outside and has to accept an invitation, one is in the organization already."""
    organizations = life.as_("root@governance", "organizations")
    created = organizations.create_account(Email="aws+older@example.com", AccountName="older")["CreateAccountStatus"]
    member = organizations.describe_create_account_status(CreateAccountRequestId=created["Id"])["CreateAccountStatus"]
    life.declare(
        {
            "late": {
                "owners": ["owner@example.com", "lead@example.com"],
                "approvers": {"prod": ["risk@example.com"]},
                "cost_centre": "4714",
                "budget": 100,
                "data_sets": [],
                "cidr": "10.21.0.0/18",
                "accounts": {
                    "dev": {"environments": ["dev"], "id": OUTSIDER},
                    "prod": {"environments": ["prod"], "id": member["AccountId"]},
                },
            }
        }
    )
    adopting = life.cli.start("accounts", "adopt", "late")
    outside = life.cloud.session(OUTSIDER, REGION).client("organizations")
    handshake = wait_for(lambda: outside.list_handshakes_for_account()["Handshakes"])[0]
    assert handshake["Action"] == "INVITE"
    outside.accept_handshake(HandshakeId=handshake["Id"])
    said, error = adopting.communicate(timeout=120)
    assert adopting.returncode == 0, said + error
    life.grown()
    assert life.states("request", "late") == {"dev": "active", "prod": "active"}
    assert (life.accounts["late-dev"], life.accounts["late-prod"]) == (OUTSIDER, member["AccountId"])
    assert (life.unit_of("late-dev"), life.unit_of("late-prod")) == ("Dev", "Prod")
    assert {view["adopted"] for view in life.cli.json("accounts", "show", "late")} == {True}


def wait_for(look: Any) -> Any:
    """What another process makes happen: there is nothing to wait on but to ask again."""
    for _ in range(600):
        found = look()
        if found:
            return found
        threading.Event().wait(0.05)
    raise AssertionError("it did not come about in 30 seconds")


def test_in_quarantine_only_auditors_go_on(life: Life) -> None:
    scientist = life.as_("headgate-experimentation-data-scientist@pricing-nonprod", "sagemaker")
    scientist.list_training_jobs()
    states = life.states("quarantine", "pricing", "--account", "nonprod", "--reason", "a key was found in public")
    assert states == {"live": "active", "nonprod": "quarantined"}
    assert life.unit_of("pricing-nonprod") == "Quarantine"
    assert "service control policy" in refused(scientist.list_training_jobs)
    root = life.as_("root@pricing-nonprod", "s3")
    assert "service control policy" in refused(root.list_buckets)
    auditor = life.auditor("pricing-nonprod", "cloudtrail")
    assert auditor.lookup_events(MaxResults=1)["Events"]
    life.auditor("pricing-nonprod", "iam").list_roles()
    asked = life.cli.run("accounts", "request", "pricing")
    assert asked.returncode == 1
    assert "quarantined (a key was found in public): release it first" in asked.stderr
    assert life.states("quarantine", "pricing", "--release") == {"live": "active", "nonprod": "active"}
    assert life.unit_of("pricing-nonprod") == "Dev"
    scientist.list_training_jobs()


def test_an_account_that_still_serves_is_not_given_up(life: Life) -> None:
    life.cloud.cloud.replace_runtimes([RUNTIME])
    name, settings = "experimentation-serving", life.network("churn-lab")
    number = life.accounts["churn-lab"]
    bucket = f"headgate-experimentation-artifacts-{number}-{REGION}"
    execution = life.as_("headgate-experimentation-execution@churn-lab", "s3", vpc=settings["vpc-id"])
    execution.put_object(Bucket=bucket, Key="serving.tar.gz", Body=packed({"model.py": SERVED}))
    scientist = life.as_("headgate-experimentation-data-scientist@churn-lab", "sagemaker")
    scientist.create_model(
        ModelName=name,
        ExecutionRoleArn=f"arn:aws:iam::{number}:role/headgate/headgate-experimentation-execution",
        PrimaryContainer={"Image": life.image, "ModelDataUrl": f"s3://{bucket}/serving.tar.gz"},
        VpcConfig={
            "Subnets": settings["subnet-ids"].split(","),
            "SecurityGroupIds": settings["security-group-ids"].split(","),
        },
        Tags=TAGS,
    )
    variant = {"VariantName": "a", "ModelName": name, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    scientist.create_endpoint_config(
        EndpointConfigName=name, ProductionVariants=[variant], KmsKeyId="alias/headgate-experimentation", Tags=TAGS
    )
    scientist.create_endpoint(EndpointName=name, EndpointConfigName=name, Tags=TAGS)
    ended = wait_for(lambda: status_of(scientist, name) if status_of(scientist, name) != "Creating" else "")
    assert ended == "InService", scientist.describe_endpoint(EndpointName=name)
    asked = life.cli.run("accounts", "retire", "churn", "--account", "lab", "--yes")
    assert asked.returncode == 1, asked.stdout
    assert f"runs the endpoints {name}: delete them, or force the retirement" in asked.stderr
    assert life.states("show", "churn")["lab"] == "active"
    assert status_of(scientist, name) == "InService"
    scientist.delete_endpoint(EndpointName=name)


def status_of(sagemaker: Any, endpoint: str) -> str:
    status: str = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointStatus"]
    return status


def packed(files: Mapping[str, str]) -> bytes:
    """A tar.gz archive of texts."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return archive.getvalue()


def test_a_team_that_gives_up_its_accounts_loses_no_model_no_audit_and_no_data(life: Life) -> None:
    tooling = life.accounts["tooling"]
    shared = f"headgate-tooling-artifacts-{tooling}-{REGION}"
    kept = register(life, shared, "churn/models/forecast.tar.gz")
    own = f"headgate-dev-artifacts-{life.accounts['churn-dev']}-{REGION}"
    only_here = register(life, own, "models/forecast.tar.gz")
    lake = f"headgate-data-lake-data-{life.accounts['data-lake']}-{REGION}"
    curator = life.as_("headgate-data-lake-data-engineer@data-lake", "s3", vpc="")
    curator.put_object(Bucket=lake, Key="sales/2026.csv", Body=b"1,2")
    first = life.cli.run("accounts", "retire", "churn", "--yes")
    assert first.returncode == 1, first.stdout
    assert only_here in first.stderr, first.stderr
    assert "register them from tooling's bucket, then retire again" in first.stderr
    assert life.states("show", "churn")["dev"] == "active", "nothing has been taken away"
    life.as_("stacksets-exec-x@tooling", "sagemaker").delete_model_package(ModelPackageName=only_here)

    views = life.cli.json("accounts", "retire", "churn", "--yes", "--reason", "the project is over")
    assert {view["state"] for view in views} == {"retired"}
    for account in ("churn-lab", "churn-dev", "churn-preprod", "churn-prod"):
        assert life.unit_of(account) == "Retired"
        assert set(life.instances(account)) <= {"headgate-guard"}
    assert granted(life, life.accounts["churn-dev"]) == set()

    lead = "headgate-tooling-lead-data-scientist@tooling for churn"
    for who in (lead, "headgate-tooling-auditor@tooling"):
        found = life.as_(who, "sagemaker").describe_model_package(ModelPackageName=kept)
        assert found["ModelPackageStatus"] == "Completed"
    assert life.as_(lead, "s3").get_object(Bucket=shared, Key="churn/models/forecast.tar.gz")["Body"].read()
    assert curator.get_object(Bucket=lake, Key="sales/2026.csv")["Body"].read() == b"1,2"
    audited(life)
    again = life.cli.run("accounts", "request", "churn")
    assert again.returncode == 1
    assert "retired for ever" in again.stderr


def register(life: Life, bucket: str, key: str) -> str:
    """A model that a job in dev has left in a bucket, registered in tooling by dev's execution role; its ARN."""
    execution, vpc = "headgate-dev-execution@churn-dev", life.network("churn-dev")["vpc-id"]
    life.as_(execution, "s3", vpc=vpc).put_object(Bucket=bucket, Key=key, Body=packed({"model.bin": "weights"}))
    tooling = life.accounts["tooling"]
    container = {"Image": life.image, "ModelDataUrl": f"s3://{bucket}/{key}"}
    created = life.as_(execution, "sagemaker", vpc=vpc).create_model_package(
        ModelPackageGroupName=f"arn:aws:sagemaker:{REGION}:{tooling}:model-package-group/{GROUP}",
        ModelApprovalStatus="PendingManualApproval",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )
    arn: str = created["ModelPackageArn"]
    return arn


def audited(life: Life) -> None:
    """The auditor reads what became of the accounts: the catalog, the audit, and the trail's log files."""
    auditor = "headgate-governance-auditor@governance"
    dynamodb = life.as_(auditor, "dynamodb")
    row = dynamodb.get_item(TableName="headgate-catalog", Key={"team": {"S": "churn"}, "account_name": {"S": "dev"}})[
        "Item"
    ]
    assert (row["state"]["S"], row["account_id"]["S"]) == ("retired", life.accounts["churn-dev"])
    entries = dynamodb.query(
        TableName="headgate-audit",
        KeyConditionExpression="subject = :subject",
        ExpressionAttributeValues={":subject": {"S": "account/churn/dev"}},
    )["Items"]
    assert entries[-1]["what"]["S"] == "retire: active to retired"
    assert entries[-1]["why"]["S"] == "the project is over"
    life.cloud.cloud.cloudtrail.delivery.flush()
    s3 = life.as_(auditor, "s3")
    bucket = f"headgate-governance-trail-{life.accounts['governance']}-{REGION}"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    keys = [each["Key"] for page in pages for each in page.get("Contents", [])]
    of_dev = [key for key in keys if life.accounts["churn-dev"] in key]
    assert s3.get_object(Bucket=bucket, Key=of_dev[-1])["Body"].read()
