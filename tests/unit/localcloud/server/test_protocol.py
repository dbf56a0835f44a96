from __future__ import annotations

import json
from typing import Any

import botocore.session
import pytest
from botocore.parsers import create_parser

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.server.protocol import error_response

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
ERROR = AwsError("Odd<Code", "a & b", status=409)


def parsed(service: str, protocol: str, headers: dict[str, str], error: AwsError = ERROR) -> dict[str, Any]:
    """The error as botocore's own parser understands it."""
    response = error_response(error, service, headers, "request-1")
    model = botocore.session.get_session().get_service_model(service)
    shape = model.operation_model(model.operation_names[0]).output_shape
    assert isinstance(response.body, bytes)
    found: dict[str, Any] = create_parser(protocol).parse(
        {"body": response.body, "headers": response.headers, "status_code": response.status}, shape
    )
    return found


@pytest.mark.parametrize(
    ("service", "protocol", "headers"),
    [
        ("ssm", "json", {"x-amz-target": "AmazonSSM.X"}),
        ("lambda", "rest-json", {}),
        ("iam", "query", FORM),
        ("ec2", "ec2", FORM),
        ("s3", "rest-xml", {}),
        ("cloudfront", "rest-xml", {}),
        ("arc-region-switch", "smithy-rpc-v2-cbor", {"smithy-protocol": "rpc-v2-cbor"}),
    ],
)
def test_botocore_finds_code_and_message(service: str, protocol: str, headers: dict[str, str]) -> None:
    found = parsed(service, protocol, headers)
    assert found["Error"]["Code"] == "Odd<Code"
    assert found["Error"]["Message"] == "a & b"
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 409


def test_a_long_message_survives_cbor() -> None:
    error = AwsError("Code", "x" * 1000)
    found = parsed("arc-region-switch", "smithy-rpc-v2-cbor", {"smithy-protocol": "rpc-v2-cbor"}, error)
    assert found["Error"]["Message"] == "x" * 1000


def test_what_is_unsupported_is_501_which_no_client_retries() -> None:
    response = error_response(unsupported("x Y"), "x", {"x-amz-target": "X.Y"}, "r")
    assert response.status == 501
    assert isinstance(response.body, bytes)
    assert json.loads(response.body)["__type"] == "UnsupportedByLocalCloud"
