"""A Step Functions service with a clock that tests move, and tasks whose answers tests decide."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.states.calls import Answer, Call, Done, UnreachableError
from headgate.localcloud.states.failures import StateError
from headgate.localcloud.states.service import StepFunctions

CALLER = Caller("123456789012", "eu-west-1", "arn:aws:iam::123456789012:role/operator")
ROLE = "arn:aws:iam::123456789012:role/machine"
START = 1_700_000_000.0
WAIT = 10.0
INVOKE = "arn:aws:states:::lambda:invoke"
SEND = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"


class LoadedDice:
    """Randomness that counts."""

    def __init__(self) -> None:
        self.number = 0
        self.next_fraction = 0.5

    def uuid(self) -> str:
        self.number += 1
        return f"00000000-0000-0000-0000-{self.number:012d}"

    def token(self) -> str:
        self.number += 1
        return f"token-{self.number}"

    def fraction(self) -> float:
        return self.next_fraction


class FakeCalls:
    """Calls are answered by `behave`; `held` calls wait until `release` is set. Everything that was called is kept."""

    def __init__(self) -> None:
        self.made: list[Call] = []
        self.stopped: list[Json] = []
        self.changed = threading.Condition()
        self.behave: Callable[[Call], Any] = lambda call: call.arguments
        self.job: Callable[[Json], Answer] = Done
        self.release = threading.Event()
        self.release.set()
        self.lost_error: StateError | None = StateError("Lambda.SdkClientException", "the answer was lost")
        self.unreachable = False

    def make(self, call: Call) -> Answer:
        with self.changed:
            self.made.append(call)
            self.changed.notify_all()
        assert self.release.wait(WAIT)
        if self.unreachable:
            raise UnreachableError("stopped")
        answer = self.behave(call)
        return answer if isinstance(answer, Answer) else Done(answer)

    def look(self, call: Call, handle: Json) -> Answer:
        return self.job(handle)

    def stop(self, call: Call, handle: Json) -> None:
        with self.changed:
            self.stopped.append(handle)
            self.changed.notify_all()

    def lost(self, call: Call) -> StateError | None:
        return self.lost_error

    def wait_for(self, count: int) -> list[Call]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.made) >= count, WAIT), f"{len(self.made)} calls"
        return self.made


class World:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = FakeCalls()
        self.dice = LoadedDice()
        self.events: list[Json] = []
        self.logged: list[str] = []
        self.refused_roles: set[str] = set()
        self._ended = threading.Condition()
        self._open()

    def _open(self) -> None:
        self.documents = Documents(self.folder / "state.db")
        self.timeline = Timeline(self.documents, lambda: START)
        self.states = StepFunctions(
            self.documents,
            self.timeline,
            self.calls,
            publish=self._publish,
            write_log=lambda account, region, group, stream, lines: self.logged.extend([group, stream, *lines]),
            check_role=self._check_role,
            dice=self.dice,
        )

    def _publish(
        self, account: str, region: str, source: str, detail_type: str, detail: Json, resources: tuple[str, ...]
    ) -> None:
        with self._ended:
            about = {"account": account, "region": region, "source": source, "detail-type": detail_type}
            self.events.append({**about, "detail": detail, "resources": resources})
            self._ended.notify_all()

    def _check_role(self, caller: Caller, role: str) -> None:
        assert caller.service == "states.amazonaws.com"
        if role in self.refused_roles:
            raise AwsError("AccessDeniedException", f"{role} does not trust {caller.service}", status=403)

    def close(self) -> None:
        self.states.close()
        self.timeline.close()
        self.documents.close()

    def kill(self) -> None:
        """What is left of a daemon that was killed: the documents. Calls under way never come back."""
        self.close()
        self.calls = FakeCalls()
        self._open()

    def call(self, operation: str, **parameters: Any) -> Json:
        return self.states.operations.call(CALLER, operation, parameters)

    def machine(self, states: Json, start: str | None = None, name: str = "machine", **top: Any) -> str:
        """Create a machine of those states; the first one is where it starts."""
        definition = json.dumps({"StartAt": start or next(iter(states)), "States": states, **top})
        made = self.call("CreateStateMachine", name=name, definition=definition, roleArn=ROLE)
        return str(made["stateMachineArn"])

    def start(self, states: Json, given: Any = None, **top: Any) -> str:
        """Create a machine and start it; the execution's ARN."""
        return self.run(self.machine(states, **top), given)

    def run(self, machine: str, given: Any = None, **more: Any) -> str:
        text = json.dumps({} if given is None else given)
        return str(self.call("StartExecution", stateMachineArn=machine, input=text, **more)["executionArn"])

    def status(self, execution: str) -> str:
        return str(self.call("DescribeExecution", executionArn=execution)["status"])

    def wait(self, execution: str) -> Json:
        """The execution, once it has ended."""
        with self._ended:
            assert self._ended.wait_for(lambda: self.status(execution) != "RUNNING", WAIT), self.history(execution)
        return self.call("DescribeExecution", executionArn=execution)

    def result(self, states: Json, given: Any = None) -> Any:
        """What a machine that succeeds makes of an input."""
        ended = self.wait(self.start(states, given))
        assert ended["status"] == "SUCCEEDED", ended
        return json.loads(ended["output"])

    def failure(self, states: Json, given: Any = None) -> tuple[str, str]:
        """Error and cause of a machine that fails."""
        ended = self.wait(self.start(states, given))
        assert ended["status"] == "FAILED", ended
        return ended.get("error", ""), ended.get("cause", "")

    def history(self, execution: str) -> list[Json]:
        return list(self.call("GetExecutionHistory", executionArn=execution, maxResults=1000)["events"])

    def kinds(self, execution: str) -> list[str]:
        return [event["type"] for event in self.history(execution)]

    def until(self, execution: str, kind: str, count: int = 1) -> list[Json]:
        """The history, once it holds so many events of a kind."""
        # Calls end in threads of their own: what tells of them is the history itself.
        for _ in range(1000):
            events = self.history(execution)
            if sum(event["type"] == kind for event in events) >= count:
                return events
            threading.Event().wait(0.01)
        raise AssertionError([event["type"] for event in self.history(execution)])


def task(resource: str = INVOKE, **fields: Any) -> Json:
    return {"Type": "Task", "Resource": resource, **({"End": True} if "Next" not in fields else {}), **fields}
