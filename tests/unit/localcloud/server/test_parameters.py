"""Requests as boto3 sends them, read back into the operation and the parameters that made them."""

from __future__ import annotations

import functools
import io
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest
from headgate.localcloud.server import parameters
from headgate.localcloud.server.identify import address
from unit.localcloud.http_harness import make_client


class _StopError(Exception):
    """Ends a call of boto3's before anything is sent."""


@functools.cache
def _client(service: str) -> Any:
    client = make_client(service, "http://127.0.0.1:1", "HEADGATE123456789012", "eu-west-1")
    client.meta.events.register("before-send.*.*", _stop)
    return client


def _stop(request: Any, **_: Any) -> None:
    raise _StopError(request)


def sent(service: str, operation: str, **arguments: Any) -> HttpRequest:
    """What boto3 would send, as the server hands it on."""
    with pytest.raises(_StopError) as caught:
        getattr(_client(service), operation)(**arguments)
    request = caught.value.args[0]
    headers = {
        name.lower(): value.decode() if isinstance(value, bytes) else str(value)
        for name, value in request.headers.items()
    }
    url = urlsplit(request.url)
    body = request.body or b""
    body = body.read() if hasattr(body, "read") else body.encode() if isinstance(body, str) else body
    query = tuple(parse_qsl(url.query, keep_blank_values=True))
    form = body if headers.get("content-type", "").startswith("application/x-www-form") else None
    who = address(unquote(url.path), query, headers, form)
    return HttpRequest(
        request.method,
        unquote(url.path),
        query,
        headers,
        io.BytesIO(body),
        who.service,
        Caller("123456789012", "eu-west-1"),
        url.path,
        url.query,
    )


