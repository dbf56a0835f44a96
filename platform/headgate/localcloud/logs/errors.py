"""CloudWatch Logs' errors."""

from __future__ import annotations

from headgate.localcloud.errors import AwsError


def invalid_parameter(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def not_found(what: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"the specified {what} does not exist")


def already_exists(what: str) -> AwsError:
    return AwsError("ResourceAlreadyExistsException", f"the specified {what} already exists")
