"""Executions and task tokens: start, stop, redrive, describe, list, history, and the answers to tokens."""

from __future__ import annotations

import json
from typing import Any

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Caller, Clock, Json, Operation
from headgate.localcloud.states import history, names
from headgate.localcloud.states.calls import Done
from headgate.localcloud.states.dice import Dice
from headgate.localcloud.states.engine import Engine
from headgate.localcloud.states.errors import no_execution, not_redrivable
from headgate.localcloud.states.failures import StateError
from headgate.localcloud.states.machines import Machines, page
from headgate.localcloud.states.payload import LARGEST
from headgate.localcloud.states.records import EXECUTION, Plan, Records, execution_key

_REDRIVABLE_SECONDS = 14 * 86_400.0
_DATA = ("input", "output", "error", "cause")
_LISTED = ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate", "redriveCount", "redriveDate")


class Executions:
    """The operations on executions, over the engine."""

    def __init__(self, documents: Documents, machines: Machines, engine: Engine, clock: Clock, dice: Dice) -> None:
        self._documents = documents
        self._records = Records(documents)
        self._machines = machines
        self._engine = engine
        self._clock = clock
        self._dice = dice

    def operations(self) -> dict[str, Operation]:
        return {
            "StartExecution": self.start,
            "StopExecution": self.stop,
            "RedriveExecution": self.redrive,
            "DescribeExecution": self.describe,
            "DescribeStateMachineForExecution": self.describe_machine,
            "ListExecutions": self.list_all,
            "GetExecutionHistory": self.history,
            "SendTaskSuccess": self.succeed,
            "SendTaskFailure": self.fail,
            "SendTaskHeartbeat": self.beat,
        }

    def start(self, caller: Caller, request: Json) -> Json:
        """Start an execution; the same name and input again while it runs is the same execution. Raises AwsError."""
        machine = names.machine_key(caller, request["stateMachineArn"])
        body = self._machines.machine(machine)
        if body["status"] == "DELETING":
            raise AwsError("StateMachineDeleting", f"State Machine is Deleting: '{request['stateMachineArn']}'")
        name = names.check_name(request.get("name") or self._dice.uuid())
        text = _checked_json(request.get("input", "{}"), "InvalidExecutionInput", "Execution Input")
        key = execution_key(machine.account, machine.region, machine.name, name)
        made: Json = {
            "executionArn": names.execution_arn(machine, name),
            "stateMachineArn": body["stateMachineArn"],
            "name": name,
            "status": "RUNNING",
            "startDate": self._clock.now(),
            "input": text,
            "inputDetails": {"included": True},
            "redriveCount": 0,
            "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
        }
        if "traceHeader" in request:
            made["traceHeader"] = request["traceHeader"]
        kept = ("name", "revisionId", "loggingConfiguration", "tracingConfiguration", "creationDate", "updateDate")
        plan = Plan(body["definition"], body["roleArn"], {one: body[one] for one in kept if one in body})
        try:
            self._engine.start(key, made, plan)
        except DuplicateError:
            made = self._same(key, made)
        return {"executionArn": made["executionArn"], "startDate": made["startDate"]}

    def stop(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: ExecutionDoesNotExist."""
        key, _ = self._find(caller, request["executionArn"])
        body = self._engine.stop(key, request.get("error"), request.get("cause"))
        return {"stopDate": body["stopDate"]}

    def redrive(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: ExecutionDoesNotExist, ExecutionNotRedrivable."""
        key, body = self._find(caller, request["executionArn"])
        token = request.get("clientToken")
        if token is not None and body.get("redriveToken") == token:
            return {"redriveDate": body["redriveDate"]}
        if body["redriveStatus"] != "REDRIVABLE":
            raise not_redrivable(body["redriveStatusReason"])
        if self._clock.now() > body["stopDate"] + _REDRIVABLE_SECONDS:
            raise not_redrivable("Execution cannot be redriven after the redrivable period has expired")
        if self._records.plan(key).events >= history.LONGEST - 1:
            raise not_redrivable("Execution history limit has been exceeded")
        redriven = self._engine.redrive(key, token)
        return {"redriveDate": redriven["redriveDate"]}

    def describe(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: ExecutionDoesNotExist."""
        _, body = self._find(caller, request["executionArn"])
        shown = {name: value for name, value in body.items() if value is not None and name != "redriveToken"}
        if request.get("includedData") == "METADATA_ONLY":
            hidden = {f"{name}Details": {"included": False} for name in ("input", "output") if name in shown}
            shown = {name: value for name, value in shown.items() if name not in _DATA} | hidden
        return shown

    def describe_machine(self, caller: Caller, request: Json) -> Json:
        """The machine as the execution was started with it. Raises AwsError: ExecutionDoesNotExist."""
        key, body = self._find(caller, request["executionArn"])
        plan = self._records.plan(key)
        machine = plan.machine
        return {
            "stateMachineArn": body["stateMachineArn"],
            "name": machine["name"],
            "definition": plan.definition,
            "roleArn": plan.role,
            "updateDate": machine.get("updateDate", machine["creationDate"]),
            **{one: machine[one] for one in ("loggingConfiguration", "tracingConfiguration", "revisionId")},
        }

    def list_all(self, caller: Caller, request: Json) -> Json:
        """The latest first, a page at a time. Raises AwsError: StateMachineDoesNotExist."""
        if "mapRunArn" in request:
            raise unsupported("distributed Map states (ListExecutions with mapRunArn)")
        if "stateMachineArn" not in request:
            raise AwsError("ValidationException", "stateMachineArn is needed")
        machine = names.machine_key(caller, request["stateMachineArn"])
        self._machines.machine(machine)
        wanted, redriven = request.get("statusFilter"), request.get("redriveFilter")
        kept = self._documents.list(
            EXECUTION, account=machine.account, region=machine.region, prefix=f"{machine.name}:"
        )
        shown = [
            {name: body[name] for name in _LISTED if name in body}
            for _, body in sorted(kept, key=lambda one: float(one[1]["startDate"]))
            if wanted in (None, body["status"])
            and redriven in (None, "REDRIVEN" if body["redriveCount"] else "NOT_REDRIVEN")
        ]
        return page("executions", shown[::-1], request)

    def history(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: ExecutionDoesNotExist."""
        key, _ = self._find(caller, request["executionArn"])
        numbers = range(1, self._records.plan(key).events + 1)
        ordered = [{"id": number} for number in (reversed(numbers) if request.get("reverseOrder") else numbers)]
        answer = page("events", ordered, request)
        events = self._records.events(key, [one["id"] for one in answer["events"]])
        bare = request.get("includeExecutionData") is False
        return {**answer, "events": [_without_data(event) for event in events] if bare else events}

    def succeed(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: InvalidOutput, InvalidToken, TaskTimedOut."""
        text = _checked_json(request["output"], "InvalidOutput", "Output")
        self._engine.answer(caller, request["taskToken"], Done(json.loads(text)))
        return {}

    def fail(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: InvalidToken, TaskTimedOut."""
        error = StateError(request.get("error", ""), request.get("cause", ""))
        self._engine.answer(caller, request["taskToken"], error)
        return {}

    def beat(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: InvalidToken, TaskTimedOut."""
        self._engine.beat(caller, request["taskToken"])
        return {}

    def _same(self, key: Key, made: Json) -> Json:
        """The execution that has the name already, if it is the same one. Raises AwsError."""
        there = self._documents.get(key)
        if there["status"] != "RUNNING" or there["input"] != made["input"]:
            raise AwsError("ExecutionAlreadyExists", f"Execution Already Exists: '{made['executionArn']}'")
        return there

    def _find(self, caller: Caller, arn: str) -> tuple[Key, Json]:
        key = names.execution_of(caller, arn)
        body = self._documents.find(key)
        if body is None:
            raise no_execution(arn)
        return key, body


def _checked_json(text: str, code: str, what: str) -> str:
    """The text, if it is JSON and not too large. Raises AwsError with the code."""
    try:
        json.loads(text)
    except ValueError as error:
        raise AwsError(code, f"Invalid State Machine {what}: '{error}'") from error
    if len(text.encode()) > LARGEST:
        raise AwsError(code, f"Invalid State Machine {what}: it is larger than {LARGEST} bytes")
    return text


def _without_data(event: Json) -> Json:
    def bare(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: bare(inner) for name, inner in value.items() if name not in (*_DATA, "parameters")}

    return {name: bare(value) for name, value in event.items()}
