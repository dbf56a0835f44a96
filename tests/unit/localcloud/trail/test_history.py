from __future__ import annotations

import json

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpResponse
from headgate.localcloud.sts.sessions import Session
from headgate.localcloud.trail.lookup import username
from unit.localcloud.trail.conftest import ACCOUNT, REGION, STRANGER, World


def test_a_session_is_named_with_its_role(world: World) -> None:
    now = world.clock.now()
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/ann"
    role = f"arn:aws:iam::{ACCOUNT}:role/team/reader"
    world.sessions.add(Session("ASIA1", "s", "t", ACCOUNT, arn, "AROA1:ann", now, now + 900, role))
    world.happen("CreateTopic", "sns", caller=Caller(ACCOUNT, REGION, arn, access_key="ASIA1"))
    world.happen(
        "CreateTopic", "sns", caller=Caller(ACCOUNT, REGION, f"arn:aws:iam::{ACCOUNT}:user/bob", access_key="AKIA")
    )
    world.happen("CreateTopic", "sns", caller=Caller(ACCOUNT, REGION, "", "states.amazonaws.com"))
    found = [event["userIdentity"] for _, event in world.history.read()]
    assert [one["type"] for one in found] == ["AssumedRole", "IAMUser", "AWSService"]
    assert found[0]["sessionContext"]["sessionIssuer"]["arn"] == role
    names = [one["Username"] for one in world.call("LookupEvents")["Events"]]
    assert names == ["states.amazonaws.com", "bob", "ann"]


def test_what_aws_does_by_itself_is_shown_with_who_it_was(world: World) -> None:
    world.happen("CreateAccount", "organizations")
    (event,) = [event for _, event in world.history.read()]
    identity = {"accountId": ACCOUNT, "invokedBy": "AWS Internal"}
    assert username({**event, "userIdentity": identity}) == "AWS Internal"


def test_secrets_are_not_recorded(world: World) -> None:
    world.happen("PutParameter", "ssm", Name="p", Value="hush", Tags=[{"Key": "a", "Value": "1"}])
    world.happen("CreateSecret", "secretsmanager", Name="s", SecretString="hush", SecretBinary=b"hush")
    first, second = (event["requestParameters"] for _, event in world.history.read())
    assert "hush" not in json.dumps([first, second])
    assert first["tags"] == [{"key": "a", "value": "1"}]


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        (HttpResponse(400, {}, b'{"__type": "x#ParameterNotFound", "message": "m"}'), ("ParameterNotFound", "m")),
        (HttpResponse(404, {}, b"<E><Code>NoSuchBucket</Code><Message>m</Message></E>"), ("NoSuchBucket", "m")),
        (HttpResponse(500, {"x-amzn-errortype": "Oops"}, b"[1]"), ("Oops", "")),
        (HttpResponse(503, {}, b"busy"), ("503", "busy")),
    ],
)
def test_errors_in_answers_are_read(world: World, response: HttpResponse, outcome: tuple[str, str]) -> None:
    world.happen(response=response)
    event = next(event for _, event in world.history.read())
    assert (event["errorCode"], event["errorMessage"]) == outcome


def test_the_history_is_looked_up_newest_first_in_pages(world: World) -> None:
    for number in range(3):
        world.clock.time += 10
        world.happen("CreateTopic", "sns", Name=str(number))
    world.happen("CreateQueue", "sqs", account=STRANGER)
    first = world.call("LookupEvents", MaxResults=2)
    second = world.call("LookupEvents", MaxResults=2, NextToken=first["NextToken"])
    shown = [
        json.loads(one["CloudTrailEvent"])["requestParameters"]["name"] for one in first["Events"] + second["Events"]
    ]
    assert shown == ["2", "1", "0"]
    assert "NextToken" not in second
    since = world.call("LookupEvents", StartTime=world.clock.now() - 10)["Events"]
    assert len(since) == 2
    with pytest.raises(AwsError, match="InvalidTimeRangeException"):
        world.call("LookupEvents", StartTime=2, EndTime=1)
    with pytest.raises(AwsError, match="InvalidNextTokenException"):
        world.call("LookupEvents", NextToken="bm9wZQ==")


@pytest.mark.parametrize(
    ("attribute", "value", "count"),
    [
        ("EventName", "CreateTopic", 1),
        ("ReadOnly", "true", 1),
        ("EventSource", "sns.amazonaws.com", 2),
        ("Username", "root", 3),
        ("AccessKeyId", "nobody", 0),
    ],
)
def test_the_history_by_attribute(world: World, attribute: str, value: str, count: int) -> None:
    world.happen("CreateTopic", "sns")
    world.happen("ListTopics", "sns")
    world.happen("CreateQueue", "sqs")
    lookup = [{"AttributeKey": attribute, "AttributeValue": value}]
    assert len(world.call("LookupEvents", LookupAttributes=lookup)["Events"]) == count
    with pytest.raises(AwsError, match="only one lookup attribute"):
        world.call("LookupEvents", LookupAttributes=lookup * 2)
