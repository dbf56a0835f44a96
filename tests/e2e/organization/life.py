"""What the life of accounts is seen by: the command that changes them, and looks into accounts as somebody."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from e2e.conftest import Cli
from e2e.organization.callers import REGION, Callers
from e2e.organization.hosting import HostedCloud
from e2e.organization.names import accounts_of

PLACES = {
    "churn-lab": "experimentation",
    "churn-dev": "dev",
    "churn-preprod": "preprod",
    "churn-prod": "prod",
    "pricing-nonprod": "experimentation",
    "pricing-live": "prod",
    "gone-dev": "preprod",
}
"""Every kind of account, those that environments share among them, with an environment in which to look on."""


@dataclass
class Life:
    """The organization, the command that runs it, and everybody in it."""

    cloud: HostedCloud
    cli: Cli

    @cached_property
    def accounts(self) -> Mapping[str, str]:
        return accounts_of(self.cloud)

    @cached_property
    def callers(self) -> Callers:
        return Callers(self.cloud, self.accounts)

    def grown(self) -> None:
        """Look for accounts again: there are new ones."""
        for name in ("accounts", "callers"):
            self.__dict__.pop(name, None)

    def as_(self, who: str, service: str, region: str = REGION, vpc: str = "") -> Any:
        return self.callers.client(who, service, region, {"aws:SourceVpc": vpc} if vpc else None)

    def auditor(self, account: str, service: str) -> Any:
        return self.as_(f"headgate-{PLACES[account]}-auditor@{account}", service)

    def history(self, who: str, region: str) -> list[dict[str, Any]]:
        """An account's CloudTrail history, the oldest first."""
        pages = self.as_(who, "cloudtrail", region).get_paginator("lookup_events").paginate()
        return [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]][::-1]

    def states(self, *arguments: str) -> dict[str, str]:
        return {view["name"]: view["state"] for view in self.cli.json("accounts", *arguments)}

    def declare(self, change: Mapping[str, Any]) -> None:
        """Change teams in organization.yaml, and apply it."""
        file = self.cli.folder / "accounts" / "organization.yaml"
        declared = yaml.safe_load(file.read_text())
        for team, settings in change.items():
            declared["teams"].setdefault(team, {}).update(settings)
        file.write_text(yaml.safe_dump(declared, sort_keys=False))
        self.cli.ok("accounts", "apply", "--yes")

    def operations(self) -> list[str]:
        """Every operation of every StackSet so far."""
        client = self.as_("root@governance", "cloudformation")
        names = [each["StackSetName"] for each in client.list_stack_sets(Status="ACTIVE")["Summaries"]]
        return [
            operation["OperationId"]
            for name in names
            for page in client.get_paginator("list_stack_set_operations").paginate(StackSetName=name)
            for operation in page["Summaries"]
        ]

    def instances(self, account: str) -> list[str]:
        """The StackSets that have a stack in an account."""
        client = self.as_("root@governance", "cloudformation")
        names = [each["StackSetName"] for each in client.list_stack_sets(Status="ACTIVE")["Summaries"]]
        return [
            name
            for name in names
            if client.list_stack_instances(StackSetName=name, StackInstanceAccount=self.accounts[account])["Summaries"]
        ]

    def unit_of(self, account: str) -> str:
        client = self.as_("root@governance", "organizations")
        (parent,) = client.list_parents(ChildId=self.accounts[account])["Parents"]
        name: str = client.describe_organizational_unit(OrganizationalUnitId=parent["Id"])["OrganizationalUnit"]["Name"]
        return name

    def network(self, account: str) -> dict[str, str]:
        """An account's VPC, subnets and security groups, by the last part of the parameters that hold them."""
        ssm = self.as_(f"stacksets-exec-x@{account}", "ssm")
        found = ssm.get_parameters_by_path(Path="/headgate/account")["Parameters"]
        return {each["Name"].rpartition("/")[2]: each["Value"] for each in found}

    @property
    def image(self) -> str:
        return f"{self.accounts['tooling']}.dkr.ecr.{REGION}.amazonaws.com/headgate/churn/forecast:1"
