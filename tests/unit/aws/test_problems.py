from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore import exceptions
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from headgate.aws.problems import explain, friendly_client
from headgate.errors import FailedError, HeadgateError, UserError


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "m"}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (refused("ExpiredToken"), UserError, "have expired"),
        (refused("InvalidClientTokenId"), UserError, "does not know these credentials"),
        (refused("SignatureDoesNotMatch"), UserError, "refuses the request's signature"),
        (exceptions.NoCredentialsError(), UserError, "no AWS credentials"),
        (exceptions.PartialCredentialsError(provider="env", cred_var="x"), UserError, "no AWS credentials"),
        (exceptions.NoRegionError(), UserError, "no AWS region"),
        (exceptions.ProfileNotFound(profile="dev"), UserError, "AWS profile 'dev' does not exist"),
        (exceptions.UnauthorizedSSOTokenError(), UserError, "have expired"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), FailedError, "AWS cannot be reached"),
    ],
)
def test_what_people_can_mend_is_explained(error: Exception, kind: type[HeadgateError], text: str) -> None:
    found = explain(error, "aws")
    assert type(found) is kind
    assert text in found.message


@pytest.mark.parametrize("error", [refused("ValidationException"), exceptions.ParamValidationError(report="r")])
def test_everything_else_is_left_as_it_is(error: Exception) -> None:
    assert explain(error, "aws") is None


def test_a_local_cloud_that_is_gone_is_named() -> None:
    found = explain(exceptions.EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "local")
    assert found is not None
    assert "the local cloud does not answer" in found.message
    assert found.next_command == "headgate cloud status"


def stubbed(target: str) -> tuple[Any, Stubber]:
    client = boto3.client("sts", region_name="eu-west-1", aws_access_key_id="a", aws_secret_access_key="b")
    friendly_client(client, target)
    return client, Stubber(client)


def test_credentials_that_expire_in_the_middle_are_explained_too() -> None:
    client, stub = stubbed("aws")
    stub.add_client_error("get_caller_identity", "ExpiredTokenException", http_status_code=403)
    with stub, pytest.raises(UserError, match="have expired"):
        client.get_caller_identity()


def test_other_errors_of_a_client_stay_botocores() -> None:
    client, stub = stubbed("aws")
    stub.add_client_error("get_caller_identity", "AccessDenied", http_status_code=403)
    with stub, pytest.raises(ClientError, match="AccessDenied"):
        client.get_caller_identity()
