from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlencode

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.sagemaker.operations import Operations
from headgate.localcloud.seams import Caller, HttpRequest, Json
from headgate.localcloud.server.json_service import JsonService
from headgate.localcloud.server.query import QueryService
from unit.localcloud.http_harness import make_client, serve


class Echo:
    """Answers each operation with what it is told, and remembers what it was asked."""

    def __init__(self, answer: Json) -> None:
        self.answer = answer
        self.asked: list[Json] = []

    def __call__(self, caller: Caller, request: Json) -> Json:
        assert caller.account
        self.asked.append(request)
        return self.answer


def test_boto3_reads_what_is_written() -> None:
    answer = {
        "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/s/1",
        "Stacks": [
            {
                "StackName": "s & <t>",
                "CreationTime": 1_000_000_000.5,
                "StackStatus": "CREATE_COMPLETE",
                "DisableRollback": False,
                "Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
                "Outputs": [],
            }
        ],
    }
    echo = Echo(answer)
    with serve(QueryService("cloudformation", {"DescribeStacks": echo}), "cloudformation") as url:
        found = make_client("cloudformation", url).describe_stacks(StackName="s & <t>")["Stacks"][0]
    assert echo.asked == [{"StackName": "s & <t>"}]
    assert (found["StackName"], found["DisableRollback"], found["Outputs"]) == ("s & <t>", False, [])
    assert found["CreationTime"].timestamp() == 1_000_000_000.5
    assert found["Tags"] == [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]


def test_maps_and_flattened_lists_come_back() -> None:
    answer = {"Attributes": {"TopicArn": "arn", "DisplayName": "d"}}
    with serve(QueryService("sns", {"GetTopicAttributes": Echo(answer)}), "sns") as url:
        arn = "arn:aws:sns:eu-west-1:111111111111:t"
        assert make_client("sns", url).get_topic_attributes(TopicArn=arn)["Attributes"] == answer["Attributes"]


def test_an_operation_without_output_is_an_empty_answer() -> None:
    with serve(QueryService("cloudformation", {"DeleteStack": Echo({})}), "cloudformation") as url:
        answer = make_client("cloudformation", url).delete_stack(StackName="s")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


def ask(service: Any, form: dict[str, str], target: str = "") -> Any:
    headers = {"x-amz-target": target} if target else {"content-type": "application/x-www-form-urlencoded"}
    body = io.BytesIO(urlencode(form).encode())
    return service.handle(HttpRequest("POST", "/", (), headers, body, "sts", Caller("1", "eu-west-1")))


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Action": "Other"}, "UnsupportedByLocalCloud"),
        ({"Action": "AssumeRole"}, "ValidationError"),
        ({"Action": "AssumeRole", "RoleArn": "arn:aws:iam::1:role/r", "RoleSessionName": "a b"}, "ValidationError"),
    ],
)
def test_requests_that_make_no_sense_are_refused(form: dict[str, str], code: str) -> None:
    with pytest.raises(AwsError) as caught:
        ask(QueryService("sts", {"AssumeRole": Echo({})}), form)
    assert caught.value.code == code


def test_a_json_service_validates_and_answers() -> None:
    echo = Echo({"executionArn": "arn:aws:states:eu-west-1:1:execution:m:e", "startDate": 1_000_000_000.5})
    table = Operations("states")
    table.add({"StartExecution": echo})
    with serve(JsonService("states", table), "states") as url:
        client = make_client("stepfunctions", url)
        answer = client.start_execution(stateMachineArn="arn:aws:states:eu-west-1:1:stateMachine:m")
        assert answer["startDate"].timestamp() == 1_000_000_000.5
        assert answer["ResponseMetadata"]["HTTPHeaders"]["content-type"] == "application/x-amz-json-1.0"
        with pytest.raises(client.exceptions.ClientError, match=r"UnsupportedByLocalCloud.*states ListStateMachines"):
            client.list_state_machines()
        with pytest.raises(client.exceptions.ClientError, match="ValidationException"):
            client.start_execution(stateMachineArn="a" * 300)


@pytest.mark.parametrize("body", [b"{", b"[]"])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    table = Operations("states")
    table.add({"StartExecution": Echo({})})
    headers = {"x-amz-target": "AWSStepFunctions.StartExecution"}
    request = HttpRequest("POST", "/", (), headers, io.BytesIO(body), "states", Caller("1", "eu-west-1"))
    with pytest.raises(AwsError, match="SerializationException"):
        JsonService("states", table).handle(request)