TAGS = [{"Key": "team", "Value": "a"}]
ROLE = "arn:aws:iam::123456789012:role/r"
CALLS: list[tuple[str, str, str, dict[str, Any]]] = [
    ("s3", "put_object", "PutObject", {"Bucket": "bbb", "Key": "a/b c", "ServerSideEncryption": "aws:kms"}),
    ("s3", "copy_object", "CopyObject", {"Bucket": "bbb", "Key": "k", "CopySource": "other/key"}),
    ("s3", "list_objects_v2", "ListObjectsV2", {"Bucket": "bbb", "Prefix": "p/"}),
    ("s3", "list_objects", "ListObjects", {"Bucket": "bbb", "Prefix": "p/"}),
    ("s3", "list_buckets", "ListBuckets", {}),
    ("s3", "delete_objects", "DeleteObjects", {"Bucket": "bbb", "Delete": {"Objects": [{"Key": "a"}, {"Key": "b"}]}}),
    ("s3", "put_bucket_tagging", "PutBucketTagging", {"Bucket": "bbb", "Tagging": {"TagSet": TAGS}}),
    ("s3", "upload_part", "UploadPart", {"Bucket": "bbb", "Key": "k", "PartNumber": 1, "UploadId": "u"}),
    ("s3", "get_object", "GetObject", {"Bucket": "bbb", "Key": "k", "VersionId": "3"}),
    ("s3", "head_object", "HeadObject", {"Bucket": "bbb", "Key": "k"}),
    ("s3", "get_bucket_acl", "GetBucketAcl", {"Bucket": "bbb"}),
    ("ec2", "create_vpc", "CreateVpc", {
        "CidrBlock": "10.0.0.0/16", "TagSpecifications": [{"ResourceType": "vpc", "Tags": TAGS}]}),
    ("ec2", "run_instances", "RunInstances", {"ImageId": "a", "MinCount": 1, "MaxCount": 2}),
    ("iam", "create_role", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags": TAGS}),
    ("sts", "assume_role", "AssumeRole", {
        "RoleArn": ROLE, "RoleSessionName": "ss", "Tags": TAGS, "TransitiveTagKeys": ["team"], "DurationSeconds": 900,
        "PolicyArns": [{"arn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}]}),
    ("sns", "publish", "Publish", {
        "TopicArn": "arn", "Message": "m", "MessageAttributes": {"a": {"DataType": "String", "StringValue": "b"}}}),
    ("sqs", "send_message", "SendMessage", {"QueueUrl": "http://x/1/q", "MessageBody": "m"}),
    ("cloudwatch", "put_metric_alarm", "PutMetricAlarm", {
        "AlarmName": "a", "EvaluationPeriods": 1, "ComparisonOperator": "GreaterThanThreshold", "Threshold": 1.5,
        "ActionsEnabled": True, "Tags": TAGS}),
    ("lambda", "invoke", "Invoke", {"FunctionName": "arn:aws:lambda:eu-west-1:1:function:f", "Qualifier": "1"}),
    ("lambda", "create_function", "CreateFunction", {
        "FunctionName": "f", "Role": ROLE, "Code": {"S3Bucket": "bbb", "S3Key": "k"}, "Tags": {"a": "b"}}),
    ("dynamodb", "get_item", "GetItem", {"TableName": "t", "Key": {"a": {"S": "b"}}}),
    ("dynamodbstreams", "describe_stream", "DescribeStream", {
        "StreamArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026"}),
    ("stepfunctions", "start_execution", "StartExecution", {"stateMachineArn": "arn", "input": "{}"}),
    ("scheduler", "get_schedule", "GetSchedule", {"Name": "s", "GroupName": "g"}),
    ("cloudformation", "create_stack", "CreateStack", {
        "StackName": "s", "Tags": TAGS, "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [{"ParameterKey": "a", "ParameterValue": "b"}]}),
    ("sagemaker-runtime", "invoke_endpoint", "InvokeEndpoint", {"EndpointName": "e", "Body": b""}),
    ("ram", "create_resource_share", "CreateResourceShare", {"name": "x", "principals": ["1"]}),
]  # fmt: skip
ADDED_BY_BOTO3 = frozenset(
    {"ChecksumAlgorithm", "ChecksumCRC32", "ChecksumMode", "ClientToken", "ContentLength", "EncodingType"}
)


@pytest.mark.parametrize(("service", "method", "operation", "arguments"), CALLS, ids=[call[2] for call in CALLS])
def test_what_was_asked_is_read_back(service: str, method: str, operation: str, arguments: dict[str, Any]) -> None:
    request = sent(service, method, **arguments)
    before = request.body.read()
    request.body.seek(0)
    asked, again = parameters.read(request)
    assert asked.operation == operation
    assert {name: value for name, value in asked.parameters.items() if name not in ADDED_BY_BOTO3} == {
        name: value for name, value in arguments.items() if name != "Body"
    }
    assert again.body.read() == before


def test_a_bucket_in_the_host_name_is_a_parameter() -> None:
    headers = {"host": "bbb.s3.eu-west-1.amazonaws.com"}
    request = HttpRequest("GET", "/k", (), headers, io.BytesIO(), "s3", Caller("1", "eu-west-1"), "/k")
    asked, _ = parameters.read(request)
    assert (asked.operation, asked.parameters) == ("GetObject", {"Bucket": "bbb", "Key": "k"})


def test_a_browsers_form_is_an_operation_of_its_own() -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    request = HttpRequest("POST", "/bbb", (), headers, io.BytesIO(b"--x"), "s3", Caller("1", "eu-west-1"), "/bbb")
    asked, _ = parameters.read(request)
    assert (asked.operation, asked.parameters) == ("PostObject", {"Bucket": "bbb"})


def request(method: str, path: str, service: str, body: bytes = b"", **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest(method, path, (), named, io.BytesIO(body), service, Caller("1", "eu-west-1"), path)


@pytest.mark.parametrize(
    "unknown",
    [request("PATCH", "/bbb", "s3"), request("GET", "/nowhere", "lambda"), request("GET", "/", "no-such-service")],
)
def test_what_no_operation_has_is_without_a_name(unknown: HttpRequest) -> None:
    assert parameters.read(unknown)[0].operation == ""


def form(body: bytes) -> HttpRequest:
    return request("POST", "/", "sts", body, content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("broken", "code"),
    [
        (request("POST", "/", "ssm", b"{", x_amz_target="AmazonSSM.GetParameter"), "SerializationException"),
        (replace(request("POST", "/bbb", "s3", b"<"), query=(("delete", ""),)), "MalformedXML"),
        (request("POST", "/2015-03-31/functions", "lambda", b"{"), "SerializationException"),
        (request("POST", "/x/operation/Put", "monitoring", b"\xbf", smithy_protocol="rpc-v2-cbor"),
         "SerializationException"),
        (form(b"Action=Fly&Version=1"), "InvalidAction"),
        (form(b"Action=AssumeRole&DurationSeconds=x"), "MalformedInput"),
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(broken: HttpRequest, code: str) -> None:
    with pytest.raises(AwsError) as caught:
        parameters.read(broken)
    assert caught.value.code == code
