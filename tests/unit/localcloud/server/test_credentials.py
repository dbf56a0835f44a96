from __future__ import annotations

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.server.credentials import RoleCredentials
from unit.localcloud.http_harness import FakeClock

ROLE = "arn:aws:iam::222222222222:role/r"
CALLER = Caller("123456789012", "eu-west-1", "arn:aws:iam::123456789012:root")


class Sts:
    """Assumes roles with a key per call, unless it is told to refuse."""

    def __init__(self) -> None:
        self.requests: list[tuple[Caller, Json]] = []
        self.refusal: AwsError | None = None
        self.ids: dict[str, str] = {}
        self.clock = FakeClock()
        self.credentials = RoleCredentials(
            self.assume, lambda arn: self.ids.get(arn, ""), self.clock, lambda: "http://x"
        )

    def assume(self, caller: Caller, request: Json) -> Json:
        if self.refusal:
            raise self.refusal
        self.requests.append((caller, request))
        key = f"KEY{len(self.requests)}"
        return {"Credentials": {"AccessKeyId": key, "SecretAccessKey": "s", "SessionToken": "t"}}


def test_a_role_is_assumed_once_and_again_before_it_expires() -> None:
    sts = Sts()
    first = sts.credentials.environment(CALLER, ROLE)
    assert (first["AWS_ACCESS_KEY_ID"], first["AWS_SESSION_TOKEN"]) == ("KEY1", "t")
    assert (first["AWS_ENDPOINT_URL"], first["AWS_DEFAULT_REGION"]) == ("http://x", "eu-west-1")
    sts.clock.time += 10 * 3600
    assert sts.credentials.environment(CALLER, ROLE)["AWS_ACCESS_KEY_ID"] == "KEY1"
    sts.clock.time += 2 * 3600
    assert sts.credentials.environment(CALLER, ROLE)["AWS_ACCESS_KEY_ID"] == "KEY2"


def test_it_is_the_service_that_assumes_and_not_its_caller() -> None:
    sts = Sts()
    sts.credentials.environment(CALLER, ROLE)
    context = {"aws:SourceArn": "arn"}
    sts.credentials.environment(
        Caller("123456789012", "eu-west-1", service="states.amazonaws.com", context=context), ROLE
    )
    callers = [caller for caller, _ in sts.requests]
    assert [caller.service for caller in callers] == ["sagemaker.amazonaws.com", "states.amazonaws.com"]
    assert [caller.principal for caller in callers] == ["", ""]
    own = {"aws:SourceAccount": "123456789012", "aws:SourceArn": "arn:aws:sagemaker:eu-west-1:123456789012:*"}
    assert callers[0].context == own
    assert callers[1].context == {**own, **context}, "what the caller says of itself wins"


def test_sessions_have_names_of_their_own() -> None:
    sts = Sts()
    sts.credentials.environment(CALLER, ROLE, "f")
    sts.credentials.environment(CALLER, ROLE, "g")
    assert [request["RoleSessionName"] for _, request in sts.requests] == ["f", "g"]


def test_a_role_that_was_made_again_is_assumed_again() -> None:
    sts = Sts()
    sts.ids[ROLE] = "AROA1"
    sts.credentials.environment(CALLER, ROLE)
    sts.ids[ROLE] = "AROA2"
    assert sts.credentials.environment(CALLER, ROLE)["AWS_ACCESS_KEY_ID"] == "KEY2"


def test_without_a_role_it_is_the_accounts_root() -> None:
    sts = Sts()
    assert sts.credentials.environment(CALLER, "")["AWS_ACCESS_KEY_ID"] == "HEADGATE123456789012"
    assert not sts.requests


def test_a_role_that_does_not_trust_the_service_is_named() -> None:
    sts = Sts()
    sts.refusal = AwsError("AccessDenied", "no", status=403)
    with pytest.raises(AwsError, match=r"Could not assume role arn:.*allows principal 'sagemaker.amazonaws.com'.*no"):
        sts.credentials.environment(CALLER, ROLE)
