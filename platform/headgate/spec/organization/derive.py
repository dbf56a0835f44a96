"""What a declaration leaves unsaid: an account's environments, its part of the team's network, its address."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from headgate.spec.organization.model import ENVIRONMENTS


def environments_of(name: str, account: Mapping[str, Any]) -> tuple[str, ...]:
    """An account's environments from the freest to the strictest; the one it is named after when it says none."""
    declared = account.get("environments") or [name]
    return tuple(each for each in ENVIRONMENTS if each in declared)


def quarter(cidr: str, environment: str) -> str:
    """An environment's quarter of a team's network: always the same, whichever other accounts the team has."""
    return str(list(ipaddress.IPv4Network(cidr).subnets(prefixlen_diff=2))[ENVIRONMENTS.index(environment)])


def cidr_of(name: str, account: Mapping[str, Any], team: Mapping[str, Any]) -> str | None:
    """The network of the VPC that is to be created in an account; None when it brings its own, or has none declared."""
    vpc = account.get("vpc")
    if vpc:
        declared: str | None = vpc.get("cidr")
        return declared
    environments = environments_of(name, account)
    return quarter(team["cidr"], environments[0]) if team.get("cidr") and environments else None


def address_of(pattern: str, account: Mapping[str, Any], name: str) -> str:
    """The address of an account's root user: its own, or by the organization's pattern."""
    declared: str | None = account.get("email")
    return declared or pattern.replace("{account}", name)
