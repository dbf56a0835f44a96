"""What a schema cannot say of an organization: which names must exist, who must differ, what must not overlap."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from headgate.spec.document import Node, child, find, plain
from headgate.spec.organization.derive import address_of, cidr_of, environments_of
from headgate.spec.organization.model import APPROVED_ENVIRONMENTS, DURABLE, ENVIRONMENTS
from headgate.spec.problems import Problem
from headgate.spec.suggest import did_you_mean

_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))
_VPC_PREFIXES = range(16, 25)
"""Amazon VPC allows /16 to /28; below /24 the endpoints and jobs of two Availability Zones have no room."""

_ALL: Mapping[str, Mapping[str, Any]] = {"experimentation": {}, "dev": {}, "preprod": {}, "prod": {}}


def broken_rules(node: Node) -> list[Problem]:
    """Everything that is wrong with a declaration that fits its schema."""
    document = plain(node)
    teams = {name: _Team(name, team, find(node, ["teams", name])) for name, team in document["teams"].items()}
    problems = [*_regions(node, document), *_account_ids(node, document, teams), *_addresses(node, document, teams)]
    problems += _names(teams)
    for team in teams.values():
        problems += [*_people(team), *_environments(team), *_data_sets(team, document)]
    networks = [network for team in teams.values() for network in _networks(team, problems)]
    return problems + list(_overlaps(networks))


@dataclass(frozen=True, slots=True)
class _Team:
    name: str
    value: Mapping[str, Any]
    node: Node

    @property
    def path(self) -> str:
        return f"teams.{self.name}"

    @property
    def accounts(self) -> Mapping[str, Mapping[str, Any]]:
        declared = self.value.get("accounts", _ALL)
        return {name: account or {} for name, account in declared.items()}

    def at(self, *path: str | int) -> Node:
        return find(self.node, path)


@dataclass(frozen=True, slots=True)
class _Network:
    cidr: ipaddress.IPv4Network
    owner: str
    node: Node


def _problem(node: Node, path: str, message: str, allowed: str, hint: str = "") -> Problem:
    return Problem(node.where, f"{path}: {message}", allowed, hint, path)


def _names(teams: Mapping[str, _Team]) -> Iterator[Problem]:
    """Roles, buckets and units are called after a team or a durable account: one name must not mean both."""
    for name in DURABLE:
        if name in teams:
            where = teams[name].node
            yield Problem(
                where.key or where.where,
                f"teams.{name}: '{name}' is a durable account, and no team",
                "another name",
                path=f"teams.{name}",
            )


def _regions(node: Node, document: Mapping[str, Any]) -> Iterator[Problem]:
    allowed = (document.get("guardrails") or {}).get("regions") or [document["region"]]
    text = ", ".join(allowed)
    if document["region"] not in allowed:
        yield _problem(
            find(node, ["region"]),
            "region",
            f"the guardrail forbids the home Region {document['region']}",
            f"one of guardrails.regions: {text}",
        )
    for name, team in document["teams"].items():
        region = team.get("region", document["region"])
        if "region" in team and region not in allowed:
            yield _problem(
                find(node, ["teams", name, "region"]),
                f"teams.{name}.region",
                f"the guardrail forbids {region}",
                f"one of guardrails.regions: {text}",
                did_you_mean(region, allowed),
            )


def _account_ids(node: Node, document: Mapping[str, Any], teams: Mapping[str, _Team]) -> Iterator[Problem]:
    paths: list[tuple[str, ...]] = [("accounts", name, "id") for name in document["accounts"]]
    paths += [("teams", team.name, "accounts", name, "id") for team in teams.values() for name in team.accounts]
    seen: dict[str, str] = {}
    for path in paths:
        found = find(node, path)
        if child(find(node, path[:-1]), "id") is None or not isinstance(found.value, str):
            continue
        dotted = ".".join(path)
        if found.value in seen:
            yield _problem(
                found, dotted, f"account {found.value} is declared already as {seen[found.value]}", "each account once"
            )
        seen.setdefault(found.value, dotted)


def _addresses(node: Node, document: Mapping[str, Any], teams: Mapping[str, _Team]) -> Iterator[Problem]:
    pattern = document["email"]
    declared: list[tuple[tuple[str, ...], str]] = [
        (("accounts", name), address_of(pattern, document["accounts"].get(name) or {}, name))
        for name in ("tooling", "data-lake")
    ]
    for team in teams.values():
        for name, account in team.accounts.items():
            address = address_of(pattern, account, f"{team.name}-{name}")
            declared.append((("teams", team.name, "accounts", name), address))
    seen: dict[str, str] = {}
    for path, address in declared:
        dotted = ".".join(path)
        if address.lower() in seen:
            yield _problem(
                find(node, path),
                dotted,
                f"its address {address} is also that of {seen[address.lower()]}",
                "an address of its own (email): AWS allows each address once",
            )
        seen.setdefault(address.lower(), dotted)


def _people(team: _Team) -> Iterator[Problem]:
    owners, approvers = team.value["owners"], team.value["approvers"]
    for environment, people in approvers.items():
        if len(owners) == 1 and owners[0] in people:
            yield _problem(
                team.at("approvers", environment),
                f"{team.path}.approvers.{environment}",
                f"{owners[0]} is the team's only owner, and would approve what is theirs",
                "another approver, or a second owner",
            )
    existing = {each for name, account in team.accounts.items() for each in environments_of(name, account)}
    for environment in APPROVED_ENVIRONMENTS:
        if environment in existing and environment not in approvers:
            yield _problem(
                team.at("approvers"),
                f"{team.path}.approvers",
                f"nobody approves for {environment}",
                f"{environment}: [SOMEBODY@EXAMPLE.COM]",
            )
        if environment in approvers and environment not in existing:
            yield _problem(
                team.at("approvers", environment),
                f"{team.path}.approvers.{environment}",
                f"the team has no environment '{environment}'",
                ", ".join(each for each in APPROVED_ENVIRONMENTS if each in existing) or "no approvers",
            )


def _environments(team: _Team) -> Iterator[Problem]:
    where: dict[str, str] = {}
    for name, account in team.accounts.items():
        node, path = team.at("accounts", name), f"{team.path}.accounts.{name}"
        environments = environments_of(name, account)
        if not environments:
            yield _problem(
                node,
                path,
                f"'{name}' is no environment, and it says none",
                f"environments: [...] of {', '.join(ENVIRONMENTS)}",
                did_you_mean(name, ENVIRONMENTS),
            )
        for environment in environments:
            if environment in where:
                message = f"environment '{environment}' is in account '{where[environment]}' already"
                yield _problem(node, path, message, "each environment in one account")
            where.setdefault(environment, name)
        if "id" in (account.get("vpc") or {}) and "id" not in account:
            yield _problem(
                team.at("accounts", name, "vpc"),
                f"{path}.vpc",
                "a VPC that is there needs an account that is there",
                "the account's id beside it, or a VPC to create (cidr)",
            )
        if "endpoint_zones" in account and (why := _no_endpoints(account, environments)):
            yield _problem(
                team.at("accounts", name, "endpoint_zones"),
                f"{path}.endpoint_zones",
                f"no interface endpoint is made in it: {why}",
                "no endpoint_zones",
            )


def _no_endpoints(account: Mapping[str, Any], environments: tuple[str, ...]) -> str:
    """Why an account has no interface endpoints of Headgate's; empty when it has."""
    if "id" in (account.get("vpc") or {}):
        return "its VPC is brought, with whatever endpoints that has"
    return "it reaches AWS through a NAT gateway" if environments == ("experimentation",) else ""


