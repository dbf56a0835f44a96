"""What guardrails are made of: denials, and the principals that they leave out."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.document import Conditions, Statement
from headgate.infra.permissions.places import PROJECT_PATH


def anywhere(arn: str) -> str:
    """An ARN pattern for any account, Region and environment."""
    return arn.replace(resources.ACCOUNT, "*").replace(resources.REGION, "*").replace(resources.HERE, "*")


STACK_SETS = anywhere(resources.STACK_SET_ROLES)
"""What StackSets act as in an account; only their service-linked role can create one."""
VENDING = anywhere(resources.VENDING_ROLE)
MACHINES = (
    *(
        anywhere(resources.role(f"headgate-*-{each}"))
        for each in ("cloudformation", "deployer", "events", "execution", "promotion")
    ),
    anywhere(resources.role("*", path=PROJECT_PATH)),
)
AUDITORS = anywhere(resources.role("headgate-*-auditor"))


def deny(sid: str, actions: tuple[str, ...], conditions: Conditions | None = None, *on: str) -> Statement:
    """These actions are denied, on everything unless resources are given."""
    return Statement(sid, actions, on or ("*",), conditions or {}, effect="Deny")


def deny_all_but(sid: str, actions: tuple[str, ...], conditions: Conditions) -> Statement:
    """Every action that is not one of these is denied."""
    return Statement(sid, conditions=conditions, effect="Deny", not_actions=actions)


def unless(*principals: str) -> Conditions:
    """The principal is none of these."""
    return {"ArnNotLike": {"aws:PrincipalArn": principals if len(principals) > 1 else principals[0]}}
