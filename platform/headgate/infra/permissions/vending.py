"""The roles of vending: the product's launch role, the state machine, its functions, and their hand in accounts."""

from __future__ import annotations

from headgate.infra.permissions import resources, trust
from headgate.infra.permissions.capabilities import oversight, platform
from headgate.infra.permissions.document import Document, Purpose, Statement
from headgate.infra.permissions.places import Kind
from headgate.infra.permissions.roles import Role, in_account

_PLACE = "governance"
MEMBER_ROLE = "headgate-vending"
STEPS_ROLE = "headgate-vending-steps"


def roles_of_vending() -> tuple[Role, ...]:
    """In governance, and `headgate-vending` in every other account."""
    return (
        in_account(
            "launch",
            Kind.GOVERNANCE,
            _PLACE,
            "what Service Catalog launches products as",
            trust.service("launch", "servicecatalog.amazonaws.com"),
            (platform.LAUNCH,),
            name="headgate-launch",
        ),
        in_account(
            "vending-start",
            Kind.GOVERNANCE,
            _PLACE,
            "the function behind Custom::AccountSet: starts the state machine",
            trust.service("vending-start", "lambda.amazonaws.com"),
            (platform.START_VENDING, platform.WRITE_FUNCTION_LOGS),
            name="headgate-vending-start",
        ),
        in_account(
            "vending-steps",
            Kind.GOVERNANCE,
            _PLACE,
            "the functions that the state machine calls",
            trust.service("vending-steps", "lambda.amazonaws.com"),
            (
                platform.KEEP_CATALOG,
                platform.CREATE_ACCOUNTS,
                platform.CLOSE_ACCOUNTS,
                platform.VEND_STACKS,
                platform.ENTER_MEMBERS,
                platform.WRITE_FUNCTION_LOGS,
            ),
            name=STEPS_ROLE,
        ),
        in_account(
            "vending-machine",
            Kind.GOVERNANCE,
            _PLACE,
            "the vending state machine",
            trust.service("vending-machine", "states.amazonaws.com"),
            (platform.RUN_VENDING, platform.LOG_MACHINE),
            name="headgate-vending-machine",
        ),
        in_account(
            "events",
            Kind.GOVERNANCE,
            _PLACE,
            "what EventBridge and its scheduler deliver as in governance",
            trust.service("events/governance", "events.amazonaws.com", "scheduler.amazonaws.com"),
            (platform.START_VENDING, platform.RUN_VENDING),
        ),
        _member(),
    )


def _member() -> Role:
    """The one role that vending enters accounts as; ARNs of tooling and data lake match only there."""
    name = "vending"
    only_steps = Statement(
        "VendingOfGovernance",
        ("sts:AssumeRole",),
        (),
        {"ArnEquals": {"aws:PrincipalArn": resources.role(STEPS_ROLE, account=resources.GOVERNANCE)}},
        principals={"AWS": f"arn:{resources.PARTITION}:iam::{resources.GOVERNANCE}:root"},
    )
    return in_account(
        name,
        Kind.GUARD,
        "account",
        "vending's hand in an account",
        Document(f"{name}/trust", Purpose.TRUST, (only_steps,)),
        (platform.VERIFY, platform.GRANT_LAKE, platform.CREATE_PROJECTS, oversight.READ_COSTS),
        name=MEMBER_ROLE,
    )
