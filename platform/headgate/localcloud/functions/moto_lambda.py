"""moto's Lambda functions, called for real.

Every trigger inside moto (SNS, SQS, EventBridge, custom resources, ...) ends in `LambdaFunction._invoke_lambda`; it is
replaced, and held by tests/contract/test_moto_lambda.py. A client's Invoke does not go through moto at all.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from typing import Any
from urllib.parse import unquote

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.functions import moto_settings
from headgate.localcloud.functions.runner import FunctionRunner
from headgate.localcloud.functions.values import Function, Outcome
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.moto_determinism import patch
from headgate.localcloud.server.moto_host import MotoHost

_INVOKE = re.compile(r"^/2015-03-31/functions/(?P<name>[^/]+)/invocations/?$")
_OTHERS = re.compile(r"^/\d{4}-\d\d-\d\d/functions/[^/]+/(invoke-async|response-streaming-invocations)/?$")
_ARN = re.compile(r"^arn:[^:]+:lambda:(?P<region>[^:]*):(?P<account>\d{12}):function:")
_TAIL = 4096
_PENDING = "lambda-event"


def install(host: MotoHost, runner: FunctionRunner) -> None:
    """Make moto's own triggers run handlers; on replay they get what the handler returned the first time."""
    from moto.awslambda.models import LambdaFunction

    def _invoke_lambda(self: Any, event: Any = None) -> tuple[str, bool, str]:
        text = event if isinstance(event, str) else json.dumps({} if event is None else event)
        function = function_of(self)
        outcome = Outcome.from_json(host.outside(lambda: _invoked(runner, function, text).as_json()))
        return outcome.payload, outcome.failed, outcome.log

    patch(LambdaFunction, "_invoke_lambda", _invoke_lambda)


def _invoked(runner: FunctionRunner, function: Function, event: str) -> Outcome:
    """An invocation that nobody waits for: a role that cannot be assumed fails the function, not the sender."""
    try:
        return runner.invoke(function, event)
    except AwsError as error:
        if error.code != "AccessDeniedException":
            raise
        payload = json.dumps({"errorType": error.code, "errorMessage": error.message})
        return Outcome(payload, True, error.message)


def function_of(function: Any) -> Function:
    """moto's LambdaFunction as a value of ours."""
    version = str(function.version)
    return Function(
        account=function.account_id,
        region=function.region,
        name=function.function_name,
        arn=function.function_arn,
        version="$LATEST" if function.function_arn.endswith(f":function:{function.function_name}") else version,
        runtime=function.run_time or "",
        handler=function.handler or "",
        role_arn=function.role,
        timeout=float(function.timeout or 3),
        memory=int(function.memory_size or 128),
        environment={name: str(value) for name, value in (function.environment_vars or {}).items()},
        code=getattr(function, "code_bytes", b""),
        layers=tuple(_layer(layer["Arn"]) for layer in function.layers or ()),
        own_log_group=moto_settings.log_group_of(function),
        subnets=tuple(map(str, (function.vpc_config or {}).get("SubnetIds", ()))),
    )


def _layer(arn: str) -> bytes:
    from moto.awslambda.models import lambda_backends

    parts = arn.split(":")
    version = lambda_backends[parts[4]][parts[3]].get_layer_version(parts[6], parts[7])
    return bytes(version.code_bytes)


class LambdaInvocations:
    """Invoke: `RequestResponse` answers with the handler's result, `Event` is accepted and survives a restart."""

    def __init__(self, host: MotoHost, runner: FunctionRunner, documents: Documents) -> None:
        self._host = host
        self._runner = runner
        self._documents = documents

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        match = _INVOKE.match(request.path)
        if request.method != "POST" or match is None:
            if _OTHERS.match(request.path):
                raise unsupported("InvokeAsync and InvokeWithResponseStream of Lambda; Invoke it does")
            return None
        event = request.body.read().decode() or "{}"
        _check_json(event)
        function = self._function(request.caller, unquote(match["name"]), dict(request.query).get("Qualifier"))
        kind = request.headers.get("x-amz-invocation-type", "RequestResponse")
        headers = {"content-type": "application/json", "x-amz-executed-version": function.version}
        if kind == "DryRun":
            return HttpResponse(204, headers)
        if kind == "Event":
            self._accept(function, event)
            return HttpResponse(202, headers)
        outcome = self._runner.invoke(function, event)
        if outcome.failed:
            headers["x-amz-function-error"] = "Unhandled"
        if request.headers.get("x-amz-log-type") == "Tail":
            headers["x-amz-log-result"] = base64.b64encode(outcome.log.encode()[-_TAIL:]).decode()
        return HttpResponse(200, headers, outcome.payload.encode())

    def recover(self) -> None:
        """Deliver the events that were accepted before the daemon died; a handler may see one twice, as on AWS."""
        for key, event in self._documents.list(_PENDING):
            self._in_background(key, event)

    def _accept(self, function: Function, event: str) -> None:
        number = self._documents.next_number(_PENDING)
        key = Key(function.account, function.region, _PENDING, str(number))
        pending = {"function": function.arn, "event": event}
        self._documents.insert(key, pending)
        self._in_background(key, pending)

    def _in_background(self, key: Key, pending: Json) -> None:
        def deliver() -> None:
            try:
                function = self._function(Caller(key.account, key.region), pending["function"], None)
                self._runner.invoke(function, pending["event"])
            finally:
                self._documents.delete(key)

        threading.Thread(target=deliver, name=f"lambda event {key.name}", daemon=True).start()

    def _function(self, caller: Caller, name: str, qualifier: str | None) -> Function:
        """Find a function by name, partial or full ARN. Raises AwsError (ResourceNotFoundException)."""
        arn = _ARN.match(name)
        account, region = (arn["account"], arn["region"]) if arn else (caller.account, caller.region)

        def find() -> Function:
            from moto.awslambda.exceptions import UnknownFunctionException
            from moto.awslambda.models import lambda_backends

            try:
                return function_of(lambda_backends[account][region].get_function(name, qualifier))
            except UnknownFunctionException as error:
                full = name if arn else f"arn:aws:lambda:{region}:{account}:function:{name}"
                raise AwsError("ResourceNotFoundException", f"Function not found: {full}", status=404) from error

        return self._host.look(find)


def _check_json(event: str) -> None:
    try:
        json.loads(event)
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise AwsError("InvalidRequestContentException", message) from error