def _data_sets(team: _Team, document: Mapping[str, Any]) -> Iterator[Problem]:
    known = list(document.get("data_sets") or {})
    for index, name in enumerate(team.value.get("data_sets") or ()):
        if name not in known:
            path = f"{team.path}.data_sets"
            yield _problem(
                team.at("data_sets", index),
                path,
                f"unknown data set '{name}'",
                ", ".join(known) or "none: data_sets is empty",
                did_you_mean(name, known),
            )


def _networks(team: _Team, problems: list[Problem]) -> Iterator[_Network]:
    """The networks to create; what is wrong with one is added to the problems."""
    if team.value.get("cidr"):
        wrong = _wrong_network(team.value["cidr"], 2)
        if wrong:
            problems.append(_problem(team.at("cidr"), f"{team.path}.cidr", *wrong))
            return
    for name, account in team.accounts.items():
        path = f"{team.path}.accounts.{name}"
        declared = (account.get("vpc") or {}).get("cidr")
        node = team.at("accounts", name, "vpc", "cidr") if declared else team.at("cidr")
        wrong = _wrong_network(declared, 0) if declared else None
        if wrong:
            problems.append(_problem(node, f"{path}.vpc.cidr", *wrong))
            continue
        cidr = cidr_of(name, account, team.value)
        if cidr is not None:
            yield _Network(ipaddress.IPv4Network(cidr), path, node)
        elif not account.get("vpc") and environments_of(name, account):
            message = "nothing says which network its VPC is to have"
            problems.append(
                _problem(team.at("accounts", name), path, message, f"{team.path}.cidr, or a vpc of its own")
            )


def _wrong_network(cidr: str, split: int) -> tuple[str, str] | None:
    """What is wrong with a network that is to be split into 2**split VPCs, and what would be right."""
    low, high = _VPC_PREFIXES.start - split, _VPC_PREFIXES.stop - 1 - split
    allowed = f"a private network of /{low} to /{high}, such as 10.20.0.0/{low + 4}"
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        return str(error).lower(), allowed
    if not low <= network.prefixlen <= high:
        return f"/{network.prefixlen} is too {'large' if network.prefixlen < low else 'small'}", allowed
    if not any(network.subnet_of(private) for private in _PRIVATE):
        return f"{network} is not a private network", allowed
    return None


def _overlaps(networks: list[_Network]) -> Iterator[Problem]:
    """Sorted by address, a network overlaps an earlier one exactly if it overlaps the widest-reaching one before it."""
    reaching: _Network | None = None
    for network in sorted(networks, key=lambda each: (each.cidr.network_address, each.cidr.prefixlen)):
        if reaching is not None and network.cidr.overlaps(reaching.cidr):
            yield _problem(
                network.node,
                network.owner,
                f"its network {network.cidr} overlaps {reaching.cidr} of {reaching.owner}",
                "a network of its own",
            )
        if reaching is None or network.cidr.broadcast_address > reaching.cidr.broadcast_address:
            reaching = network
