"""Lambda and Callback: steps whose work is done by somebody else, and Fail."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from headgate.localcloud.executions.outcomes import (
    SERVICE_FAULT,
    THROTTLING,
    Attempt,
    Executor,
    Failed,
    Outcome,
    Running,
    StepError,
    Succeeded,
    Waiting,
)
from headgate.localcloud.executions.references import as_text
from headgate.localcloud.executions.steps.surroundings import Surroundings
from headgate.localcloud.seams import Json

CALLBACK_SECONDS = 7 * 86_400.0
"""How long a callback step waits for its answer (SageMaker's limit)."""

_TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (float, int),
    "Boolean": (bool,),
}


def executors(around: Surroundings) -> dict[str, Executor]:
    return {"Lambda": partial(invoke_lambda, around), "Callback": partial(send_callback, around), "Fail": fail}


def fail(attempt: Attempt) -> Outcome:
    """A Fail step ends the execution with its message."""
    message = as_text(attempt.arguments.get("ErrorMessage", ""))
    attempt.report(Running({"Fail": {"ErrorMessage": message}}))
    return Failed(message)


def invoke_lambda(around: Surroundings, attempt: Attempt) -> Outcome:
    """Invoke the function with the step's arguments; its answer's members are the outputs. Raises StepError."""
    function = str(attempt.body.get("FunctionArn", ""))
    attempt.report(Running({"Lambda": {"Arn": function}}))
    client = _client(around, attempt, "lambda")
    payload = json.dumps(attempt.arguments).encode()
    answer = _request(client.invoke, FunctionName=function, InvocationType="RequestResponse", Payload=payload)
    text = answer["Payload"].read()
    if answer.get("FunctionError"):
        raise StepError(f"ClientError: the Lambda function {function} failed: {_error_text(text)}")
    declared = attempt.body.get("OutputParameters") or []
    values = check_outputs(declared, _object(text, bool(declared), function), f"the Lambda function {function}")
    shown = {"Arn": function, "OutputParameters": as_parameters(values)}
    return Succeeded({"OutputParameters": values}, metadata={"Lambda": shown})


def send_callback(around: Surroundings, attempt: Attempt) -> Outcome:
    """Send the token to the queue, then wait for SendPipelineExecutionStepSuccess or …Failure. Raises StepError."""
    token = around.random_text(10)
    queue = str(attempt.body.get("SqsQueueUrl", ""))
    metadata = {"Callback": {"CallbackToken": token, "SqsQueueUrl": queue}}
    attempt.report(Running(metadata, stop=partial(send_token, around, attempt, token, "Stopping")))
    send_token(around, attempt, token, "Executing")
    return Waiting(token=token, deadline=around.clock.now() + CALLBACK_SECONDS)


def send_token(around: Surroundings, attempt: Attempt, token: str, status: str) -> None:
    """Tell the queue's consumer about a token: that it is to be answered, or that the execution is stopping."""
    message = {
        "token": token,
        "pipelineExecutionArn": attempt.execution_arn,
        "arguments": attempt.arguments,
        "status": status,
    }
    client = _client(around, attempt, "sqs")
    _request(client.send_message, QueueUrl=str(attempt.body.get("SqsQueueUrl", "")), MessageBody=json.dumps(message))


def check_outputs(declared: list[Json], given: Json, who: str) -> Json:
    """The declared outputs among what was given; a number for a String becomes text, as `"statusCode": 200` does.

    Raises StepError for a missing one or one of the wrong type.
    """
    values: Json = {}
    for one in declared:
        name, kind = str(one["OutputName"]), str(one.get("OutputType", "String"))
        if name not in given:
            raise StepError(f"ClientError: {who} gave no output '{name}'; it gave {', '.join(given) or 'none'}")
        value = given[name]
        if kind == "String" and isinstance(value, (bool, int, float)):
            value = as_text(value)
        wrong = not isinstance(value, _TYPES.get(kind, (str,))) or (isinstance(value, bool) and kind != "Boolean")
        if wrong:
            raise StepError(f"ClientError: output '{name}' of {who} has to be of type {kind}, not {value!r}")
        values[name] = value
    return values


def typed_outputs(declared: list[Json], given: list[Json]) -> Json:
    """Outputs given as strings (SendPipelineExecutionStepSuccess) in their declared types. Raises StepError."""
    kinds = {str(one["OutputName"]): str(one.get("OutputType", "String")) for one in declared}
    if unknown := [str(one["Name"]) for one in given if one["Name"] not in kinds]:
        raise StepError(f"output parameters {', '.join(unknown)} are not declared; known: {', '.join(kinds) or 'none'}")
    read = {str(one["Name"]): _typed(kinds[one["Name"]], str(one["Value"])) for one in given}
    return check_outputs(declared, read, "the callback")


def as_parameters(values: Json) -> list[Json]:
    """Outputs as the API shows them."""
    return [{"Name": name, "Value": as_text(value)} for name, value in values.items()]


def _typed(kind: str, text: str) -> Any:
    try:
        return {"Integer": int, "Float": float}.get(kind, str)(text) if kind != "Boolean" else json.loads(text.lower())
    except ValueError:
        return text


def _client(around: Surroundings, attempt: Attempt, service: str) -> Any:
    return around.client(attempt.caller, service, attempt.role)


def _request(method: Any, **parameters: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return method(**parameters)
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"].get("HTTPStatusCode", 400)
        kind = THROTTLING if "Throttl" in code or "TooManyRequests" in code else None
        kind = SERVICE_FAULT if kind is None and status >= 500 and status != 501 else kind
        raise StepError(f"ClientError: {error}", kind) from error
    except BotoCoreError as error:
        raise StepError(f"ClientError: {error}", SERVICE_FAULT) from error


def _object(text: bytes, wanted: bool, function: str) -> Json:
    try:
        value = json.loads(text or b"null")
    except ValueError as error:
        raise StepError(
            f"ClientError: the Lambda function {function} did not answer with JSON: {text[:200]!r}"
        ) from error
    if isinstance(value, dict):
        return value
    if wanted:
        raise StepError(f"ClientError: the Lambda function {function} has to answer with an object, not {value!r}")
    return {}


def _error_text(text: bytes) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return text[:500].decode(errors="replace")
    if isinstance(value, dict) and "errorMessage" in value:
        return f"{value.get('errorType', 'Error')}: {value['errorMessage']}"
    return str(value)[:500]
