"""What of an account stays as it is once it is there: its Region, its environments, its network. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from headgate.control.vending.values import Wanted

NETWORK = ("VpcCidr", "VpcId", "SubnetIds", "SecurityGroupIds")
"""The parameters of the account's stack that its environments' stacks import: CloudFormation changes no such thing."""


class There(Protocol):
    """An account as the catalog has it."""

    @property
    def environments(self) -> tuple[str, ...]: ...

    @property
    def region(self) -> str: ...

    @property
    def parameters(self) -> Mapping[str, Mapping[str, str]]: ...


def refusal(there: There, wanted: Wanted, *, is_complete: bool) -> str:
    """Why an account cannot become what is wanted, empty when it can.

    Until it `is_complete`, a network that could not be made may still be declared otherwise.
    """
    dropped = [name for name in there.environments if name not in wanted.environments]
    if dropped:
        return (
            f"holds {', '.join(dropped)}, which the declaration no longer puts there: declare it there again, or "
            "retire the account first"
        )
    if there.region != wanted.region:
        return f"is in {there.region}, and does not move to {wanted.region}: retire the account first"
    before, after = (
        ", ".join(filter(None, (given.get(name, "") for name in NETWORK)))
        for given in (there.parameters.get("account", {}), wanted.account_parameters)
    )
    if is_complete and before and before != after:
        return (
            f"has the network {before}, which its environments use: it does not become {after}; declare the network "
            "that it has, or an account of another name"
        )
    return ""
