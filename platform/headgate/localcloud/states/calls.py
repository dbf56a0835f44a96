"""The seam to the AWS APIs that Task states call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from headgate.localcloud.seams import Caller, Json
from headgate.localcloud.states.failures import StateError
from headgate.localcloud.states.resources import Integration

PRINCIPAL = "states.amazonaws.com"


def on_behalf_of(caller: Caller, machine: str) -> Caller:
    """Step Functions itself, acting for a machine: who takes the machine's role."""
    return Caller(
        caller.account,
        caller.region,
        service=PRINCIPAL,
        context={"aws:SourceArn": machine, "aws:SourceAccount": caller.account},
    )


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a Task: by whom (Step Functions, taking the machine's role), what, and with which arguments.

    `execution` and `machine` are ARNs; `name` is unique for each call, for what needs a name or an idempotency token.
    """

    caller: Caller
    role: str
    integration: Integration
    arguments: Any
    execution: str
    machine: str
    name: str


@dataclass(frozen=True, slots=True)
class Done:
    """The call, or the job that it started, has succeeded with this output."""

    output: Any


@dataclass(frozen=True, slots=True)
class Started:
    """The call has started a job, which is awaited (`.sync`): `handle` names it."""

    output: Any
    handle: Json


Answer = Done | Started


class UnreachableError(Exception):
    """The call cannot have reached anybody: the local cloud is about to stop."""


class Calls(Protocol):
    """Makes calls. All methods may block, and raise StateError, or UnreachableError when nothing was sent."""

    def make(self, call: Call) -> Answer:
        """Make the call, and wait for its answer."""
        ...

    def look(self, call: Call, handle: Json) -> Answer:
        """How the awaited job is."""
        ...

    def stop(self, call: Call, handle: Json) -> None:
        """Ask the awaited job to stop; nobody waits for it any more."""
        ...

    def lost(self, call: Call) -> StateError | None:
        """The error of a call whose answer was lost with a killed daemon; None if it can simply be made again."""
        ...
