"""The one way from a handler to AWS: by boto3, only the calls that its handler is listed for, errors told apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from headgate.control.errors import CallFailed, Refused, Transient

if TYPE_CHECKING:
    from boto3.session import Session

TRANSIENT_CODES = frozenset(
    {
        "ConcurrentModificationException",
        "InternalFailure",
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""Error codes after which the same call may go through. Source: 'Common errors' and the services' own references."""


class Where(StrEnum):
    """The account that a call is made in; anywhere but home it is made as a role of vending's there."""

    HOME = "home"
    TOOLING = "tooling"
    DATA_LAKE = "data-lake"
    TEAM = "team"


class Call(NamedTuple):
    """One operation by its boto3 names."""

    service: str
    operation: str
    where: Where = Where.HOME


class Aws(Protocol):
    """What handlers call AWS through."""

    def call(
        self, service: str, operation: str, *, where: Where = Where.HOME, account: str = "", **parameters: Any
    ) -> dict[str, Any]:
        """The answer of an operation. `account` is the member's id where the call is made in a team's account.

        Raises Transient when the same call may go through later, CallFailed for every other answer that is an error.
        """
        ...


class Boto:
    """Aws by boto3, for one handler during one invocation."""

    def __init__(
        self,
        session: Callable[[], Session],
        allowed: frozenset[Call],
        role_arn: Callable[[Where, str], str],
    ) -> None:
        """`session` makes the function's own session; `role_arn` names the role of an account that is not home."""
        self._session = session
        self._allowed = allowed
        self._role_arn = role_arn
        self._sessions: dict[tuple[Where, str], Session] = {}
        self._clients: dict[tuple[Where, str, str], Any] = {}

    def call(
        self, service: str, operation: str, *, where: Where = Where.HOME, account: str = "", **parameters: Any
    ) -> dict[str, Any]:
        if Call(service, operation, where) not in self._allowed:
            raise Refused(
                f"{service} {operation} in the {where} account is not among the calls that this function makes"
            )
        return attempt(service, operation, lambda: self._answer(service, operation, where, account, parameters))

    def _answer(
        self, service: str, operation: str, where: Where, account: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any]:
        key = (where, account, service)
        if key not in self._clients:
            self._clients[key] = self._session_in(where, account).client(service)  # type: ignore[call-overload]
        answer: dict[str, Any] = getattr(self._clients[key], operation)(**parameters)
        return answer

    def _session_in(self, where: Where, account: str) -> Session:
        key = (where, account)
        if key not in self._sessions:
            home = self._session()
            self._sessions[key] = home if where is Where.HOME else _assumed(home, self._role_arn(where, account))
        return self._sessions[key]


def _assumed(home: Session, role_arn: str) -> Session:
    import boto3

    answer = home.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="headgate-vending", DurationSeconds=900)
    credentials = answer["Credentials"]
    return boto3.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=home.region_name,
    )


def attempt(service: str, operation: str, call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A call's answer, with boto3's exceptions as this package's; raises Transient or CallFailed."""
    from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

    try:
        return call()
    except ClientError as problem:
        error = problem.response.get("Error", {})
        code, message = error.get("Code", "Unknown"), error.get("Message", str(problem))
        status = problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
        kind = Transient if code in TRANSIENT_CODES or status >= 500 or status == 429 else CallFailed
        answer: Mapping[str, Any] = problem.response
        reasons, why = answer.get("CancellationReasons", ()), str(answer.get("Reason") or "")
        raise kind(service, operation, code, message, reasons, why) from problem
    except ParamValidationError as problem:
        raise CallFailed(service, operation, "ParamValidation", " ".join(str(problem).split())) from problem
    except BotoCoreError as problem:
        raise Transient(service, operation, type(problem).__name__, str(problem)) from problem


def pages(
    aws: Aws, service: str, operation: str, key: str, where: Where = Where.HOME, **parameters: Any
) -> Iterator[Any]:
    """Every element of `key` over all pages of a listing that goes on by NextToken."""
    token: dict[str, str] = {}
    while True:
        answer = aws.call(service, operation, where=where, **parameters, **token)
        yield from answer.get(key, ())
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}
