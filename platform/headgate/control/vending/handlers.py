"""The Lambda functions of vending: `headgate.control.vending.handlers.<name>`, one function and one role for each.

All but `request` and `ended` are states of `machine.asl.json`. A handler reads the facts, decides, does what was
decided, and says whether its step is settled; the machine waits and calls again until it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from headgate.control.answers import put
from headgate.control.aws import Boto
from headgate.control.vending import (
    activation,
    beginning,
    conclusion,
    deployment,
    grants,
    inspection,
    isolation,
    placement,
    requests,
    retirement,
)
from headgate.control.vending.calls import CALLS
from headgate.control.vending.edges import of_function, own_session
from headgate.control.vending.steps import advance

Event = Mapping[str, Any]

HANDLERS = (
    "request",
    "begin",
    "place",
    "deploy",
    "grant",
    "activate",
    "quarantine",
    "inspect",
    "retire",
    "fail",
    "conclude",
    "ended",
)
"""The functions of this module that are Lambda functions, named `headgate-vending-<name>`."""


def request(event: Event, _: object) -> None:
    """The custom resource Custom::AccountSet: starts the machine, which answers CloudFormation at its end.

    Needs HEADGATE_STATE_MACHINE_ARN instead of the other variables.
    """
    aws = Boto(own_session, CALLS["request"], lambda *_: "")
    requests.handle(event, aws, os.environ.get("HEADGATE_STATE_MACHINE_ARN", ""), put)


def begin(event: Event, _: object) -> dict[str, Any]:
    """Takes the team's lease, reads the declaration, decides which accounts to work on and reserves their items."""
    return beginning.begin(event, of_function("begin"))


def place(event: Event, _: object) -> dict[str, Any]:
    """The account exists, is claimed and tagged, and stands in its OU under its guardrails."""
    return _advance(event, "place", placement.place)


def deploy(event: Event, _: object) -> dict[str, Any]:
    """Stack instances are as they should be: the guard's, the account's, those of environments; or are gone."""
    return _advance(event, "deploy", deployment.deploy)


def grant(event: Event, _: object) -> dict[str, Any]:
    """What durable accounts let the account do is what the declaration says; or nothing."""
    return _advance(event, "grant", grants.grant)


def activate(event: Event, _: object) -> dict[str, Any]:
    """Looks at everything once more; only then is the account active."""
    return _advance(event, "activate", activation.activate)


def quarantine(event: Event, _: object) -> dict[str, Any]:
    """Moves the account into OU Quarantine, then says so in the catalog."""
    return _advance(event, "quarantine", isolation.quarantine)


def inspect(event: Event, _: object) -> dict[str, Any]:
    """Refuses to retire an account in which something lives that would be lost."""
    return _advance(event, "inspect", inspection.inspect)


def retire(event: Event, _: object) -> dict[str, Any]:
    """Moves the account into OU Retired, closes it when that is wanted, and keeps its item for ever."""
    return _advance(event, "retire", retirement.retire)


def fail(event: Event, _: object) -> dict[str, Any]:
    """Writes why an account's work has ended into its item."""
    return conclusion.record_failure(event, of_function("fail"))


def conclude(event: Event, _: object) -> dict[str, Any]:
    """Gives the lease back and answers CloudFormation."""
    return conclusion.conclude(event, of_function("conclude"))


def ended(event: Event, _: object) -> None:
    """For EventBridge's 'Step Functions Execution Status Change' of executions that could not answer themselves."""
    conclusion.ended(event, put)


def _advance(event: Event, handler: str, step: Callable[..., Any]) -> dict[str, Any]:
    return advance(event, of_function(handler), step)
