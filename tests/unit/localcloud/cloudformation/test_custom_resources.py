from __future__ import annotations

import json
import threading
import urllib.parse
from typing import Any

import pytest

from headgate.localcloud.errors import AwsError
from unit.localcloud.cloudformation.conftest import QUEUE, Place, template, topic

TOKEN = "arn:aws:lambda:us-east-1:111111111111:function:f"
TOPIC = "arn:aws:sns:us-east-1:111111111111:t"


class Provider:
    """Stands for Lambda and SNS: keeps requests, and answers them as it is told to."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.requests: list[dict[str, Any]] = []
        self.arrived = threading.Semaphore(0)
        self.answers: dict[str, dict[str, Any]] = {}
        self.silent: set[str] = set()

    def invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> None:  # noqa: N803
        assert (FunctionName, InvocationType) == (TOKEN, "Event")
        self.take(json.loads(Payload))

    def publish(self, TopicArn: str, Subject: str, Message: str) -> None:  # noqa: N803
        assert TopicArn == TOPIC
        self.take(json.loads(Message))

    def take(self, request: dict[str, Any]) -> None:
        self.requests.append(request)
        self.arrived.release()
        if request["RequestType"] not in self.silent:
            self.answer(request)

    def answer(self, request: dict[str, Any], **more: Any) -> int:
        answer = {
            "Status": "SUCCESS",
            "PhysicalResourceId": request.get("PhysicalResourceId", "made"),
            "StackId": request["StackId"],
            "RequestId": request["RequestId"],
            "LogicalResourceId": request["LogicalResourceId"],
            **self.answers.get(request["RequestType"], {}),
            **more,
        }
        return self.put(request["ResponseURL"], json.dumps(answer).encode())

    def put(self, url: str, body: bytes) -> int:
        parts = urllib.parse.urlsplit(url)
        return self.place.service.responses.handle("PUT", f"{parts.path}?{parts.query}", body).status


@pytest.fixture
def provider(place: Place) -> Provider:
    found = Provider(place)
    place.access.clients = {"lambda": found, "sns": found}
    return found


def custom(token: str = TOKEN, **properties: Any) -> dict[str, Any]:
    return {"Type": "Custom::Thing", "Properties": {"ServiceToken": token, **properties}}


def test_create_update_and_delete_are_asked_for_and_data_can_be_got(place: Place, provider: Provider) -> None:
    provider.answers["Create"] = {"Data": {"Address": "10.0.0.1", "Port": 5}}
    body = template(
        {"O": {"Value": {"Fn::GetAtt": ["C", "Address"]}}}, C=custom(Count=3, On=True, List=[1, {"a": None}])
    )
    place.create(body)
    assert place.stack()["Outputs"][0]["OutputValue"] == "10.0.0.1"
    first = provider.requests[0]
    assert first["ResourceProperties"] == {
        "ServiceToken": TOKEN, "Count": "3", "On": "true", "List": ["1", {"a": None}],
    }  # fmt: skip
    assert (first["ResourceType"], first["LogicalResourceId"]) == ("Custom::Thing", "C")
    provider.answers["Update"] = {"Data": {"Address": "10.0.0.2"}}
    place.update(template(body["Outputs"], C=custom(Count=4)))
    assert place.stack()["Outputs"][0]["OutputValue"] == "10.0.0.2"
    second = provider.requests[1]
    assert (second["RequestType"], second["PhysicalResourceId"]) == ("Update", "made")
    assert second["OldResourceProperties"]["Count"] == "3"
    place.delete()
    assert [request["RequestType"] for request in provider.requests] == ["Create", "Update", "Delete"]


def test_another_physical_id_means_replacement_and_a_delete_of_the_old_one(place: Place, provider: Provider) -> None:
    place.create(template(C=custom(A="1")))
    provider.answers["Update"] = {"PhysicalResourceId": "other"}
    place.update(template(C=custom(A="2")))
    asked = [(request["RequestType"], request.get("PhysicalResourceId")) for request in provider.requests]
    assert asked == [("Create", None), ("Update", "made"), ("Delete", "made")]
    resource = place.client.describe_stack_resource(StackName="s", LogicalResourceId="C")["StackResourceDetail"]
    assert resource["PhysicalResourceId"] == "other"


def test_topics_are_service_tokens_too(place: Place, provider: Provider) -> None:
    place.create(template(C=custom(TOPIC)))
    assert place.stack()["StackStatus"] == "CREATE_COMPLETE"
    place.create(template(C=custom("arn:aws:sqs:us-east-1:111111111111:q")), "wrong")
    assert "neither the ARN of a Lambda function nor of an SNS topic" in place.reasons("wrong")


def test_a_failure_rolls_back_and_deletes_what_the_answer_names(place: Place, provider: Provider) -> None:
    provider.answers["Create"] = {"Status": "FAILED", "Reason": "quota reached", "PhysicalResourceId": "half"}
    place.create(template(C=custom(), B=topic()))
    assert place.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Message returned: quota reached" in place.reasons()
    assert [(one["RequestType"], one.get("PhysicalResourceId")) for one in provider.requests] == [
        ("Create", None),
        ("Delete", "half"),
    ]


def test_an_update_that_fails_is_asked_to_go_back(place: Place, provider: Provider) -> None:
    place.create(template(C=custom(A="1")))
    place.world.refuse["create", "Q"] = "no"
    place.update(template(C=custom(A="2"), Q={"Type": QUEUE, "DependsOn": "C"}))
    assert place.stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert [one["ResourceProperties"]["A"] for one in provider.requests] == ["1", "2", "1"]
    assert provider.requests[2]["RequestType"] == "Update"


def test_no_answer_in_time_fails_on_the_clouds_clock(place: Place, provider: Provider) -> None:
    provider.silent.add("Create")
    place.create(template(C=custom(ServiceTimeout=60)), wait=False)
    assert provider.arrived.acquire(timeout=20)
    place.timeline.advance(61)
    place.settle()
    assert place.stack()["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "did not receive a response from your Custom Resource" in place.reasons()
    with pytest.raises(AwsError, match="AccessDenied"):
        provider.answer(provider.requests[0])


def test_hidden_data_stays_out_of_events(place: Place, provider: Provider) -> None:
    provider.answers["Create"] = {"Data": {"Password": "s3cret"}, "NoEcho": True}
    place.create(template(C=custom(), B=topic(DisplayName={"Fn::GetAtt": ["C", "Password"]})))
    assert {"DisplayName": "s3cret"} in place.world.things.values()
    assert "s3cret" not in json.dumps(place.client.describe_stack_events(StackName="s"), default=str)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"no json", "it is not JSON"),
        (b'{"Status": "MAYBE"}', "Status has to be SUCCESS or FAILED"),
        (b'{"Status": "SUCCESS", "Data": 5}', "Data has to be an object"),
        (json.dumps({"Status": "SUCCESS", "Data": {"x": "y" * 5000}}).encode(), "too long"),
        (b"x" * 1_100_000, "at most"),
        (b'{"Status": "SUCCESS"}', "Invalid PhysicalResourceId"),
    ],
)
def test_an_answer_that_is_none_fails_the_resource(place: Place, provider: Provider, body: bytes, said: str) -> None:
    provider.silent.add("Create")
    place.create(template(C=custom()), wait=False)
    assert provider.arrived.acquire(timeout=20)
    provider.put(provider.requests[0]["ResponseURL"], body)
    place.settle()
    assert said in place.reasons()


def test_a_wrong_address_is_refused_and_the_first_answer_counts(place: Place, provider: Provider) -> None:
    provider.silent.add("Create")
    place.create(template(C=custom()), wait=False)
    assert provider.arrived.acquire(timeout=20)
    request = provider.requests[0]
    with pytest.raises(AwsError, match="AccessDenied"):
        provider.put(request["ResponseURL"] + "x", b"{}")
    with pytest.raises(AwsError, match="AccessDenied"):
        place.service.responses.handle("GET", urllib.parse.urlsplit(request["ResponseURL"]).path, b"")
    assert provider.answer(request) == 200
    place.settle()
    assert place.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_a_request_that_was_sent_before_the_end_is_waited_for_after_it(place: Place, provider: Provider) -> None:
    provider.silent.add("Create")
    place.create(template(C=custom()), wait=False)
    assert provider.arrived.acquire(timeout=20)
    place.stop()
    place.start()
    assert place.stack()["StackStatus"] == "CREATE_IN_PROGRESS"
    place.service.recover()
    assert provider.answer(provider.requests[0], PhysicalResourceId="late") == 200
    place.settle()
    assert place.stack()["StackStatus"] == "CREATE_COMPLETE"
    assert len(provider.requests) == 1
