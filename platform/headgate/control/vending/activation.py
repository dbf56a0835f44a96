"""Everything is looked at once more, and only an account of which all of it is true becomes active."""

from __future__ import annotations

from dataclasses import dataclass, replace

from headgate.control.errors import Refused
from headgate.control.vending import catalog, deployment, organization, stacksets
from headgate.control.vending.edges import Edges
from headgate.control.vending.settings import Settings
from headgate.control.vending.stacksets import Instance, Target
from headgate.control.vending.steps import SETTLED, Progress
from headgate.control.vending.values import Item, Row, State


@dataclass(frozen=True, slots=True)
class Facts:
    """Where an account stands, what guards it there, and its stack instances, the guard's among them."""

    parent: str
    missing_guardrails: tuple[str, ...]
    instances: tuple[tuple[Target, Instance | None], ...]


def activate(edges: Edges, item: Item, row: Row) -> Progress:
    """Write that the account is active; raises Refused with everything that is not as it should be."""
    facts = gather(edges, item, row)
    after = decide(facts, row, edges.settings)
    if after != row:
        catalog.write(edges.aws, edges.settings, item.work, row, after, edges.now)
    return SETTLED


def gather(edges: Edges, item: Item, row: Row) -> Facts:
    """The facts as they are now, whatever earlier steps have seen."""
    wanted = tuple(
        target
        for kind in ("guard", "account", "environments")
        for target in deployment.targets(replace(item, step=kind), row, edges.settings)
    )
    return Facts(
        organization.parent(edges.aws, row.account_id or ""),
        organization.missing_guardrails(edges.aws, edges.settings, row.ou),
        tuple((target, stacksets.instance(edges.aws, target)) for target in wanted),
    )


def decide(facts: Facts, row: Row, settings: Settings) -> Row:
    """The item of the account when it is active; raises Refused when it may not be."""
    wrong = [
        f"{target} is {instance.status.lower() if instance else 'missing'}"
        for target, instance in facts.instances
        if instance is None or instance.status != "CURRENT"
    ]
    if facts.parent != settings.units[row.ou]:
        wrong.append(f"it does not stand in OU {row.ou} but in {facts.parent}")
    if facts.missing_guardrails:
        wrong.append(f"OU {row.ou} lacks the guardrails {', '.join(facts.missing_guardrails)}")
    if row.state not in (State.PROVISIONING, State.ACTIVE):
        wrong.append(f"it is {row.state}")
    if wrong:
        raise Refused(f"{row} is not active: {'; '.join(wrong)}; request again")
    return replace(row, state=State.ACTIVE, reason="")
