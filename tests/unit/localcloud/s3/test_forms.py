"""PostObject and presigned URLs: uploads and downloads without credentials in a header."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3

from headgate.localcloud.s3.errors import S3Error
from headgate.localcloud.s3.forms import check_policy, read_form

BINARY = b"\r\n--not the boundary\r\n\n\r\r\n" * 3 + bytes(range(256)) + b"\r"


@pytest.fixture
def http() -> Iterator[urllib3.PoolManager]:
    pool = urllib3.PoolManager()
    yield pool
    pool.clear()


def post(http: urllib3.PoolManager, form: dict[str, Any], body: bytes = BINARY) -> urllib3.BaseHTTPResponse:
    return http.request("POST", form["url"], fields={**form["fields"], "file": ("name.bin", body)}, redirect=False)


def test_a_presigned_form_uploads_a_file(s3, http) -> None:
    fields = {"Content-Type": "text/csv", "x-amz-meta-who": "me"}
    form = s3.generate_presigned_post(
        "data", "up/${filename}", Fields=fields, Conditions=[{name: value} for name, value in fields.items()]
    )
    form["fields"]["key"] = "up/${filename}"
    answer = post(http, form)
    assert answer.status == 204, answer.data
    got = s3.get_object(Bucket="data", Key="up/name.bin")
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (BINARY, "text/csv", {"who": "me"})


def test_what_a_form_is_answered_with(s3, http) -> None:
    def form(**fields: str) -> dict[str, Any]:
        return s3.generate_presigned_post(
            "data", "a", Fields=fields, Conditions=[{name: value} for name, value in fields.items()]
        )

    created = post(http, form(success_action_status="201"))
    assert created.status == 201
    assert b"<Key>a</Key>" in created.data
    assert post(http, form(success_action_status="200")).status == 200
    redirect = post(http, form(success_action_redirect="http://127.0.0.1/done"))
    assert (redirect.status, redirect.headers["location"]) == (303, "http://127.0.0.1/done")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"key": "elsewhere"}, b"AccessDenied"),
        ({"acl": "public-read"}, b"AccessDenied"),
        ({"policy": "no"}, b"InvalidPolicyDocument"),
        ({"key": ""}, b"InvalidArgument"),
    ],
)
def test_forms_that_are_refused(s3, store, http, change: dict[str, str], expected: bytes) -> None:
    form = s3.generate_presigned_post("data", "a")
    form["fields"] |= change
    answer = post(http, form)
    assert answer.status in {400, 403}
    assert b"<Code>" + expected in answer.data
    assert store.list("data") == []


@pytest.mark.parametrize(("sizes", "status"), [((1, 10), b"EntityTooLarge"), ((10_000, 20_000), b"EntityTooSmall")])
def test_the_size_range_of_a_policy_holds(s3, http, sizes: tuple[int, int], status: bytes) -> None:
    form = s3.generate_presigned_post("data", "a", Conditions=[["content-length-range", *sizes]])
    assert status in post(http, form).data


def test_an_expired_policy(s3, http, clock) -> None:
    form = s3.generate_presigned_post("data", "a", ExpiresIn=60)
    clock.time = 9e9
    assert b"Policy expired" in post(http, form).data


def test_bodies_that_are_no_forms() -> None:
    for content_type, body in (
        ("text/plain", b""),
        ("multipart/form-data; boundary=x", b"--y\r\n"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: a\r\n\r\nb\r\n--x--\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nhalf'),
    ):
        with pytest.raises(S3Error, match="MalformedPOSTRequest"):
            read_form(content_type, io.BytesIO(body))
    only_fields = b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nb\r\n--x--\r\n'
    with pytest.raises(S3Error, match="exactly one file"):
        read_form("multipart/form-data; boundary=x", io.BytesIO(only_fields))


def test_fields_before_the_file_are_limited() -> None:
    field = b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\n' + b"b" * 30_000 + b"\r\n--x\r\n"
    with pytest.raises(S3Error, match="MaxPostPreDataLengthExceeded"):
        read_form("multipart/form-data; boundary=x", io.BytesIO(field))


def document(*conditions: Any, expiration: str = "2100-01-01T00:00:00Z") -> str:
    return base64.b64encode(json.dumps({"expiration": expiration, "conditions": conditions}).encode()).decode()


def test_conditions_of_a_policy() -> None:
    conditions = [["starts-with", "$key", "up/"], {"bucket": "data"}, ["content-length-range", 1, 9]]
    form = {"key": "up/a", "bucket": "data", "policy": document(*conditions), "x-amz-signature": "s"}
    assert check_policy(form, 0) == range(1, 10)
    with pytest.raises(S3Error, match="Policy Condition failed"):
        check_policy({**form, "key": "down/a"}, 0)
    with pytest.raises(S3Error, match="Extra input fields: acl"):
        check_policy({**form, "acl": "private"}, 0)
    with pytest.raises(S3Error, match="InvalidPolicyDocument"):
        check_policy({**form, "policy": document(["matches", "$key", ".*"])}, 0)
    assert check_policy({"key": "a"}, 0) is None


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_presigned_urls(client_for, s3, http, clock, version: str) -> None:
    import time

    clock.time = time.time()
    client = client_for(signature_version=version)
    put = client.generate_presigned_url("put_object", Params={"Bucket": "data", "Key": "a b+c"}, ExpiresIn=60)
    assert http.request("PUT", put, body=b"hello").status == 200
    get = client.generate_presigned_url(
        "get_object", Params={"Bucket": "data", "Key": "a b+c", "ResponseContentType": "text/html"}, ExpiresIn=60
    )
    answer = http.request("GET", get)
    assert (answer.data, answer.headers["content-type"]) == (b"hello", "text/html")
    clock.time += 61
    assert b"request has expired" in http.request("GET", get).data


def test_presigned_urls_that_are_none(s3, endpoint, http) -> None:
    for query in ("X-Amz-Expires=x", "X-Amz-Expires=60&X-Amz-Date=today", "Signature=x"):
        assert b"AuthorizationQueryParametersError" in http.request("GET", f"{endpoint}/data/a?{query}").data
    long = "X-Amz-Expires=999999999&X-Amz-Date=20261121T070000Z"
    assert b"InvalidArgument" in http.request("GET", f"{endpoint}/data/a?{long}").data
