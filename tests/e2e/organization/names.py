"""The table's made-up names (account ids, keys, subnets, …), and what they are called in the organization as built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from e2e.organization.callers import REGION, Callers
from e2e.organization.hosting import HostedCloud
from headgate.localcloud.cloudformation.stacksets.roles import service_managed_role
from headgate.views.accounts import read_catalog
from unit.infra.permissions.world import ENVIRONMENTS, IDS, ORGANIZATION

_KEY = re.compile(r"arn:aws:kms:(?P<region>[^:]+):(?P<account>\d{12}):key/(?P<place>[a-z-]+)(?![\w-])")
_SETTINGS = (("subnet-1", "subnet-ids"), ("sg-1", "security-group-ids"), ("vpc", "vpc-id"))
_WORD = re.compile(r"stacksets-exec-0123456789abcdef|StackSet-headgate-guard-0123|\b(?:subnet-1|sg-1)\b")
_VPC = re.compile(r"vpc-(?P<account>churn-\w+|pricing-\w+|gone-dev)")


def accounts_of(cloud: HostedCloud) -> Mapping[str, str]:
    """Ids of accounts by the names that the table has for them."""
    governance = IDS["governance"]
    session = cloud.session(governance, REGION)
    found = {f"{view.team}-{view.name}": view.account_id or "" for view in read_catalog(session.client("dynamodb"))}
    pages = session.client("organizations").get_paginator("list_accounts").paginate()
    members = {member["Name"]: member["Id"] for page in pages for member in page["Accounts"]}
    durable = {name: members[name] for name in ("tooling", "data-lake")}
    return {**found, **durable, "governance": governance, "identity": governance, "stranger": IDS["stranger"]}


@dataclass(frozen=True)
class Names:
    """Puts real names where the table's stand. `places` are network and stack names, by account and word."""

    accounts: Mapping[str, str]
    organization: str
    keys: Mapping[tuple[str, str], str]
    places: Mapping[tuple[str, str], str]

    def real(self, account: str, value: Any) -> Any:
        """A row's parameters as `account` (the caller's, by name) has to send them."""
        if isinstance(value, Mapping):
            return {key: self.real(account, each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.real(account, each) for each in value]
        return self._text(account, value) if isinstance(value, str) else value

    def _text(self, account: str, text: str) -> str:
        for name, made_up in IDS.items():
            text = text.replace(made_up, self.accounts[name])
        text = text.replace(ORGANIZATION, self.organization)
        text = _WORD.sub(lambda found: self.places.get((account, found[0]), found[0]), text)
        text = _VPC.sub(lambda found: self.places[found["account"], "vpc"], text)
        return _KEY.sub(lambda found: self.keys.get((found["account"], found["place"]), found[0]), text)


def names_of(cloud: HostedCloud, callers: Callers, accounts: Mapping[str, str]) -> Names:
    """Looked up by those who may look: StackSets' role in each account."""
    session = cloud.session(accounts["governance"], REGION)
    organization = session.client("organizations").describe_organization()["Organization"]["Id"]
    keys: dict[tuple[str, str], str] = {}
    places: dict[tuple[str, str], str] = {}
    for account in (*ENVIRONMENTS, "tooling", "data-lake"):
        administrator = f"stacksets-exec-x@{account}"
        number = accounts[account]
        aliases = callers.client(administrator, "kms").list_aliases()["Aliases"]
        for alias in aliases:
            if alias["AliasName"].startswith("alias/headgate-"):
                place = alias["AliasName"].removeprefix("alias/headgate-")
                keys[number, place] = f"arn:aws:kms:{REGION}:{number}:key/{alias['TargetKeyId']}"
        places[account, "stacksets-exec-0123456789abcdef"] = service_managed_role(accounts["governance"])
        stacks = callers.client(administrator, "cloudformation").describe_stacks()["Stacks"]
        places[account, "StackSet-headgate-guard-0123"] = next(
            stack["StackName"] for stack in stacks if stack["StackName"].startswith("StackSet-headgate-guard-")
        )
        if account in ENVIRONMENTS:
            ssm = callers.client(administrator, "ssm")
            for word, name in _SETTINGS:
                value = ssm.get_parameter(Name=f"/headgate/account/{name}")["Parameter"]["Value"]
                places[account, word] = value.split(",")[0]
    return Names(accounts, organization, keys, places)
