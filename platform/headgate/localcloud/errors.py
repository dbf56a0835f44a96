"""Errors as AWS clients see them."""

from __future__ import annotations

from collections.abc import Mapping


class AwsError(Exception):
    """An error response of an AWS API: `code` is what botocore puts into `Error.Code`.

    `members` are what else the error's shape has, such as `Reason`; the JSON protocols carry them.
    """

    def __init__(
        self, code: str, message: str, *, status: int = 400, members: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = dict(members or {})


def validation(message: str) -> AwsError:
    """SageMaker's answer to a request that makes no sense."""
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    """SageMaker's answer when a named resource does not exist."""
    return AwsError("ResourceNotFound", message)


def in_use(message: str) -> AwsError:
    """SageMaker's answer when a name is taken or a resource is busy."""
    return AwsError("ResourceInUse", message)


def unsupported(what: str) -> AwsError:
    """What the local cloud does not do says so, with HTTP 501, so that no client retries or believes it."""
    return AwsError(
        "UnsupportedByLocalCloud",
        f"the local cloud does not support {what}; it would run on AWS",
        status=501,
    )
