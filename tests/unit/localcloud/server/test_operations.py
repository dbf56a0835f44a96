from __future__ import annotations

import io

import pytest

from headgate.localcloud.seams import Caller, HttpRequest
from headgate.localcloud.server.operations import changes_state, operation_name


def request(service: str, method: str = "POST", path: str = "/", query: tuple = (), **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest(method, path, query, named, io.BytesIO(), service, Caller("123456789012", "eu-west-1"))


@pytest.mark.parametrize(
    ("asked", "body", "name"),
    [
        (request("ssm", x_amz_target="AmazonSSM.PutParameter"), b"{}", "PutParameter"),
        (request("iam", content_type="application/x-www-form-urlencoded"), b"Action=GetRole&RoleName=r", "GetRole"),
        (request("sts", "GET", query=(("Action", "GetCallerIdentity"),)), b"", "GetCallerIdentity"),
        (request("lambda", path="/2015-03-31/functions/f/invocations"), b"", "Invoke"),
        (request("lambda", path="/2014-11-13/functions/f/invoke-async"), b"", "InvokeAsync"),
        (request("lambda", path="/2015-03-31/functions"), b"", ""),
        (
            request("monitoring", path="/service/G/operation/PutMetricData", smithy_protocol="rpc-v2-cbor"),
            b"",
            "PutMetricData",
        ),
    ],
)
def test_the_name_is_found_in_every_protocol(asked: HttpRequest, body: bytes, name: str) -> None:
    assert operation_name(asked, body) == name


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("ssm", "GetParameter"),
        ("iam", "ListRoles"),
        ("ec2", "DescribeVpcs"),
        ("dynamodb", "BatchGetItem"),
        ("dynamodb", "Query"),
        ("kms", "Decrypt"),
        ("lambda", "Invoke"),
        ("events", "TestEventPattern"),
        ("sts", "GetCallerIdentity"),
    ],
)
def test_reading_is_not_journaled(service: str, operation: str) -> None:
    assert not changes_state(service, operation, "POST")


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("ssm", "PutParameter"),
        ("sqs", "ReceiveMessage"),
        ("sts", "AssumeRole"),
        ("sts", "GetSessionToken"),
        ("states", "GetActivityTask"),
        ("anything", "FrobnicateWidget"),
        ("dynamodb", "ExecuteStatement"),
    ],
)
def test_writing_and_the_unknown_are_journaled(service: str, operation: str) -> None:
    assert changes_state(service, operation, "POST")


def test_without_a_name_the_method_decides() -> None:
    assert not changes_state("batch", "", "GET")
    assert changes_state("batch", "", "POST")
    assert changes_state("batch", "", "DELETE")
