"""What authorization has to know of things that moto keeps: a table's partition key, a role's path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import ACCOUNT, LocalDaemon

pytestmark = pytest.mark.slow


def document(**statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


TRUST = document(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, Action="sts:AssumeRole")


@pytest.fixture
def person(daemon: LocalDaemon) -> Any:
    """A user who may do what `allow` says; gives clients."""
    iam = daemon.client("iam")
    iam.create_user(UserName="person")
    key = iam.create_access_key(UserName="person")["AccessKey"]

    def client(service: str, **allow: Any) -> Any:
        iam.put_user_policy(UserName="person", PolicyName="p", PolicyDocument=document(**allow))
        return daemon.client_with(service, key["AccessKeyId"], key["SecretAccessKey"])

    yield client
    iam.delete_access_key(UserName="person", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="person", PolicyName="p")
    iam.delete_user(UserName="person")


def test_a_partition_key_opens_its_own_rows(daemon: LocalDaemon, person: Any) -> None:
    daemon.client("dynamodb").create_table(
        TableName="rows",
        AttributeDefinitions=[{"AttributeName": "team", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "team", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    own = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "churn"}, "Null": {"dynamodb:LeadingKeys": "false"}}
    rows = person("dynamodb", Action="dynamodb:Query", Resource="*", Condition=own)

    def query(team: str) -> list[Any]:
        found: list[Any] = rows.query(
            TableName="rows",
            KeyConditionExpression="#t = :t",
            ExpressionAttributeNames={"#t": "team"},
            ExpressionAttributeValues={":t": {"S": team}},
        )["Items"]
        return found

    assert query("churn") == []
    with pytest.raises(ClientError, match="no identity-based policy allows the dynamodb:Query action"):
        query("pricing")


def test_a_role_is_assumed_by_its_whole_name(daemon: LocalDaemon, person: Any) -> None:
    daemon.client("iam").create_role(RoleName="pathed", Path="/team/", AssumeRolePolicyDocument=TRUST)
    sts = person("sts", Action="sts:AssumeRole", Resource="*")
    start = f"arn:aws:iam::{ACCOUNT}:role"
    assert sts.assume_role(RoleArn=f"{start}/team/pathed", RoleSessionName="me")["Credentials"]
    for other in ("/other/pathed", "/team/more/pathed"):
        with pytest.raises(ClientError, match="role trust policy"):
            sts.assume_role(RoleArn=f"{start}{other}", RoleSessionName="me")


def test_a_role_is_created_under_the_path_that_was_asked_for(daemon: LocalDaemon, person: Any) -> None:
    """Also when there is one of that name under another: IAM then says that it exists, to those who may create it."""
    daemon.client("iam").create_role(RoleName="taken", Path="/theirs/", AssumeRolePolicyDocument=TRUST)
    allowed = f"arn:aws:iam::{ACCOUNT}:role/mine/*"
    iam = person("iam", Action="iam:CreateRole", Resource=allowed)
    with pytest.raises(ClientError, match="EntityAlreadyExists"):
        iam.create_role(RoleName="taken", Path="/mine/", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError, match="role/taken because"):
        iam.create_role(RoleName="taken", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError, match="role/theirs/taken"):
        iam.create_role(RoleName="taken", Path="/theirs/", AssumeRolePolicyDocument=TRUST)
