"""What is done faster than moto does it is answered as moto would."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import LocalDaemon

pytestmark = [pytest.mark.slow]

READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
VALUES: dict[str, Any] = {
    "text": {"S": "a"},
    "number": {"N": "1.50"},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "names": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2"]},
    "bytes": {"B": b"\x00\xff"},
    "list": {"L": [{"S": "x"}, {"B": b"\x01"}, {"M": {"deep": {"N": "3"}}}]},
    "map": {"M": {"inner": {"L": []}, "more": {"M": {}}}},
}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalDaemon]:
    made = LocalDaemon(tmp_path_factory.mktemp("speed") / "state")
    yield made
    made.close()


def test_every_kind_of_attribute_comes_back_as_it_was_put(daemon: LocalDaemon) -> None:
    dynamodb = daemon.client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="t", Item={"k": {"S": "1"}, **VALUES})
    found = dynamodb.get_item(TableName="t", Key={"k": {"S": "1"}})["Item"]
    assert {name: sorted(value) for name, value in found.items()} == {
        "k": ["S"],
        **{name: sorted(value) for name, value in VALUES.items()},
    }
    assert {name: value for name, value in found.items() if name not in ("k", "names", "numbers")} == {
        name: value for name, value in VALUES.items() if name not in ("names", "numbers")
    }
    assert (set(found["names"]["SS"]), set(found["numbers"]["NS"])) == ({"a", "b"}, {"1", "2"})


def test_an_attribute_that_was_counted_up_is_text_as_in_json(daemon: LocalDaemon) -> None:
    dynamodb = daemon.client("dynamodb")
    dynamodb.create_table(
        TableName="counts",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    counted: dict[str, Any] = {}
    for _ in range(2):
        counted = dynamodb.update_item(
            TableName="counts",
            Key={"k": {"S": "1"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )["Attributes"]
    assert counted["n"] == {"N": "2"}


def test_awss_own_policies_are_in_every_account_and_count_its_attachments_only(daemon: LocalDaemon) -> None:
    ours, theirs = daemon.client("iam"), daemon.client("iam", "210987654321")
    ours.create_group(GroupName="readers")
    ours.attach_group_policy(GroupName="readers", PolicyArn=READ_ONLY)
    mine, other = (each.get_policy(PolicyArn=READ_ONLY)["Policy"] for each in (ours, theirs))
    assert (mine["AttachmentCount"], other["AttachmentCount"]) == (1, 0)
    assert mine["PolicyId"] == other["PolicyId"], "on AWS, too, it is one policy"
    version = theirs.get_policy_version(PolicyArn=READ_ONLY, VersionId=other["DefaultVersionId"])
    assert version["PolicyVersion"]["Document"]["Statement"]


def test_a_symmetric_key_encrypts_and_has_no_public_key(daemon: LocalDaemon) -> None:
    kms = daemon.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    cipher = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=cipher)["Plaintext"] == b"x"
    with pytest.raises(ClientError) as caught:
        kms.get_public_key(KeyId=key)
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperationException"
