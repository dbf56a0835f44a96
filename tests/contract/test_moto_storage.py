"""Seams: what moto's other services read and write in S3, CloudWatch Logs and SageMaker (`moto_storage.py`)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import REGION, LocalDaemon, zipped

pytestmark = pytest.mark.slow

TEMPLATE = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "made-by-a-stack"}}}}


@pytest.fixture(scope="module")
def bucket(daemon: LocalDaemon) -> str:
    """A bucket with code and a template; everything below was done before the daemon was killed."""
    place: Any = {"LocationConstraint": REGION}
    s3, logs, events = (daemon.client(name) for name in ("s3", "logs", "events"))
    s3.create_bucket(Bucket="code", CreateBucketConfiguration=place)
    s3.put_object(Bucket="code", Key="f.zip", Body=zipped({"app.py": "def handler(e, c): return 'from s3'"}))
    daemon.function("stored", "", Code={"S3Bucket": "code", "S3Key": "f.zip"})
    s3.delete_object(Bucket="code", Key="f.zip")
    with pytest.raises(ClientError, match="NoSuchKey"):
        daemon.function("missing", "", Code={"S3Bucket": "code", "S3Key": "nothing.zip"})
    with pytest.raises(ClientError, match="NoSuchBucket"):
        daemon.function("missing", "", Code={"S3Bucket": "no-such-bucket", "S3Key": "nothing.zip"})
    s3.put_object(Bucket="code", Key="t.json", Body=json.dumps(TEMPLATE))
    url = f"https://code.s3.{REGION}.amazonaws.com/t.json"
    daemon.client("cloudformation").create_stack(StackName="s", TemplateURL=url)
    settled(daemon, "stack_create_complete")
    s3.put_object(Bucket="made-by-a-stack", Key="k", Body=b"x")
    logs.create_log_group(logGroupName="/aws/events/all")
    events.put_rule(Name="all", EventPattern=json.dumps({"source": ["test"]}))
    arn = f"arn:aws:logs:{REGION}:123456789012:log-group:/aws/events/all"
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    events.put_events(Entries=[{"Source": "test", "DetailType": "d", "Detail": '{"n": 1}'}])
    firehose = daemon.client("firehose")
    goal = {"RoleARN": daemon.role(), "BucketARN": "arn:aws:s3:::code", "Prefix": "firehose/"}
    firehose.create_delivery_stream(DeliveryStreamName="d", ExtendedS3DestinationConfiguration=goal)
    firehose.put_record(DeliveryStreamName="d", Record={"Data": b"delivered"})
    assert written_events(daemon) == [{"n": 1}]
    assert delivered(daemon) == [b"delivered"]
    daemon.kill_and_restart()
    return "code"


def settled(daemon: LocalDaemon, waiter: str) -> None:
    """Wait, as clients do, until the stack's operation is over."""
    daemon.client("cloudformation").get_waiter(waiter).wait(StackName="s", WaiterConfig={"Delay": 0.1})


def written_events(daemon: LocalDaemon) -> list[Any]:
    found = daemon.client("logs").filter_log_events(logGroupName="/aws/events/all")["events"]
    return [json.loads(event["message"])["detail"] for event in found]


def delivered(daemon: LocalDaemon) -> list[bytes]:
    s3 = daemon.client("s3")
    found = s3.list_objects_v2(Bucket="code", Prefix="firehose/").get("Contents", [])
    return [s3.get_object(Bucket="code", Key=item["Key"])["Body"].read() for item in found]


def test_lambda_takes_its_code_from_our_s3_and_keeps_it(daemon: LocalDaemon, bucket: str) -> None:
    assert daemon.invoke("stored")[0] == "from s3"


def test_code_that_was_not_there_left_no_function(daemon: LocalDaemon, bucket: str) -> None:
    names = [function["FunctionName"] for function in daemon.client("lambda").list_functions()["Functions"]]
    assert names == ["stored"]


def test_cloudformation_reads_templates_and_makes_buckets_that_are_ours(daemon: LocalDaemon, bucket: str) -> None:
    assert daemon.client("s3").get_object(Bucket="made-by-a-stack", Key="k")["Body"].read() == b"x"
    stacks = daemon.client("cloudformation").describe_stacks()["Stacks"]
    assert [stack["StackStatus"] for stack in stacks] == ["CREATE_COMPLETE"]


def test_events_end_in_our_logs_once(daemon: LocalDaemon, bucket: str) -> None:
    assert written_events(daemon) == [{"n": 1}]


def test_what_firehose_delivers_is_an_object_once(daemon: LocalDaemon, bucket: str) -> None:
    assert delivered(daemon) == [b"delivered"]


def test_deleting_a_stack_deletes_the_bucket(daemon: LocalDaemon, bucket: str) -> None:
    daemon.client("s3").delete_object(Bucket="made-by-a-stack", Key="k")
    daemon.client("cloudformation").delete_stack(StackName="s")
    settled(daemon, "stack_delete_complete")
    names = [found["Name"] for found in daemon.client("s3").list_buckets()["Buckets"]]
    assert names == ["code"]


def test_no_answer_was_different_when_it_was_replayed(daemon: LocalDaemon, bucket: str) -> None:
    assert "answered differently" not in (daemon.state / "daemon.log").read_text()


def test_a_second_truth_is_refused_by_name(daemon: LocalDaemon) -> None:
    properties = {"ExecutionRoleArn": "arn:aws:iam::123456789012:role/r", "PrimaryContainer": {"Image": "i"}}
    template = json.dumps({"Resources": {"R": {"Type": "AWS::SageMaker::Model", "Properties": properties}}})
    with pytest.raises(ClientError, match="does not support the resource type AWS::SageMaker::Model"):
        daemon.client("cloudformation").create_stack(StackName="refused", TemplateBody=template)
    assert daemon.client("sagemaker").list_models()["Models"] == []
