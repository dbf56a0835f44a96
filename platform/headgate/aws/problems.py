"""botocore's errors about credentials and connections, as one screen that says what to do."""

from __future__ import annotations

from typing import Any

from headgate.errors import FailedError, HeadgateError, UserError

_LOGIN = "aws sso login    # or: aws configure"
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_UNKNOWN = frozenset({"InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId", "AuthFailure"})
_SIGNATURE = frozenset({"SignatureDoesNotMatch", "InvalidSignatureException"})


def explain(error: Exception, target: str) -> HeadgateError | None:
    """The error in our words, or None when it is not about credentials or the connection."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        return _of_code(str(error.response.get("Error", {}).get("Code", "")))
    if isinstance(error, exceptions.ProfileNotFound):
        return UserError(
            f"AWS profile '{error.kwargs.get('profile')}' does not exist",
            where="AWS_PROFILE or --profile",
            expected="a profile of ~/.aws/config",
            next_command="aws configure list-profiles",
        )
    if isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError)):
        return _unreachable(error, target)
    return _of_credentials(error)


def _of_credentials(error: Exception) -> HeadgateError | None:
    from botocore import exceptions

    if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        return UserError(
            "no AWS credentials",
            expected="a profile (AWS_PROFILE), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or --target local",
            next_command=_LOGIN,
        )
    if isinstance(error, exceptions.NoRegionError):
        return UserError("no AWS region", expected="region: in headgate.yaml, or AWS_REGION")
    if isinstance(error, (exceptions.SSOError, exceptions.SSOTokenLoadError, exceptions.TokenRetrievalError)):
        return _of_code("ExpiredToken")
    return None


def friendly_client(client: Any, target: str) -> Any:
    """The same client, whose calls raise HeadgateError for what `explain` knows; everything else is boto3's own."""

    def after_call(parsed: dict[str, Any], **_: object) -> None:
        found = _of_code(parsed.get("Error", {}).get("Code", "")) if target == "aws" else None
        if found is not None:
            raise found

    def after_error(exception: Exception, **_: object) -> None:
        found = explain(exception, target)
        if found is not None:
            raise found from exception

    client.meta.events.register("after-call", after_call)
    client.meta.events.register("after-call-error", after_error)
    return client


def _of_code(code: str) -> HeadgateError | None:
    if code in _EXPIRED:
        return UserError("the AWS credentials have expired", expected="fresh credentials", next_command=_LOGIN)
    if code in _UNKNOWN:
        return UserError(f"AWS does not know these credentials ({code})", next_command="aws sts get-caller-identity")
    if code in _SIGNATURE:
        return UserError(
            f"AWS refuses the request's signature ({code})",
            expected="a secret key that belongs to the access key, and a clock that is right",
            next_command="aws sts get-caller-identity",
        )
    return None


def _unreachable(error: Exception, target: str) -> HeadgateError:
    if target == "local":
        return FailedError(f"the local cloud does not answer: {error}", next_command="headgate cloud status")
    return FailedError(f"AWS cannot be reached: {error}", expected="a network connection, or --target local")
