"""Stack instances are what they should be: first the guard's, then the account's, then those of its environments.

The guard is deployed by its StackSet itself as soon as the account enters its OU. The others are made here, and only
in an account that stands in its OU, which is looked at each time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from headgate.control.errors import Refused
from headgate.control.vending import organization, stacksets
from headgate.control.vending.edges import Edges
from headgate.control.vending.settings import Settings
from headgate.control.vending.stacksets import Instance, Target
from headgate.control.vending.steps import SETTLED, Progress
from headgate.control.vending.values import Item, Row

PATIENCE = timedelta(minutes=3)
"""How long the automatic deployment of the guard may take to begin before it is asked for."""
MOST_OPERATIONS = 3
"""Of one execution on one instance: an operation may succeed without having seen an account that has only just come."""
_UNDER_WAY = ("QUEUED", "RUNNING", "STOPPING")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a target: its instance, and the status of this execution's operation `number` on it."""

    instance: Instance | None
    operation: str | None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """Begin an operation: `verb` is create, update or delete."""

    verb: str
    number: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again later."""


Decision = Start | Wait | None


def deploy(edges: Edges, item: Item, row: Row) -> Progress:
    """The step that the item is at: guard, account, environments, remove-environments or remove-account."""
    if not row.account_id:
        return _without_account(item, row)
    removing = item.step.startswith("remove-")
    if not removing:
        _refuse_elsewhere(edges, row)
    waiting, operations = [], dict(item.operations)
    for target in targets(item, row, edges.settings):
        settled, number = _bring(edges, item, target, operations.get(target.stack_set, 0), removing=removing)
        operations[target.stack_set] = number
        if not settled:
            waiting.append(target)
    gone = " to be gone" if removing else ""
    return Progress(" and ".join(f"{target}{gone}" for target in waiting), operations)


def targets(item: Item, row: Row, settings: Settings) -> tuple[Target, ...]:
    """The stack instances that a step is about."""
    account_id, parameters = row.account_id or "", row.parameters
    kind = item.step.removeprefix("remove-")
    if kind == "guard":
        return (Target(settings.guard, account_id, settings.region),)
    if kind == "account":
        return (Target(settings.account, account_id, row.region, parameters.get("account")),)
    if kind == "environments":
        return tuple(
            Target(settings.environment_stack_set(name), account_id, row.region, parameters.get(name))
            for name in row.environments
        )
    raise Refused(f"there is no step {item.step!r} of deploying")


def decide(facts: Facts, target: Target, *, automatic: bool) -> Decision:
    """What brings an instance to be current with its parameters; None when it is. Raises Refused when nothing will.

    `automatic`: the StackSet deploys by itself, and is given time to.
    """
    instance, matches = facts.instance, _matches(facts.instance, target)
    if facts.operation in _UNDER_WAY:
        return Wait()
    if instance and instance.status == "CURRENT" and matches:
        return None
    if facts.operation in ("FAILED", "STOPPED"):
        why = instance.reason if instance and instance.reason else f"its operation is {facts.operation.lower()}"
        raise Refused(f"{target} was not made: {why}; when that is mended, request again")
    if instance and instance.status == "INOPERABLE":
        raise Refused(
            f"{target} is inoperable ({instance.reason}): remove its instance, retaining nothing, then request again"
        )
    if (instance and instance.is_moving) or (instance is None and automatic):
        return Wait()
    number = facts.number + 1 if facts.operation == "SUCCEEDED" else facts.number
    if number >= MOST_OPERATIONS:
        raise Refused(f"{number} operations have succeeded, and yet {target} is not as declared: look at its StackSet")
    return Start("update" if instance else "create", number)


def decide_removal(facts: Facts, target: Target) -> Decision:
    """What takes an instance and its stack away; None when they are gone. Raises Refused when that fails."""
    if facts.operation in _UNDER_WAY:
        return Wait()
    if facts.instance is None:
        return None
    if facts.operation in ("FAILED", "STOPPED"):
        why = facts.instance.reason or f"its operation is {facts.operation.lower()}"
        raise Refused(f"{target} was not removed: {why}; when that is mended, retire again")
    if facts.instance.is_moving:
        return Wait()
    number = facts.number + 1 if facts.operation == "SUCCEEDED" else facts.number
    if number >= MOST_OPERATIONS:
        raise Refused(f"{number} operations have succeeded, and yet {target} is still there: look at its StackSet")
    return Start("delete", number)


def _bring(edges: Edges, item: Item, target: Target, number: int, *, removing: bool) -> tuple[bool, int]:
    """Whether a target is as it should be, and the number of this execution's operation on it."""
    purpose = "delete" if removing else "deploy"
    operation = stacksets.operation_id(item.work.execution, target, purpose, number)
    wants_parameters = not removing and target.parameters is not None
    facts = Facts(
        stacksets.instance(edges.aws, target, with_parameters=wants_parameters),
        stacksets.operation_status(edges.aws, target.stack_set, operation),
        number,
    )
    automatic = target.stack_set == edges.settings.guard and edges.now - datetime.fromisoformat(item.since) < PATIENCE
    decision = decide_removal(facts, target) if removing else decide(facts, target, automatic=automatic)
    if isinstance(decision, Start):
        number = decision.number
        operation = stacksets.operation_id(item.work.execution, target, purpose, number)
        stacksets.start(edges.aws, edges.settings, target, decision.verb, operation)
    return decision is None, number


def _matches(instance: Instance | None, target: Target) -> bool:
    if instance is None or target.parameters is None:
        return True
    return dict(instance.parameters or {}) == dict(target.parameters)


def _refuse_elsewhere(edges: Edges, row: Row) -> None:
    stands_in = organization.parent(edges.aws, row.account_id or "")
    if stands_in != edges.settings.units[row.ou]:
        raise Refused(
            f"account {row.account_id} ({row}) does not stand in OU {row.ou} but in {stands_in}: nothing is deployed"
        )


def _without_account(item: Item, row: Row) -> Progress:
    if item.step.startswith("remove-"):
        return SETTLED
    raise Refused(f"{row} has no account id yet: request again")
