"""An organization from its declaration to a quarantined account, by the command line, in one local cloud."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from e2e.conftest import Cli
from e2e.organization.building import DECLARATION as SHARED

pytestmark = [pytest.mark.slow]

GOVERNANCE, IDENTITY = "111122223333", "444455556666"
DECLARATION: dict[str, Any] = {
    "name": "example",
    "region": "eu-west-1",
    "email": "aws+{account}@example.com",
    "identity": IDENTITY,
    "accounts": {"governance": {"id": GOVERNANCE}},
    "data_sets": yaml.safe_load(SHARED.read_text())["data_sets"],
    "teams": {
        "churn": {
            "owners": ["owner@example.com", "lead@example.com"],
            "approvers": {},
            "cost_centre": "4711",
            "budget": 100,
            "data_sets": ["sales"],
            "cidr": "10.20.0.0/18",
            "accounts": {"dev": {}},
        }
    },
}


def declare(folder: Path, declaration: dict[str, Any]) -> None:
    (folder / "accounts").mkdir(exist_ok=True)
    (folder / "accounts" / "organization.yaml").write_text(yaml.safe_dump(declaration, sort_keys=False))


@pytest.fixture(scope="module")
def organization(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cli]:
    """A folder with a declaration that has been applied, and whose team has its account."""
    folder = tmp_path_factory.mktemp("organization")
    declare(folder, DECLARATION)
    made = Cli(folder)
    assert made.run("accounts", "plan", "--exit-code").returncode == 1, "everything is to be done"
    made.ok("accounts", "apply")
    (vended,) = made.json("accounts", "request", "churn")
    assert (vended["state"], vended["unit"]) == ("active", "Dev")
    yield made
    made.run("cloud", "down")
    shutil.rmtree(folder, ignore_errors=True)


def as_governance(organization: Cli) -> dict[str, str]:
    """Variables that make `--target aws` mean the local cloud: its endpoint, and keys of the governance account."""
    status = organization.json("cloud", "status")
    return {
        "AWS_ENDPOINT_URL": status["url"],
        "AWS_ACCESS_KEY_ID": f"HEADGATE{GOVERNANCE}",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "eu-west-1",
    }


def governance_client(organization: Cli, service: str) -> Any:
    keys = as_governance(organization)
    return boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=keys["AWS_ENDPOINT_URL"],
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key="any",
        region_name="eu-west-1",
    )


def test_what_was_applied_is_as_declared(organization: Cli) -> None:
    done = organization.run("accounts", "plan", "--exit-code")
    assert (done.returncode, done.stdout) == (0, "no changes: everything is as declared\n")
    again = json.loads(organization.ok("accounts", "apply", "--output", "json"))
    assert again["changed"] == []


def on_aws(organization: Cli, *arguments: str, **keys: str) -> Any:
    """A command with `--target aws`, pointed at the local cloud: they differ in credentials and endpoint only."""
    return organization.run(*arguments, "--target", "aws", **{**as_governance(organization), **keys})


def person(organization: Cli) -> dict[str, str]:
    """Somebody of the platform team, in the account that people sign in to."""
    organization.ok("accounts", "list")
    key = json.loads((organization.folder / ".headgate" / "people" / f"{IDENTITY}-it.json").read_text())
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def administrator(organization: Cli, **tags: str) -> dict[str, str]:
    """An administrator of the governance account whose session has tags."""
    iam, name = governance_client(organization, "iam"), f"administrator-{len(tags)}"
    iam.create_user(UserName=name, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])
    iam.attach_user_policy(UserName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}


def test_the_platform_team_works_from_the_account_that_people_sign_in_to(organization: Cli) -> None:
    keys = person(organization)
    planned = on_aws(organization, "accounts", "plan", "--exit-code", **keys)
    assert (planned.returncode, planned.stdout) == (0, "no changes: everything is as declared\n"), planned.stderr
    applied = on_aws(organization, "accounts", "apply", "--output", "json", **keys)
    assert applied.returncode == 0, applied.stderr
    assert json.loads(applied.stdout)["changed"] == []
    listed = on_aws(organization, "accounts", "list", "--output", "json", **keys)
    assert json.loads(listed.stdout) == organization.json("accounts", "list")
    again = on_aws(organization, "accounts", "request", "churn", "--output", "json", **keys)
    assert [view["state"] for view in json.loads(again.stdout)] == ["active"]


def test_an_administrator_of_governance_applies_and_with_the_persona_does_the_rest(organization: Cli) -> None:
    keys = administrator(organization)
    assert on_aws(organization, "accounts", "plan", "--exit-code", **keys).returncode == 0
    refused = on_aws(organization, "accounts", "list", **keys)
    assert refused.returncode == 2
    assert f"credentials of account {IDENTITY} or {GOVERNANCE} with the tag headgate:persona=it" in refused.stderr
    tagged = administrator(organization, **{"headgate:persona": "it"})
    listed = on_aws(organization, "accounts", "list", "--output", "json", **tagged)
    assert json.loads(listed.stdout) == organization.json("accounts", "list")


def test_credentials_of_any_other_account_are_refused(organization: Cli) -> None:
    refused = on_aws(organization, "accounts", "plan", AWS_ACCESS_KEY_ID="HEADGATE999988887777")
    assert refused.returncode == 2
    assert "the credentials are of account 999988887777, which does not govern this organization" in refused.stderr
    assert (
        f"credentials of the governance account {GOVERNANCE}, or of the identity account {IDENTITY}" in refused.stderr
    )


def test_the_history_says_who_did_what_and_why(organization: Cli) -> None:
    organization.ok("accounts", "quarantine", "churn", "--account", "dev", "--reason", "a leaked key", USER="somebody")
    (shown,) = organization.json("accounts", "show", "churn")
    assert (shown["state"], shown["reason"]) == ("quarantined", "a leaked key")
    last = shown["history"][-1]
    assert last["what"] == "quarantine: active to quarantined"
    assert last["why"] == "a leaked key"
    assert last["who"].startswith("somebody as arn:aws:sts::")
    assert "a leaked key" in organization.ok("accounts", "show", "churn")
    refused = organization.run("accounts", "request", "churn")
    assert refused.returncode == 1
    assert "release it first" in refused.stderr
    (released,) = organization.json("accounts", "quarantine", "churn", "--release")
    assert released["state"] == "active"


def test_a_persona_works_in_an_account_and_root_does_not(organization: Cli) -> None:
    (account,) = (row["account_id"] for row in organization.json("accounts", "list"))
    variables = json.loads(
        organization.ok("cloud", "env", "--as", "data-scientist", "--team", "churn", "--env", "dev", "--shell", "json")
    )
    client = boto3.client(
        "sts",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        region_name=variables["AWS_REGION"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=variables["AWS_SESSION_TOKEN"],
    )
    arn = client.get_caller_identity()["Arn"]
    assert arn == f"arn:aws:sts::{account}:assumed-role/headgate-dev-data-scientist/headgate"
    refused = organization.run("cloud", "env", "--account", account)
    assert refused.returncode == 2
    assert f"account {account} is in an organization" in refused.stderr
    assert "--as data-scientist --team TEAM" in refused.stderr
    listed = governance_client(organization, "iam").list_roles(PathPrefix="/")["Roles"]
    assert "headgate-execution" not in [role["RoleName"] for role in listed]


def test_drift_is_shown_by_plan_and_by_doctor_and_mended_by_a_request(organization: Cli) -> None:
    (account,) = (row["account_id"] for row in organization.json("accounts", "list"))
    organizations = governance_client(organization, "organizations")
    (parent,) = organizations.list_parents(ChildId=account)["Parents"]
    units = governance_client(organization, "ssm").get_parameters_by_path(Path="/headgate/organization/units")
    preprod = next(each["Value"] for each in units["Parameters"] if each["Name"].endswith("/preprod"))
    organizations.move_account(AccountId=account, SourceParentId=parent["Id"], DestinationParentId=preprod)
    (change,) = organization.json("accounts", "plan")
    assert (change["kind"], change["message"]) == ("drift", "stands in preprod, not in dev")
    doctor = organization.run("doctor")
    assert doctor.returncode == 1
    assert "account churn/dev stands in preprod, not in dev" in doctor.stdout
    organization.ok("accounts", "request", "churn")
    assert organization.json("accounts", "plan") == []


def test_a_guardrail_that_was_taken_off_is_put_back_by_applying(organization: Cli) -> None:
    organizations = governance_client(organization, "organizations")
    policies = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    policy = next(each["Id"] for each in policies if each["Name"] == "headgate-machine-learning")
    (target,) = organizations.list_targets_for_policy(PolicyId=policy)["Targets"]
    organizations.detach_policy(PolicyId=policy, TargetId=target["TargetId"])
    data = next(each["Id"] for each in policies if each["Name"] == "headgate-data")
    said = organizations.describe_policy(PolicyId=data)["Policy"]["Content"]
    nearly_nothing = {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"}
    content = json.dumps({"Version": "2012-10-17", "Statement": [nearly_nothing]})
    organizations.update_policy(PolicyId=data, Content=content)
    change, edited = organization.json("accounts", "plan")
    assert (edited["subject"], edited["message"]) == ("guardrail headgate-data", "was changed by hand")
    assert (change["message"], change["command"]) == ("is not attached to Teams", "headgate accounts apply")
    applied = organization.json("accounts", "apply")
    assert applied["changed"] == [
        "guardrail headgate-data says again what it should",
        "guardrail headgate-machine-learning is attached to Teams again",
    ]
    restored = organizations.describe_policy(PolicyId=data)["Policy"]["Content"]
    assert json.loads(restored) == json.loads(said)
    assert organization.json("accounts", "plan") == []


def test_a_quota_that_is_reached_is_told_and_the_next_request_goes_on(organization: Cli) -> None:
    declaration = json.loads(json.dumps(DECLARATION))
    declaration["teams"]["fraud"] = {**declaration["teams"]["churn"], "cidr": "10.21.0.0/18"}
    declare(organization.folder, declaration)
    organization.ok("accounts", "apply")
    set_quotas(organization, accounts=4)
    failed = organization.run("accounts", "request", "fraud")
    assert failed.returncode == 1
    assert "raise the quota 'Default maximum number of accounts'" in failed.stderr
    assert "next: headgate accounts show fraud" in failed.stderr
    (change,) = organization.json("accounts", "plan")
    assert (change["kind"], change["command"]) == ("vend", "headgate accounts request fraud")
    set_quotas(organization, accounts=10)
    (vended,) = organization.json("accounts", "request", "fraud")
    assert vended["state"] == "active"


def set_quotas(organization: Cli, **quotas: int) -> None:
    from headgate.localcloud import lifecycle

    status = lifecycle.status(organization.folder / ".headgate")
    assert status.endpoint is not None
    lifecycle.control(status.endpoint, "POST", "quotas", quotas)


def test_an_expired_session_is_told(organization: Cli) -> None:
    keys = governance_client(organization, "sts")
    iam = governance_client(organization, "iam")
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{GOVERNANCE}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="visitor", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    known = administrator(organization, visits="yes", often="no")
    session = boto3.Session(known["AWS_ACCESS_KEY_ID"], known["AWS_SECRET_ACCESS_KEY"], region_name="eu-west-1")
    url = as_governance(organization)["AWS_ENDPOINT_URL"]
    given = session.client("sts", endpoint_url=url).assume_role(
        RoleArn=f"arn:aws:iam::{GOVERNANCE}:role/visitor", RoleSessionName="visitor", DurationSeconds=900
    )["Credentials"]
    assert keys.get_caller_identity()["Account"] == GOVERNANCE
    organization.ok("cloud", "clock", "--advance", "1h")
    done = organization.run(
        "accounts",
        "plan",
        "--target",
        "aws",
        **{
            **as_governance(organization),
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        },
    )
    assert done.returncode == 2
    assert "error: the AWS credentials have expired" in done.stderr
    assert "aws sso login" in done.stderr
