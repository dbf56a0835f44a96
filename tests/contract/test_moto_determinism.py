"""Seams: moto's randomness, clock and backends (`moto_determinism.py`), its key pairs (`moto_keys.py`).

What is read before a `kill -9` has to be read after it: ids, dates, credentials, keys.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from contract.local_daemon import LocalDaemon

pytestmark = pytest.mark.slow


def plain(answer: Any) -> str:
    """An answer without what belongs to the request."""
    answer.pop("ResponseMetadata", None)
    return json.dumps(answer, default=str, sort_keys=True)


WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("iam", "create_role", {"RoleName": "r", "AssumeRolePolicyDocument": json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}]})}),
    ("iam", "create_user", {"UserName": "ann"}),
    ("iam", "create_access_key", {"UserName": "ann"}),
    ("iam", "create_policy", {"PolicyName": "p", "PolicyDocument": json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})}),
    ("ssm", "put_parameter", {"Name": "a", "Value": "1", "Type": "String"}),
    ("ssm", "put_parameter", {"Name": "a", "Value": "2", "Type": "String", "Overwrite": True}),
    ("secretsmanager", "create_secret", {"Name": "s", "SecretString": "x"}),
    ("ec2", "create_vpc", {"CidrBlock": "10.0.0.0/16"}),
    ("ec2", "create_key_pair", {"KeyName": "rsa"}),
    ("ec2", "create_key_pair", {"KeyName": "ed", "KeyType": "ed25519"}),
    ("events", "put_rule", {"Name": "rule", "EventPattern": '{"source": ["x"]}'}),
    ("sqs", "create_queue", {"QueueName": "q"}),
    ("sns", "create_topic", {"Name": "t"}),
    ("organizations", "create_organization", {}),
    ("organizations", "create_account", {"Email": "a@example.com", "AccountName": "dev"}),
    ("stepfunctions", "create_state_machine", {
        "name": "m", "roleArn": "arn:aws:iam::123456789012:role/r",
        "definition": '{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}'}),
    ("ecr", "create_repository", {"repositoryName": "repo"}),
    ("sagemaker", "create_notebook_instance", {
        "NotebookInstanceName": "nb", "InstanceType": "ml.t2.medium", "RoleArn": "arn:aws:iam::123456789012:role/r"}),
]  # fmt: skip

READS: list[tuple[str, str, dict[str, Any]]] = [
    ("iam", "get_role", {"RoleName": "r"}),
    ("iam", "list_users", {}),
    ("iam", "list_access_keys", {"UserName": "ann"}),
    ("iam", "list_policies", {"Scope": "Local"}),
    ("ssm", "get_parameter_history", {"Name": "a"}),
    ("secretsmanager", "describe_secret", {"SecretId": "s"}),
    ("ec2", "describe_vpcs", {}),
    ("ec2", "describe_subnets", {}),
    ("ec2", "describe_security_groups", {}),
    ("ec2", "describe_key_pairs", {"IncludePublicKey": True}),
    ("events", "list_rules", {}),
    ("sqs", "list_queues", {}),
    ("sns", "list_topics", {}),
    ("organizations", "describe_organization", {}),
    ("organizations", "list_accounts", {}),
    ("stepfunctions", "list_state_machines", {}),
    ("ecr", "describe_repositories", {}),
    ("sagemaker", "describe_notebook_instance", {"NotebookInstanceName": "nb"}),
]


def read_all(daemon: LocalDaemon) -> list[str]:
    return [
        f"{service} {plain(getattr(daemon.client(service), method)(**arguments))}"
        for service, method, arguments in READS
    ]


@pytest.fixture(scope="module")
def before(daemon: LocalDaemon) -> SimpleNamespace:
    """Everything that the tests do before the daemon is killed, twice; and what they saw then."""
    seen = SimpleNamespace()
    seen.untouched = plain(daemon.client("ec2", region="eu-central-1").describe_subnets())
    role = "arn:aws:iam::444444444444:role/r"
    seen.keys = daemon.client("sts").assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    for service, method, arguments in WRITES:
        getattr(daemon.client(service), method)(**arguments)
    kms = daemon.client("kms")
    symmetric = kms.create_key()["KeyMetadata"]["KeyId"]
    seen.cipher = kms.encrypt(KeyId=symmetric, Plaintext=b"secret")["CiphertextBlob"]
    pairs = [kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY") for spec in ("RSA_2048", "ECC_NIST_P256")]
    seen.pairs = [pair["KeyMetadata"]["KeyId"] for pair in pairs]
    seen.publics = [kms.get_public_key(KeyId=pair)["PublicKey"] for pair in seen.pairs]
    iam = daemon.client("iam")
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.attach_role_policy(RoleName="missing", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    daemon.client("ssm").put_parameter(Name="after", Value="v", Type="String")
    sqs = daemon.client("sqs")
    seen.queue = sqs.create_queue(QueueName="receipts")["QueueUrl"]
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=seen.queue, MessageBody=body)
    seen.message = sqs.receive_message(QueueUrl=seen.queue, WaitTimeSeconds=5)["Messages"][0]
    seen.reads = read_all(daemon)
    daemon.kill_and_restart()
    daemon.client("sqs").delete_message(QueueUrl=seen.queue, ReceiptHandle=seen.message["ReceiptHandle"])
    daemon.kill_and_restart()
    return seen


def test_everything_reads_the_same(daemon: LocalDaemon, before: SimpleNamespace) -> None:
    assert read_all(daemon) == before.reads


def test_what_exists_by_default_reads_the_same_though_nobody_made_it(
    daemon: LocalDaemon, before: SimpleNamespace
) -> None:
    assert plain(daemon.client("ec2", region="eu-central-1").describe_subnets()) == before.untouched


def test_credentials_stay_valid(daemon: LocalDaemon, before: SimpleNamespace) -> None:
    keys = before.keys
    again = daemon.client_with("sts", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert again.get_caller_identity()["Arn"] == "arn:aws:sts::444444444444:assumed-role/r/session"


def test_keys_still_decrypt_and_verify(daemon: LocalDaemon, before: SimpleNamespace) -> None:
    kms = daemon.client("kms")
    assert kms.decrypt(CiphertextBlob=before.cipher)["Plaintext"] == b"secret"
    assert [kms.get_public_key(KeyId=pair)["PublicKey"] for pair in before.pairs] == before.publics


def test_a_request_that_failed_harms_nothing_behind_it(daemon: LocalDaemon, before: SimpleNamespace) -> None:
    assert daemon.client("ssm").get_parameter(Name="after")["Parameter"]["Value"] == "v"


def test_a_received_message_could_be_deleted_after_a_restart(daemon: LocalDaemon, before: SimpleNamespace) -> None:
    left = daemon.client("sqs").receive_message(QueueUrl=before.queue, WaitTimeSeconds=1)["Messages"]
    assert sorted([before.message["Body"], *(one["Body"] for one in left)]) == ["one", "two"]


def test_no_answer_was_different_when_it_was_replayed(daemon: LocalDaemon, before: SimpleNamespace) -> None:
    log = (daemon.state / "daemon.log").read_text()
    different = {int(number) for number in re.findall(r"request (\d+) to moto was answered differently", log)}
    # OpenSSH's format salts the private key whenever it is written; the key itself is the same (see above).
    ed25519 = 1 + next(n for n, (*_, arguments) in enumerate(WRITES) if arguments.get("KeyName") == "ed")
    assert different <= {ed25519}


def test_the_version_that_the_seams_were_written_for() -> None:
    assert importlib.metadata.version("moto") == "5.2.5", "check every seam, then change this line"
