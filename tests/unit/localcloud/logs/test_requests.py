"""Requests that are no requests of CloudWatch Logs."""

from __future__ import annotations

import io

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.logs.service import LogsService
from headgate.localcloud.seams import Caller, HttpRequest


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("", b"{}", "UnsupportedByLocalCloud"),
        ("SageMaker.CreateModel", b"{}", "UnsupportedByLocalCloud"),
        ("Logs_20140328.NoSuchThing", b"{}", "UnsupportedByLocalCloud"),
        ("Logs_20140328.DescribeLogGroups", b"no json", "SerializationException"),
        ("Logs_20140328.DescribeLogGroups", b"[]", "SerializationException"),
        ("Logs_20140328.CreateLogGroup", b"{}", "InvalidParameterException"),
        ("Logs_20140328.CreateLogGroup", b'{"logGroupName": 7}', "InvalidParameterException"),
    ],
)
def test_what_is_refused(store, documents, target: str, body: bytes, code: str) -> None:
    headers = {"x-amz-target": target}
    request = HttpRequest("POST", "/", (), headers, io.BytesIO(body), "logs", Caller("111111111111", "us-east-1"))
    with pytest.raises(AwsError, match=code):
        LogsService(store, documents).handle(request)
