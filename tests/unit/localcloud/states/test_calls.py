"""What Task states send to AWS APIs, and what they make of the answers."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.states import resources
from headgate.localcloud.states.calls import Answer, Call, Done, Started, UnreachableError, on_behalf_of
from headgate.localcloud.states.client_calls import ClientCalls
from headgate.localcloud.states.failures import StateError
from unit.localcloud.states.world import CALLER, ROLE

MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:m"
EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:m:x"
MOMENT = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Client:
    """A client whose methods answer as a test says, and remember what they were asked."""

    def __init__(self, **methods: Any) -> None:
        self._methods = methods
        self.asked: list[tuple[str, Json]] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def method(**parameters: Any) -> Any:
            self.asked.append((name, parameters))
            answer = self._methods[name]
            if isinstance(answer, BaseException):
                raise answer
            return answer

        return method


def a_call(resource: str, arguments: Any) -> Call:
    caller = on_behalf_of(CALLER, MACHINE)
    return Call(caller, ROLE, resources.parse(resource), arguments, EXECUTION, MACHINE, "unique")


def make(resource: str, arguments: Any, client: Client) -> Answer:
    return ClientCalls(lambda caller, service, role: client).make(a_call(resource, arguments))


def failing(resource: str, error: BaseException, method: str, arguments: Any = None) -> StateError:
    with pytest.raises(StateError) as raised:
        make(resource, arguments or {}, Client(**{method: error}))
    return raised.value


def client_error(code: str, message: str = "no", status: int = 400) -> ClientError:
    about = {"HTTPStatusCode": status, "RequestId": "r-1"}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": about}, "Operation")  # type: ignore[typeddict-item]


def payload(text: str) -> io.BytesIO:
    return io.BytesIO(text.encode())


def test_calls_are_made_as_the_machines_role_by_step_functions_for_that_machine() -> None:
    seen: list[tuple[Caller, str, str]] = []

    def factory(caller: Caller, service: str, role: str) -> Client:
        seen.append((caller, service, role))
        return Client(get_item={})

    ClientCalls(factory).make(a_call("arn:aws:states:::aws-sdk:dynamodb:getItem", {}))
    (caller, service, role) = seen[0]
    assert (caller.account, caller.region, caller.service) == ("123456789012", "eu-west-1", "states.amazonaws.com")
    assert caller.context == {"aws:SourceArn": MACHINE, "aws:SourceAccount": "123456789012"}
    assert (service, role) == ("dynamodb", ROLE)


def test_sdk_calls_speak_pascal_case_both_ways() -> None:
    answer = {"executionArn": "e", "startDate": MOMENT, "ResponseMetadata": {"RequestId": "r"}}
    client = Client(start_execution=answer)
    done = make("arn:aws:states:::aws-sdk:sfn:startExecution", {"StateMachineArn": "m", "Name": "n"}, client)
    assert client.asked == [("start_execution", {"stateMachineArn": "m", "name": "n"})]
    assert done == Done({"ExecutionArn": "e", "StartDate": "2030-01-01T12:00:00.000Z"})


def test_bytes_and_streams_become_text_and_maps_keep_their_keys() -> None:
    client = Client(get_object={"Body": payload("hello"), "Metadata": {"lower": "x"}, "LastModified": MOMENT})
    done = make("arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": "b", "Key": "k"}, client)
    assert done == Done({"Body": "hello", "Metadata": {"lower": "x"}, "LastModified": "2030-01-01T12:00:00.000Z"})
    client = Client(encrypt={"CiphertextBlob": b"\xff\xfe"})
    done = make("arn:aws:states:::aws-sdk:kms:encrypt", {"KeyId": "k", "Plaintext": "text"}, client)
    assert client.asked[0][1]["Plaintext"] == b"text"
    assert done == Done({"CiphertextBlob": "//4="})


def test_lists_and_nested_structures_are_translated() -> None:
    client = Client(tag_resource={})
    arguments = {"ResourceArn": "a", "Tags": [{"Key": "k", "Value": "v"}]}
    make("arn:aws:states:::aws-sdk:sfn:tagResource", arguments, client)
    assert client.asked[0][1] == {"resourceArn": "a", "tags": [{"key": "k", "value": "v"}]}


def test_a_member_that_the_api_does_not_have_is_named() -> None:
    with pytest.raises(StateError, match="The field 'Bucketname' is not supported by Step Functions") as error:
        make("arn:aws:states:::aws-sdk:s3:headBucket", {"Bucketname": "b"}, Client(head_bucket={}))
    assert error.value.error == "States.Runtime"


@pytest.mark.parametrize(
    ("resource", "code", "name"),
    [
        ("aws-sdk:dynamodb:getItem", "ConditionalCheckFailedException", "DynamoDb.ConditionalCheckFailedException"),
        ("dynamodb:getItem", "ConditionalCheckFailedException", "DynamoDB.ConditionalCheckFailedException"),
        ("dynamodb:getItem", "AccessDeniedException", "DynamoDB.AmazonDynamoDBException"),
        ("aws-sdk:iam:getRole", "NoSuchEntity", "Iam.NoSuchEntityException"),
        ("aws-sdk:ec2:describeVpcs", "UnauthorizedOperation", "Ec2.Ec2Exception"),
        ("aws-sdk:organizations:listRoots", "AccessDeniedException", "Organizations.AccessDeniedException"),
        ("aws-sdk:cloudwatchlogs:describeLogGroups", "Odd", "CloudWatchLogs.CloudWatchLogsException"),
        ("lambda:invoke", "TooManyRequestsException", "Lambda.TooManyRequestsException"),
        ("lambda:invoke", "AccessDeniedException", "Lambda.AWSLambdaException"),
        ("states:startExecution", "InvalidArn", "StepFunctions.InvalidArnException"),
    ],
)  # fmt: skip
def test_errors_have_the_names_of_the_exceptions_that_aws_has(resource: str, code: str, name: str) -> None:
    methods = {"Invoke": "invoke", "GetItem": "get_item", "GetRole": "get_role", "DescribeVpcs": "describe_vpcs"}
    methods |= {
        "ListRoots": "list_roots",
        "DescribeLogGroups": "describe_log_groups",
        "StartExecution": "start_execution",
    }
    resource = f"arn:aws:states:::{resource}"
    error = failing(resource, client_error(code, "denied", 403), methods[resources.parse(resource).operation])
    assert error.error == name
    assert error.cause.startswith("denied (Service: ")
    assert f"Error Code: {code}, Request ID: r-1)" in error.cause


def test_a_request_that_botocore_refuses_is_a_runtime_error() -> None:
    error = failing(
        "arn:aws:states:::aws-sdk:s3:headBucket", ParamValidationError(report="Missing Bucket"), "head_bucket"
    )
    assert error.error == "States.Runtime"
    assert "Missing Bucket" in error.cause


def test_a_lost_connection_is_a_clients_error_and_an_absent_server_is_none() -> None:
    lost = ReadTimeoutError(endpoint_url="http://127.0.0.1")
    assert failing("arn:aws:states:::lambda:invoke", lost, "invoke").error == "Lambda.SdkClientException"
    absent = EndpointConnectionError(endpoint_url="http://127.0.0.1")
    with pytest.raises(UnreachableError):
        make("arn:aws:states:::lambda:invoke", {}, Client(invoke=absent))


@pytest.mark.parametrize(
    "error", [AwsError("AccessDenied", "no trust", status=403), client_error("AccessDenied", "no trust")]
)
def test_a_role_that_cannot_be_taken_is_a_lack_of_permission(error: Exception) -> None:
    def factory(caller: Caller, service: str, role: str) -> Client:
        raise error

    with pytest.raises(StateError, match="no trust") as raised:
        ClientCalls(factory).make(a_call("arn:aws:states:::lambda:invoke", {}))
    assert raised.value.error == "States.Permissions"


def test_invoking_a_function_takes_and_gives_json() -> None:
    client = Client(invoke={"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload('{"n": 1}')})
    done = make("arn:aws:states:::lambda:invoke", {"FunctionName": "f", "Payload": {"a": [1]}}, client)
    assert client.asked[0][1] == {"FunctionName": "f", "Payload": b'{"a":[1]}'}
    assert done == Done({"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": {"n": 1}})


def test_a_functions_own_arn_gives_the_result_itself() -> None:
    function = "arn:aws:lambda:eu-west-1:123456789012:function:f"
    client = Client(invoke={"StatusCode": 200, "Payload": payload('"plain"')})
    assert make(function, {"a": 1}, client) == Done("plain")
    assert client.asked[0][1] == {"FunctionName": function, "Payload": b'{"a":1}'}


@pytest.mark.parametrize(
    ("text", "name"), [('{"errorType": "Bad", "errorMessage": "m"}', "Bad"), ('"x"', "Lambda.Unknown")]
)
def test_a_functions_error_is_the_tasks(text: str, name: str) -> None:
    client = Client(invoke={"FunctionError": "Unhandled", "Payload": payload(text)})
    with pytest.raises(StateError) as error:
        make("arn:aws:states:::lambda:invoke", {"FunctionName": "f"}, client)
    assert (error.value.error, error.value.cause) == (name, text)


def test_messages_and_events_may_be_json() -> None:
    client = Client(send_message={"MessageId": "1"}, publish={"MessageId": "2"}, put_events={"FailedEntryCount": 0})
    make("arn:aws:states:::sqs:sendMessage", {"QueueUrl": "q", "MessageBody": {"a": 1}}, client)
    make("arn:aws:states:::sns:publish", {"TopicArn": "t", "Message": "text"}, client)
    entry = {"Detail": {"a": 1}, "DetailType": "t", "Source": "s"}
    make("arn:aws:states:::events:putEvents", {"Entries": [entry]}, client)
    assert client.asked[0][1]["MessageBody"] == '{"a":1}'
    assert client.asked[1][1]["Message"] == "text"
    assert client.asked[2][1]["Entries"] == [{**entry, "Detail": '{"a":1}', "Resources": [EXECUTION, MACHINE]}]


def test_an_event_that_was_not_taken_fails_the_task() -> None:
    answer = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure"}]}
    with pytest.raises(StateError) as error:
        make("arn:aws:states:::events:putEvents", {"Entries": []}, Client(put_events=answer))
    assert error.value.error == "EventBridge.FailedEntry"


CHILD: Mapping[str, Any] = {
    "executionArn": "e",
    "stateMachineArn": "m",
    "name": "n",
    "startDate": MOMENT,
    "stopDate": MOMENT,
    "input": '{"a":1}',
    "output": '{"b":2}',
}


@pytest.mark.parametrize(("pattern", "output"), [("sync", '{"b":2}'), ("sync:2", {"b": 2})])
def test_a_child_execution_is_awaited(pattern: str, output: Any) -> None:
    resource = f"arn:aws:states:::states:startExecution.{pattern}"
    client = Client(
        start_execution={"executionArn": "e", "startDate": MOMENT}, describe_execution={**CHILD, "status": "RUNNING"}
    )
    calls = ClientCalls(lambda caller, service, role: client)
    call = a_call(resource, {"StateMachineArn": "m", "Input": {"a": 1}})
    started = calls.make(call)
    assert client.asked[0][1] == {"stateMachineArn": "m", "input": '{"a":1}', "name": "unique"}
    assert isinstance(started, Started)
    assert isinstance(calls.look(call, started.handle), Started)
    client._methods["describe_execution"] = {**CHILD, "status": "SUCCEEDED"}
    done = calls.look(call, started.handle)
    assert isinstance(done, Done)
    assert (done.output["Output"], done.output["StartDate"]) == (output, 1893499200000)
    client._methods["describe_execution"] = {**CHILD, "status": "FAILED"}
    with pytest.raises(StateError) as error:
        calls.look(call, started.handle)
    assert error.value.error == "States.TaskFailed"
    assert json.loads(error.value.cause)["Status"] == "FAILED"


def test_a_started_child_is_told_when_it_was_started() -> None:
    client = Client(start_execution={"executionArn": "e", "startDate": MOMENT})
    done = make("arn:aws:states:::states:startExecution", {"StateMachineArn": "m"}, client)
    assert done == Done({"ExecutionArn": "e", "StartDate": 1893499200000})
    assert client.asked[0][1]["input"] == "{}"


@pytest.mark.parametrize(
    ("resource", "arguments", "answer", "handle", "describe", "description", "result"),
    [
        ("sagemaker:createTrainingJob", {"TrainingJobName": "t"}, {"TrainingJobArn": "a"}, {"TrainingJobName": "t"},
         "describe_training_job", {"TrainingJobName": "t", "TrainingJobStatus": "Completed"}, None),
        ("glue:startJobRun", {"JobName": "j"}, {"JobRunId": "r"}, {"JobName": "j", "RunId": "r"},
         "get_job_run", {"JobRun": {"Id": "r", "JobRunState": "SUCCEEDED"}}, {"Id": "r", "JobRunState": "SUCCEEDED"}),
        ("athena:startQueryExecution", {"QueryString": "s"}, {"QueryExecutionId": "q"}, {"QueryExecutionId": "q"},
         "get_query_execution", {"QueryExecution": {"Status": {"State": "SUCCEEDED"}}}, None),
    ],
)  # fmt: skip
def test_jobs_of_other_services(
    resource: str, arguments: Json, answer: Json, handle: Json, describe: str, description: Json, result: Any
) -> None:
    from botocore import xform_name

    call = a_call(f"arn:aws:states:::{resource}.sync", arguments)
    client = Client(**{xform_name(call.integration.operation): answer, describe: description})
    calls = ClientCalls(lambda caller, service, role: client)
    started = calls.make(call)
    assert started == Started(answer, handle)
    assert calls.look(call, handle) == Done(description if result is None else result)


def test_stopping_a_job_asks_once_and_minds_no_refusal() -> None:
    call = a_call("arn:aws:states:::sagemaker:createTrainingJob.sync", {"TrainingJobName": "t"})
    client = Client(stop_training_job=client_error("ValidationException"))
    ClientCalls(lambda caller, service, role: client).stop(call, {"TrainingJobName": "t"})
    assert client.asked == [("stop_training_job", {"TrainingJobName": "t"})]
    glue = Client()
    ClientCalls(lambda caller, service, role: glue).stop(a_call("arn:aws:states:::glue:startJobRun.sync", {}), {})
    assert glue.asked == []


def test_reads_can_be_made_again_after_a_kill_and_nothing_else() -> None:
    calls = ClientCalls(lambda caller, service, role: Client())
    assert calls.lost(a_call("arn:aws:states:::aws-sdk:dynamodb:getItem", {})) is None
    error = calls.lost(a_call("arn:aws:states:::aws-sdk:dynamodb:putItem", {}))
    assert error is not None
    assert error.error == "DynamoDb.SdkClientException"
    assert "dynamodb:PutItem" in error.cause
