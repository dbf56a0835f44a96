"""The roles of vending: the launch role, the state machine, a role for each function, and its hand in accounts."""

from __future__ import annotations

from headgate.control.aws import Where
from headgate.control.vending.calls import CALLS, accounts_reached
from headgate.infra.permissions import resources, trust
from headgate.infra.permissions.calls import needed
from headgate.infra.permissions.capabilities import platform
from headgate.infra.permissions.capabilities.model import Capability
from headgate.infra.permissions.cloudformation import products
from headgate.infra.permissions.document import Document, Purpose, Statement
from headgate.infra.permissions.places import Kind
from headgate.infra.permissions.roles import Role, in_account

_PLACE = "governance"
MEMBER_ROLE = "headgate-vending"
_ENTERING = tuple(sorted(handler for handler in CALLS if accounts_reached(handler)))
"""Functions that work in other accounts too."""


def function_role(handler: str) -> str:
    """The name of a function's role, which is the function's own."""
    return f"headgate-vending-{handler}"


def roles_of_vending() -> tuple[Role, ...]:
    """In governance, and `headgate-vending` in every other account."""
    return (
        in_account(
            "launch",
            Kind.GOVERNANCE,
            _PLACE,
            "what Service Catalog launches products as",
            trust.service("launch", "servicecatalog.amazonaws.com"),
            (platform.LAUNCH, products()),
            name="headgate-launch",
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
        *(_function(handler) for handler in CALLS),
        _member(),
    )


def _function(handler: str) -> Role:
    calls = [call for call in CALLS[handler] if call.where is Where.HOME]
    own = Capability(f"call AWS as {handler}", f"what vending's function {handler} calls, no more", needed(calls))
    entering = (platform.ENTER_MEMBERS,) if handler in _ENTERING else ()
    return in_account(
        f"vending-{handler}",
        Kind.GOVERNANCE,
        _PLACE,
        f"vending's function {handler}",
        trust.service(f"vending-{handler}", "lambda.amazonaws.com"),
        (own, *entering, platform.WRITE_FUNCTION_LOGS),
        name=function_role(handler),
    )


def _member() -> Role:
    """The one role that vending enters accounts as; what is meant for tooling or the data lake works only there."""
    name = "vending"
    only_functions = Statement(
        "VendingOfGovernance",
        ("sts:AssumeRole",),
        (),
        {
            "ArnEquals": {
                "aws:PrincipalArn": tuple(
                    resources.role(function_role(handler), account=resources.GOVERNANCE) for handler in _ENTERING
                )
            }
        },
        principals={"AWS": f"arn:{resources.PARTITION}:iam::{resources.GOVERNANCE}:root"},
    )
    calls = {call for each in CALLS.values() for call in each if call.where is not Where.HOME}
    does = Capability(
        "work in member accounts",
        "grant data sets, and see whether anything lives that retiring would lose",
        tuple(each for each in needed(calls) if each.sid != "UseKeys"),
    )
    return in_account(
        name,
        Kind.GUARD,
        "account",
        "vending's hand in an account",
        Document(f"{name}/trust", Purpose.TRUST, (only_functions,)),
        (does,),
        name=MEMBER_ROLE,
    )
