"""EventBridge's own errors."""

from __future__ import annotations

from headgate.localcloud.errors import AwsError


def missing(what: str) -> AwsError:
    return AwsError("ResourceNotFoundException", f"{what} does not exist.")


def exists(what: str) -> AwsError:
    return AwsError("ResourceAlreadyExistsException", f"{what} already exists.")


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message)
