"""What accounts cost when nothing runs in them: list prices times what the templates hold, as docs/accounts.md says it.

Prices: AWS's public price pages for VPC, KMS and PrivateLink, US East (N. Virginia), early 2026, in US dollars.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

HOURS = 730
"""Of an average month."""
ENDPOINT_HOUR = 0.01
"""An interface endpoint in one Availability Zone."""
NAT_HOUR = 0.045
ADDRESS_HOUR = 0.005
"""A public IPv4 address."""
KEY_MONTH = 1.0

_SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


def counted(kind: str, condition: str | None = None) -> Mapping[str, int]:
    """How many resources of which type a kind's template holds, under one condition if it is given."""
    resources = yaml.safe_load((_SNAPSHOTS / f"{kind}.yaml").read_text())["Resources"].values()
    return Counter(each["Type"] for each in resources if condition in (None, each.get("Condition")))


def endpoint_services() -> tuple[str, ...]:
    """The services that an account's VPC has endpoints for, without the Region."""
    resources = yaml.safe_load((_SNAPSHOTS / "account.yaml").read_text())["Resources"].values()
    names = (each["Properties"]["ServiceName"] for each in resources if each["Type"] == "AWS::EC2::VPCEndpoint")
    return tuple(name["Fn::Sub"].removeprefix("com.amazonaws.${AWS::Region}.") for name in names)


def prices() -> str:
    """The table of prices."""
    rows = [
        ("interface endpoint", f"{ENDPOINT_HOUR} an hour in each Availability Zone"),
        ("NAT gateway", f"{NAT_HOUR} an hour"),
        ("public IPv4 address", f"{ADDRESS_HOUR} an hour"),
        ("customer managed KMS key", f"{KEY_MONTH:.0f} a month; each yearly rotation adds as much, twice at most"),
    ]
    return "\n".join(["| what | price |", "|---|---|", *(f"| {what} | {price} |" for what, price in rows)]) + "\n"


def idle_costs() -> str:
    """The table: each account, the arithmetic, and what it comes to in a month."""
    endpoints = counted("account", "HasEndpoints")["AWS::EC2::VPCEndpoint"]
    keys = {kind: counted(kind)["AWS::KMS::Key"] for kind in ("account", "environment", "tooling", "data-lake")}
    one, two = keys["account"] + keys["environment"], keys["account"] + 2 * keys["environment"]
    governance = counted("bootstrap")["AWS::KMS::Key"] + counted("governance")["AWS::KMS::Key"]
    rows = [
        ("governance", [_keys(governance)]),
        ("tooling", [_keys(keys["tooling"])]),
        ("data lake", [_keys(keys["data-lake"])]),
        ("experimentation", [*_internet(), _keys(one)]),
        ("dev, preprod or prod", [_endpoints(endpoints, 2), _keys(one)]),
        ("two of them in one account", [_endpoints(endpoints, 2), _keys(two)]),
        ("dev, preprod or prod, endpoints in one zone", [_endpoints(endpoints, 1), _keys(one)]),
    ]
    lines = [
        f"| {name} | {' + '.join(each.arithmetic for each in items)} | {sum(each.cost for each in items):.2f} |"
        for name, items in rows
    ]
    return "\n".join(["| account | arithmetic | US dollars a month |", "|---|---|---|", *lines]) + "\n"


@dataclass(frozen=True)
class _Item:
    """One thing on the bill: how it is reckoned, and US dollars a month."""

    arithmetic: str
    cost: float


def _item(cost: float, *factors: str) -> _Item:
    return _Item(" \N{MULTIPLICATION SIGN} ".join(factors), cost)


def _endpoints(number: int, zones: int) -> _Item:
    cost = number * zones * HOURS * ENDPOINT_HOUR
    return _item(cost, f"{number} endpoints", f"{zones} zone{'s' * (zones > 1)}", f"{HOURS} h", str(ENDPOINT_HOUR))


def _internet() -> tuple[_Item, _Item]:
    found = counted("account", "HasInternet")
    gateways, addresses = found["AWS::EC2::NatGateway"], found["AWS::EC2::EIP"]
    return (
        _item(gateways * HOURS * NAT_HOUR, f"{gateways} NAT gateway", f"{HOURS} h", str(NAT_HOUR)),
        _item(addresses * HOURS * ADDRESS_HOUR, f"{addresses} address", f"{HOURS} h", str(ADDRESS_HOUR)),
    )


def _keys(number: int) -> _Item:
    return _item(number * KEY_MONTH, f"{number} key{'s' * (number > 1)}", f"{KEY_MONTH:.0f}")
