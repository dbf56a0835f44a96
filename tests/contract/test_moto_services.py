"""Seam: moto as a WSGI application in our process (`moto_app.py`), called by boto3 over HTTP."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import LocalDaemon

pytestmark = pytest.mark.slow  # each starts processes of its own


def refusal(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response: dict[str, Any] = caught.value.response
    return response


def test_the_services_that_projects_use_answer(daemon: LocalDaemon) -> None:
    ssm = daemon.client("ssm")
    ssm.put_parameter(Name="/a/b", Value="v", Type="String")
    assert ssm.get_parameter(Name="/a/b")["Parameter"]["Value"] == "v"
    s3 = daemon.client("s3")
    s3.create_bucket(Bucket="services", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="services", Key="k", Body=b"object")
    assert s3.get_object(Bucket="services", Key="k")["Body"].read() == b"object"
    logs = daemon.client("logs")
    logs.create_log_group(logGroupName="/g")
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["/g"]
    sagemaker = daemon.client("sagemaker")
    sagemaker.create_model_package_group(ModelPackageGroupName="group")
    groups = sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
    assert [group["ModelPackageGroupName"] for group in groups] == ["group"]


@pytest.mark.parametrize(
    ("service", "write", "read"),
    [
        ("dynamodb", ("create_table", {
            "TableName": "t", "BillingMode": "PAY_PER_REQUEST",
            "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
            "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        }), ("list_tables", "TableNames", 1)),
        ("iam", ("create_user", {"UserName": "ann"}), ("list_users", "Users", 1)),
        ("sns", ("create_topic", {"Name": "t"}), ("list_topics", "Topics", 1)),
        ("events", ("put_rule", {"Name": "r", "ScheduleExpression": "rate(1 day)"}), ("list_rules", "Rules", 1)),
        ("secretsmanager", ("create_secret", {"Name": "s", "SecretString": "x"}), ("list_secrets", "SecretList", 1)),
        ("cloudwatch", ("put_metric_data", {
            "Namespace": "N", "MetricData": [{"MetricName": "m", "Value": 1.0}],
        }), ("list_metrics", "Metrics", 1)),
        ("ecr", ("create_repository", {"repositoryName": "repo"}), ("describe_repositories", "repositories", 1)),
        ("apigateway", ("create_rest_api", {"name": "api"}), ("get_rest_apis", "items", 1)),
        ("route53", ("create_hosted_zone", {"Name": "x.example", "CallerReference": "1"}),
         ("list_hosted_zones", "HostedZones", 1)),
    ],
)  # fmt: skip
def test_every_protocol_writes_and_reads(daemon: LocalDaemon, service: str, write: Any, read: Any) -> None:
    client = daemon.client(service)
    getattr(client, write[0])(**write[1])
    assert len(getattr(client, read[0])()[read[1]]) == read[2]


@pytest.mark.parametrize(
    ("service", "method", "arguments", "named"),
    [
        ("sagemaker", "list_hubs", {}, "sagemaker ListHubs"),
        ("ec2", "describe_fast_snapshot_restores", {}, "ec2 DescribeFastSnapshotRestores"),
        ("iam", "generate_service_last_accessed_details", {"Arn": "arn:aws:iam::1:user/a" + "x" * 20},
         "iam GenerateServiceLastAccessedDetails"),
        ("quicksight", "list_topics", {"AwsAccountId": "123456789012"}, "quicksight GET /accounts"),
        ("accessanalyzer", "list_analyzers", {}, "the service 'access-analyzer'"),
    ],
)  # fmt: skip
def test_what_nobody_implements_is_501_and_not_retried(
    daemon: LocalDaemon, service: str, method: str, arguments: Any, named: str
) -> None:
    response = refusal(getattr(daemon.client(service), method), **arguments)
    assert response["Error"]["Code"] == "UnsupportedByLocalCloud"
    assert named in response["Error"]["Message"]
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert response["ResponseMetadata"]["RetryAttempts"] == 0


def test_an_error_of_motos_arrives_as_awss(daemon: LocalDaemon) -> None:
    response = refusal(daemon.client("ssm").get_parameter, Name="missing")
    assert response["Error"]["Code"] == "ParameterNotFound"


def test_accounts_are_apart_and_a_role_acts_in_its_own(daemon: LocalDaemon) -> None:
    daemon.client("ssm", "111111111111").put_parameter(Name="here", Value="v", Type="String")
    assert refusal(daemon.client("ssm", "222222222222").get_parameter, Name="here")["Error"]["Code"]
    role = "arn:aws:iam::111111111111:role/reader"
    keys = daemon.client("sts", "222222222222").assume_role(RoleArn=role, RoleSessionName="me")["Credentials"]
    session = (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    assert daemon.client_with("ssm", *session).get_parameter(Name="here")["Parameter"]["Value"] == "v"
    identity = daemon.client_with("sts", *session).get_caller_identity()
    assert identity["Arn"] == "arn:aws:sts::111111111111:assumed-role/reader/me"


def test_a_users_key_is_its_accounts(daemon: LocalDaemon) -> None:
    iam = daemon.client("iam", "333333333333")
    iam.create_user(UserName="bob")
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    identity = daemon.client_with("sts", key["AccessKeyId"], key["SecretAccessKey"]).get_caller_identity()
    assert identity["Arn"] == "arn:aws:iam::333333333333:user/bob"


def test_any_other_key_is_the_default_account(daemon: LocalDaemon) -> None:
    assert daemon.client_with("sts", "test", "test").get_caller_identity()["Account"] == "123456789012"


def test_a_presigned_url_needs_no_credentials(daemon: LocalDaemon) -> None:
    url = daemon.client("sts").generate_presigned_url("get_caller_identity")
    with urllib.request.urlopen(url) as answer:
        assert b":root" in answer.read()
    s3 = daemon.client("s3")
    s3.create_bucket(Bucket="presigned", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="presigned", Key="a b", Body=b"x")
    with urllib.request.urlopen(
        s3.generate_presigned_url("get_object", {"Bucket": "presigned", "Key": "a b"})
    ) as answer:
        assert answer.read() == b"x"


def test_motos_own_switches_are_out_of_reach(daemon: LocalDaemon) -> None:
    scope = "HEADGATE123456789012/20260101/eu-west-1/ssm/aws4_request"
    request = urllib.request.Request(f"{daemon.endpoint.url}/moto-api/reset", method="POST", headers={
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0"})  # fmt: skip
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        assert answer.code == 501


def test_a_web_page_cannot_read_what_is_answered(daemon: LocalDaemon) -> None:
    request = urllib.request.Request(f"{daemon.endpoint.url}/", headers={"Origin": "https://evil.example"})
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    with caught.value as answer:
        assert answer.code == 403
        assert "access-control-allow-origin" not in answer.headers


def test_long_polling_waits_for_a_message_and_holds_nobody_up(daemon: LocalDaemon) -> None:
    import threading

    sqs = daemon.client("sqs")
    url = sqs.create_queue(QueueName="long")["QueueUrl"]
    found: list[Any] = []
    waiter = threading.Thread(
        target=lambda: found.extend(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", []))
    )
    waiter.start()
    daemon.client("ssm").put_parameter(Name="meanwhile", Value="v", Type="String")
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    waiter.join(15)
    assert [message["Body"] for message in found] == ["hello"]


def test_dead_letters_move_even_when_nothing_is_received(daemon: LocalDaemon) -> None:
    sqs = daemon.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName="live", Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert sqs.receive_message(QueueUrl=url)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)
    daemon.kill_and_restart()
    sqs = daemon.client("sqs")
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["poison"]


def test_awss_own_policies_may_be_attached(daemon: LocalDaemon) -> None:
    iam = daemon.client("iam")
    nobody = json.dumps({"Version": "2012-10-17", "Statement": []})
    iam.create_role(RoleName="function", AssumeRolePolicyDocument=nobody)
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="function", PolicyArn=arn)
    attached = iam.list_attached_role_policies(RoleName="function")["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [arn]
