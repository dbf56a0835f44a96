"""State machines: create, update, delete, describe, list, validate."""

from __future__ import annotations

from collections.abc import Callable

from headgate.localcloud.documents import Documents, DuplicateError, Key
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.paging import cut_page
from headgate.localcloud.seams import Caller, Clock, Json, Operation
from headgate.localcloud.states import checks, names
from headgate.localcloud.states.calls import on_behalf_of
from headgate.localcloud.states.diagnostics import UNSUPPORTED, Diagnostic
from headgate.localcloud.states.dice import Dice
from headgate.localcloud.states.errors import no_machine
from headgate.localcloud.states.records import EXECUTION, MACHINE, Records

CheckRole = Callable[[Caller, str], object]
"""Raises AwsError if Step Functions, acting for a machine, may not assume a role."""

CheckLogGroup = Callable[[Caller, str], object]
"""Raises AwsError if there is no log group with an ARN."""

_OFF: Json = {"level": "OFF", "includeExecutionData": False}
_UNTRACED: Json = {"enabled": False}
_MOST_DIAGNOSTICS = 100
_PAGE = 100


class Machines:
    """The operations on state machines, over their documents."""

    def __init__(
        self, documents: Documents, clock: Clock, dice: Dice, check_role: CheckRole, check_log_group: CheckLogGroup
    ) -> None:
        self._documents = documents
        self._records = Records(documents)
        self._clock = clock
        self._dice = dice
        self._check_role = check_role
        self._check_log_group = check_log_group

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateStateMachine": self.create,
            "UpdateStateMachine": self.update,
            "DeleteStateMachine": self.delete,
            "DescribeStateMachine": self.describe,
            "ListStateMachines": self.list_all,
            "ValidateStateMachineDefinition": self.validate,
            "TagResource": self.tag,
            "UntagResource": self.untag,
            "ListTagsForResource": self.list_tags,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: InvalidName, InvalidDefinition, StateMachineAlreadyExists, AccessDeniedException, 501."""
        key = Key(caller.account, caller.region, MACHINE, names.check_name(request["name"]))
        _refuse(request)
        _check_definition(request["definition"])
        self._check_role(on_behalf_of(caller, names.machine_arn(key)), request["roleArn"])
        self._check_logging(caller, request.get("loggingConfiguration", _OFF))
        body: Json = {
            "stateMachineArn": names.machine_arn(key),
            "name": key.name,
            "status": "ACTIVE",
            "definition": request["definition"],
            "roleArn": request["roleArn"],
            "type": "STANDARD",
            "creationDate": self._clock.now(),
            "loggingConfiguration": {**_OFF, **request.get("loggingConfiguration", {})},
            "tracingConfiguration": request.get("tracingConfiguration", _UNTRACED),
            "revisionId": "INITIAL",
            "tags": {tag["key"]: tag["value"] for tag in request.get("tags", [])},
        }
        self._purge(key)
        try:
            self._documents.insert(key, body)
        except DuplicateError:
            body = self._same(key, body)
        return {"stateMachineArn": body["stateMachineArn"], "creationDate": body["creationDate"]}

    def update(self, caller: Caller, request: Json) -> Json:
        """Executions that run go on with what they were started with. Raises AwsError as `create` does."""
        key = names.machine_key(caller, request["stateMachineArn"])
        fields = ("definition", "roleArn", "loggingConfiguration", "tracingConfiguration")
        given = {name: request[name] for name in fields if name in request}
        _refuse(request)
        if not given:
            raise AwsError("MissingRequiredParameter", f"one of {', '.join(fields)} is needed")
        if "definition" in given:
            _check_definition(given["definition"])
        if "roleArn" in given:
            self._check_role(on_behalf_of(caller, names.machine_arn(key)), given["roleArn"])
        if "loggingConfiguration" in given:
            self._check_logging(caller, given["loggingConfiguration"])
            given["loggingConfiguration"] = {**_OFF, **given["loggingConfiguration"]}
        self.machine(key)
        now, revision = self._clock.now(), self._dice.uuid()
        self._documents.update(key, lambda body: {**body, **given, "revisionId": revision, "updateDate": now})
        return {"updateDate": now, "revisionId": revision}

    def delete(self, caller: Caller, request: Json) -> Json:
        """Delete a machine and its executions, as soon as none of them runs any more. No error if there is none."""
        key = names.machine_key(caller, request["stateMachineArn"])
        if self._documents.find(key) is not None:
            self._documents.update(key, lambda body: {**body, "status": "DELETING"})
            self._purge(key)
        return {}

    def describe(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: StateMachineDoesNotExist."""
        body = self.machine(names.machine_key(caller, request["stateMachineArn"]))
        return {name: value for name, value in body.items() if name not in ("tags", "updateDate")}

    def list_all(self, caller: Caller, request: Json) -> Json:
        """By name, a page at a time."""
        kept = self._documents.list(MACHINE, account=caller.account, region=caller.region)
        found = [body for key, body in kept if not self._purge(key)]
        shown = [
            {name: body[name] for name in ("stateMachineArn", "name", "type", "creationDate")}
            for body in sorted(found, key=lambda body: str(body["name"]))
        ]
        return page("stateMachines", shown, request)

    def validate(self, caller: Caller, request: Json) -> Json:  # noqa: ARG002 - all operations share one signature
        """Whether a definition could be created, and why not."""
        if request.get("type", "STANDARD") != "STANDARD":
            raise unsupported("Express workflows")
        found = checks.check_text(request["definition"])[1]
        most = int(request.get("maxResults") or _MOST_DIAGNOSTICS)
        return {
            "result": "FAIL" if found else "OK",
            "diagnostics": [{"severity": "ERROR", **_shown(one)} for one in found[:most]],
            "truncated": len(found) > most,
        }

    def tag(self, caller: Caller, request: Json) -> Json:
        given = {tag["key"]: tag["value"] for tag in request["tags"]}
        return self._retag(caller, request["resourceArn"], lambda tags: {**tags, **given})

    def untag(self, caller: Caller, request: Json) -> Json:
        gone = request["tagKeys"]
        keep = lambda tags: {name: value for name, value in tags.items() if name not in gone}  # noqa: E731
        return self._retag(caller, request["resourceArn"], keep)

    def list_tags(self, caller: Caller, request: Json) -> Json:
        body = self.machine(_tagged(caller, request["resourceArn"]))
        return {"tags": [{"key": name, "value": value} for name, value in body["tags"].items()]}

    def machine(self, key: Key) -> Json:
        """Raises AwsError (StateMachineDoesNotExist)."""
        body = None if self._purge(key) else self._documents.find(key)
        if body is None:
            raise no_machine(names.machine_arn(key))
        return body

    def _retag(self, caller: Caller, arn: str, change: Callable[[Json], Json]) -> Json:
        key = _tagged(caller, arn)
        self.machine(key)
        self._documents.update(key, lambda body: {**body, "tags": change(body["tags"])})
        return {}

    def _same(self, key: Key, body: Json) -> Json:
        """The machine that has the name already, if it is the same one. Raises AwsError."""
        there = self._documents.get(key)
        if there["status"] == "DELETING":
            raise AwsError("StateMachineDeleting", f"State Machine is Deleting: '{names.machine_arn(key)}'")
        compared = ("definition", "type", "loggingConfiguration", "tracingConfiguration")
        if any(there[name] != body[name] for name in compared):
            raise AwsError("StateMachineAlreadyExists", f"State Machine Already Exists: '{names.machine_arn(key)}'")
        return there

    def _purge(self, key: Key) -> bool:
        """Remove a machine that is being deleted, once none of its executions runs; whether it is gone now."""
        body = self._documents.find(key)
        if body is None or body["status"] != "DELETING":
            return False
        runs = self._documents.list(EXECUTION, account=key.account, region=key.region, prefix=f"{key.name}:")
        if any(execution["status"] == "RUNNING" for _, execution in runs):
            return False
        with self._documents.transaction():
            for execution, _ in runs:
                self._records.forget(execution)
            self._documents.delete(key)
        return True

    def _check_logging(self, caller: Caller, configuration: Json) -> None:
        destinations = configuration.get("destinations", [])
        if configuration.get("level", "OFF") == "OFF":
            return
        if len(destinations) != 1:
            message = "Invalid Logging Configuration: Must specify exactly one Log Destination."
            raise AwsError("InvalidLoggingConfiguration", message)
        self._check_log_group(caller, destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"])


def page(member: str, items: list[Json], request: Json) -> Json:
    """One page of a list. Raises AwsError (InvalidToken)."""
    try:
        found, token = cut_page(items, request.get("nextToken"), int(request.get("maxResults") or _PAGE))
    except ValueError as error:
        raise AwsError("InvalidToken", f"Invalid Token: '{request.get('nextToken')}'") from error
    answer: Json = {member: list(found)}
    return answer if token is None else {**answer, "nextToken": token}


def _refuse(request: Json) -> None:
    """Raises AwsError (501) for what only AWS does."""
    if request.get("type", "STANDARD") != "STANDARD":
        raise unsupported("Express workflows")
    if request.get("publish"):
        raise unsupported("versions of state machines (publish)")
    if request.get("encryptionConfiguration", {}).get("type", "AWS_OWNED_KEY") != "AWS_OWNED_KEY":
        raise unsupported("state machines encrypted with a customer's KMS key")


def _check_definition(text: str) -> None:
    """Raises AwsError (InvalidDefinition, or 501 if only AWS would run it)."""
    _, found = checks.check_text(text)
    wrong = [one for one in found if one.code != UNSUPPORTED]
    if wrong:
        message = f"Invalid State Machine Definition: '{', '.join(map(str, wrong[:_MOST_DIAGNOSTICS]))}'"
        raise AwsError("InvalidDefinition", message)
    if found:
        what = found[0].message.removeprefix("the local cloud does not support ").partition(";")[0]
        raise unsupported(f"{what}, at {found[0].location} of the state machine's definition")


def _tagged(caller: Caller, arn: str) -> Key:
    """Raises AwsError (ResourceNotFound)."""
    try:
        return names.machine_key(caller, arn)
    except AwsError as error:
        raise AwsError("ResourceNotFound", f"Resource not found: '{arn}'") from error


def _shown(one: Diagnostic) -> Json:
    return {"code": one.code, "message": one.message, "location": one.location}
