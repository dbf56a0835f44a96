from __future__ import annotations

import io
import json
import queue
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Json
from unit.localcloud.executions.fakes import World, get, processing

FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:score"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/work"


class FakeLambda:
    def __init__(self, answer: Any, error: str | None = None) -> None:
        self.payloads: list[Json] = []
        self._answer, self._error = answer, error

    def invoke(self, FunctionName: str, InvocationType: str, Payload: bytes) -> Json:  # noqa: N803
        self.payloads.append(json.loads(Payload))
        text = self._answer if isinstance(self._answer, bytes) else json.dumps(self._answer).encode()
        answer: Json = {"StatusCode": 200, "Payload": io.BytesIO(text)}
        return answer | ({"FunctionError": self._error} if self._error else {})


class FakeQueue:
    def __init__(self) -> None:
        self.messages: queue.Queue[Json] = queue.Queue()

    def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
        self.messages.put({"queue": QueueUrl, **json.loads(MessageBody)})

    def next(self) -> Json:
        return self.messages.get(timeout=10)


class Refusing:
    def __init__(self, error: Exception) -> None:
        self.error, self.calls = error, 0

    def invoke(self, **_: Any) -> None:
        self.calls += 1
        raise self.error


def lambda_step(**outputs: str) -> Json:
    declared = [{"OutputName": name, "OutputType": kind} for name, kind in outputs.items()]
    body = {"Name": "Score", "Type": "Lambda", "FunctionArn": FUNCTION, "Arguments": {"n": get("Parameters.N")}}
    return body | {"OutputParameters": declared}


PARAMETERS = [{"Name": "N", "Type": "Integer", "DefaultValue": 2}]


def run_lambda(world: World, client: Any, **outputs: str) -> Json:
    world.clients["lambda"] = client
    return world.run([lambda_step(**outputs)], parameters=PARAMETERS)


def test_a_function_gets_the_arguments_and_gives_typed_outputs(world: World) -> None:
    world.clients["lambda"] = client = FakeLambda({"score": 0.5, "count": 3, "ok": True, "name": "x", "more": 1})
    outputs = {"score": "Float", "count": "Integer", "ok": "Boolean", "name": "String"}
    use = processing(
        "Use", arguments={"Environment": {n: get(f"Steps.Score.OutputParameters['{n}']") for n in outputs}}
    )
    described = world.run([lambda_step(**outputs), use], parameters=PARAMETERS)
    assert described["PipelineExecutionStatus"] == "Succeeded"
    assert client.payloads == [{"n": 2}]
    environment = world.jobs.jobs[0].request["Environment"]
    assert environment == {"score": "0.5", "count": "3", "ok": "true", "name": "x"}
    metadata = world.steps(described["PipelineExecutionArn"])["Score"]["Metadata"]["Lambda"]
    assert metadata["Arn"] == FUNCTION
    assert {"Name": "score", "Value": "0.5"} in metadata["OutputParameters"]


@pytest.mark.parametrize(
    ("client", "outputs", "told"),
    [
        (FakeLambda({"errorType": "KeyError", "errorMessage": "'x'"}, "Unhandled"), {}, "failed: KeyError: 'x'"),
        (FakeLambda(b"boom", "Unhandled"), {}, "failed: boom"),
        (FakeLambda(["boom"], "Unhandled"), {}, "failed: ['boom']"),
        (FakeLambda({"a": 1}), {"b": "String"}, "gave no output 'b'; it gave a"),
        (FakeLambda({"a": "1"}), {"a": "Integer"}, "has to be of type Integer, not '1'"),
        (FakeLambda({"a": True}), {"a": "Integer"}, "has to be of type Integer, not True"),
        (FakeLambda(b"<html>"), {"a": "String"}, "did not answer with JSON"),
        (FakeLambda([1]), {"a": "String"}, "has to answer with an object, not [1]"),
    ],
)
def test_what_goes_wrong_in_a_function_fails_the_step(
    world: World, client: FakeLambda, outputs: dict[str, str], told: str
) -> None:
    described = run_lambda(world, client, **outputs)
    assert described["PipelineExecutionStatus"] == "Failed"
    assert told in described["FailureReason"]


def test_a_number_for_an_output_of_type_string_becomes_text(world: World) -> None:
    described = run_lambda(world, FakeLambda({"statusCode": 200, "body": "{}"}), statusCode="String", body="String")
    assert described["PipelineExecutionStatus"] == "Succeeded"
    metadata = world.steps(described["PipelineExecutionArn"])["Score"]["Metadata"]["Lambda"]
    assert {"Name": "statusCode", "Value": "200"} in metadata["OutputParameters"]


def test_a_function_without_outputs_may_answer_anything(world: World) -> None:
    assert run_lambda(world, FakeLambda(None))["PipelineExecutionStatus"] == "Succeeded"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            ClientError(
                {
                    "Error": {"Code": "ResourceNotFoundException", "Message": "Function not found"},
                    "ResponseMetadata": {"HTTPStatusCode": 404},
                },
                "Invoke",
            ),
            "Function not found",
        ),
        (EndpointConnectionError(endpoint_url="http://nowhere"), "Could not connect"),
    ],
)
def test_a_function_that_cannot_be_called_fails_the_step(world: World, error: Exception, told: str) -> None:
    assert told in run_lambda(world, Refusing(error))["FailureReason"]


def callback_step() -> Json:
    return {
        "Name": "Ask",
        "Type": "Callback",
        "SqsQueueUrl": QUEUE,
        "Arguments": {"n": get("Parameters.N")},
        "OutputParameters": [{"OutputName": "answer", "OutputType": "Integer"}],
    }


