"""What becomes of a failed delivery, by what the target answered."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.events.failures import RoleError, error_code, passes


def answered(code: str, status: int) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "x")


def by_role(cause: Exception) -> RoleError:
    error = RoleError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "again", "code"),
    [
        (answered("AccessDeniedException", 403), False, "NO_PERMISSIONS"),
        (answered("AuthorizationError", 403), False, "NO_PERMISSIONS"),
        (answered("ResourceNotFoundException", 404), False, "NO_RESOURCE"),
        (answered("AWS.SimpleQueueService.NonExistentQueue", 400), False, "NO_RESOURCE"),
        (answered("ThrottlingException", 400), True, "THROTTLING"),
        (answered("ValidationException", 400), False, "SDK_CLIENT_ERROR"),
        (answered("InternalFailure", 500), True, "ERROR_FROM_TARGET"),
        (unsupported("that"), False, "ERROR_FROM_TARGET"),
        (EndpointConnectionError(endpoint_url="x"), True, "CONNECTION_FAILURE"),
        (ValueError("no parameters"), False, "INVALID_PARAMETER"),
        (AwsError("AccessDenied", "no", status=403), False, "NO_PERMISSIONS"),
        (by_role(AwsError("AccessDenied", "no", status=403)), False, "FAILED_TO_ASSUME_ROLE"),
        (by_role(AwsError("ServiceUnavailable", "soon", status=503)), True, "FAILED_TO_ASSUME_ROLE"),
    ],
)
def test_tried_again_or_given_up(error: Exception, again: bool, code: str) -> None:
    assert (passes(error), error_code(error)) == (again, code)