@pytest.fixture
def asked(world: World) -> tuple[str, Json, FakeQueue]:
    """An execution that waits for an answer, and the message it has sent."""
    sqs = FakeQueue()
    world.clients["sqs"] = sqs
    use = processing("Use", arguments={"Environment": {"a": get("Steps.Ask.OutputParameters['answer']")}})
    world.create_pipeline([callback_step(), use], parameters=PARAMETERS)
    arn = world.start()
    return arn, sqs.next(), sqs


def answer(world: World, token: str, value: str, **more: Any) -> Json:
    outputs = [{"Name": "answer", "Value": value}]
    return world.call("SendPipelineExecutionStepSuccess", CallbackToken=token, OutputParameters=outputs, **more)


def test_a_callback_sends_its_token_and_goes_on_with_the_answer(
    world: World, asked: tuple[str, Json, FakeQueue]
) -> None:
    arn, message, _ = asked
    token = message["token"]
    assert len(token) == 10
    assert message == {
        "queue": QUEUE,
        "token": token,
        "pipelineExecutionArn": arn,
        "arguments": {"n": 2},
        "status": "Executing",
    }
    assert answer(world, token, "42") == {"PipelineExecutionArn": arn}
    assert world.finish(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert world.jobs.jobs[0].request["Environment"] == {"a": "42"}
    assert world.steps(arn)["Ask"]["Metadata"]["Callback"] == {
        "CallbackToken": token,
        "SqsQueueUrl": QUEUE,
        "OutputParameters": [{"Name": "answer", "Value": "42"}],
    }


def test_an_answer_counts_once_and_the_same_request_again_is_no_error(
    world: World, asked: tuple[str, Json, FakeQueue]
) -> None:
    arn, message, _ = asked
    token = world.token()
    answer(world, message["token"], "1", ClientRequestToken=token)
    world.finish(arn)
    assert answer(world, message["token"], "1", ClientRequestToken=token) == {"PipelineExecutionArn": arn}
    with pytest.raises(AwsError, match="does not wait for the token"):
        answer(world, message["token"], "2")


def test_an_acknowledged_answer_survives_a_crash(world: World, asked: tuple[str, Json, FakeQueue]) -> None:
    arn, message, _ = asked
    world.jobs.held = {"-Use-"}
    answer(world, message["token"], "42")
    world.crash()
    assert world.statuses(arn)["Ask"] == "Succeeded"
    world.jobs.held = set()
    world.call("RetryPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=world.token())
    assert world.finish(arn)["PipelineExecutionStatus"] == "Succeeded"
    assert world.jobs.jobs[-1].request["Environment"] == {"a": "42"}


def test_a_reported_failure_fails_the_step(world: World, asked: tuple[str, Json, FakeQueue]) -> None:
    arn, message, _ = asked
    world.call("SendPipelineExecutionStepFailure", CallbackToken=message["token"], FailureReason="nobody home")
    assert "Ask: ClientError: nobody home" in world.finish(arn)["FailureReason"]


@pytest.mark.parametrize(
    ("outputs", "told"),
    [
        ([{"Name": "answer", "Value": "many"}], "has to be of type Integer, not 'many'"),
        ([{"Name": "reply", "Value": "1"}], "output parameters reply are not declared; known: answer"),
        ([], "gave no output 'answer'"),
    ],
)
def test_wrong_outputs_are_refused_and_the_step_waits_on(
    world: World, asked: tuple[str, Json, FakeQueue], outputs: list[Json], told: str
) -> None:
    arn, message, _ = asked
    with pytest.raises(AwsError, match="ValidationException") as caught:
        world.call("SendPipelineExecutionStepSuccess", CallbackToken=message["token"], OutputParameters=outputs)
    assert told in caught.value.message
    assert world.describe(arn)["PipelineExecutionStatus"] == "Executing"


def test_an_unknown_token_is_not_found(world: World) -> None:
    with pytest.raises(AwsError, match="ResourceNotFound"):
        answer(world, "abcdefghij", "1")


def test_stopping_tells_the_queue_and_waits_for_the_answer(world: World, asked: tuple[str, Json, FakeQueue]) -> None:
    arn, message, sqs = asked
    world.call("StopPipelineExecution", PipelineExecutionArn=arn, ClientRequestToken=world.token())
    stopping = sqs.next()
    assert (stopping["token"], stopping["status"]) == (message["token"], "Stopping")
    assert world.describe(arn)["PipelineExecutionStatus"] == "Stopping"
    answer(world, message["token"], "1")
    assert world.finish(arn)["PipelineExecutionStatus"] == "Stopped"


def test_nobody_answering_in_seven_days_fails_the_step(world: World) -> None:
    world.clients["sqs"] = FakeQueue()
    started = world.clock.time
    world.create_pipeline([callback_step()], parameters=PARAMETERS)
    arn = world.start()
    assert "nobody answered the callback token in time" in world.finish(arn)["FailureReason"]
    assert world.clock.time - started == pytest.approx(7 * 86_400)


def test_an_answer_may_come_before_the_step_waits(world: World) -> None:
    """The consumer of the queue may be faster than the sender."""

    class Eager(FakeQueue):
        def send_message(self, QueueUrl: str, MessageBody: str) -> None:  # noqa: N803
            super().send_message(QueueUrl, MessageBody)
            token = json.loads(MessageBody)["token"]
            answer(world, token, "7")

    world.clients["sqs"] = Eager()
    assert world.run([callback_step()], parameters=PARAMETERS)["PipelineExecutionStatus"] == "Succeeded"
