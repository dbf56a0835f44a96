"""Small organizations, and what there is when everything in them is as declared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from headgate.actions.accounts.desired import parameter_values
from headgate.actions.accounts.facts import Facts, StackFacts, resource_digests
from headgate.actions.accounts.plan import DesiredStack
from headgate.control.vending.declaration import Declaration, wanted
from headgate.deploy.prerequisites import OrganizationFacts
from headgate.infra.permissions.document import render
from headgate.infra.permissions.guardrails import guardrails
from headgate.infra.synth import Template
from headgate.spec.organization import Organization, load_organization
from headgate.views.accounts import AccountView, AttachedPolicy, Member, StackInstance

GOVERNANCE, TOOLING, LAKE = "111122223333", "222233334444", "333344445555"
UNITS = {
    name: f"ou-r-{name}"
    for name in ("headgate", "durable", "teams", "experimentation", "dev", "preprod", "prod", "quarantine", "retired")
}
_SERIAL = {"experimentation": 1, "dev": 2, "preprod": 3, "prod": 4, "nonprod": 5}


def declare(folder: Path, *, identity: str | None = None, **changes: Any) -> Organization:
    """An organization with the team churn, which has an account for dev and one for prod; `changes` are of the team."""
    churn = {
        "owners": ["owner@example.com", "lead@example.com"],
        "approvers": {"prod": ["risk@example.com"]},
        "cost_centre": "4711",
        "budget": 100,
        "data_sets": ["sales"],
        "cidr": "10.20.0.0/18",
        "accounts": {"dev": {}, "prod": {}},
    } | changes
    document = {
        "name": "example",
        "region": "eu-west-1",
        "email": "aws+{account}@example.com",
        "identity": identity,
        "accounts": {"governance": {"id": GOVERNANCE}, "tooling": {}, "data-lake": {}},
        "data_sets": {"sales": {}},
        "teams": {"churn": churn},
    }
    file = folder / "organization.yaml"
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return load_organization(file)


def account_id(team: str, name: str) -> str:
    return f"{7 if team == 'churn' else 8}{_SERIAL.get(name, 9)}".ljust(12, "0")


def template(folder: Path, **resources: Any) -> Template:
    file = folder / "governance.template.json"
    file.write_text(json.dumps({"Resources": resources}))
    return Template("governance", file, "d" * 64, {})


def stack(folder: Path, parameters: dict[str, str] | None = None, **resources: Any) -> DesiredStack:
    made = template(folder, **(resources or {"Key": {"Type": "AWS::KMS::Key"}}))
    return DesiredStack("headgate-governance", made, {"Region": "eu-west-1"} if parameters is None else parameters)


def rows(organization: Organization, **changes: Any) -> tuple[AccountView, ...]:
    """The catalog when every account is active as declared; `changes` are made to every row."""
    declaration = Declaration(organization.digest, organization.as_json())
    return tuple(
        replace(
            AccountView(
                team=team,
                name=account.name,
                state="active",
                account_id=account_id(team, account.name),
                environments=account.environments,
                email=account.email,
                unit=account.ou,
                region=account.region,
                parameters={"account": account.account_parameters, **account.environment_parameters},
            ),
            **changes,
        )
        for team in organization.teams
        for account in wanted(declaration, team)
    )


def deployed_with(organization: Organization) -> dict[str, str]:
    """The parameters of the governance stack that guardrails are made with, among others."""
    return parameter_values(organization, OrganizationFacts("o-abcdefghij", "r-abcd"), {})


def as_declared(organization: Organization, *stacks: DesiredStack, accounts: tuple[AccountView, ...] = ()) -> Facts:
    """Facts of which a plan has nothing to say."""
    accounts = accounts or rows(organization)
    given = deployed_with(organization)
    lists = {name: given[name].split(",") for name in ("ApprovedRegions", "ApprovedInstanceTypes")}
    values: dict[str, str | list[str]] = {**given, **lists, "AWS::Partition": "aws"}
    members = {
        GOVERNANCE: Member(GOVERNANCE, "root@example.com", "ACTIVE", "-"),
        TOOLING: Member(TOOLING, "aws+tooling@example.com", "ACTIVE", "durable"),
        LAKE: Member(LAKE, "AWS+data-lake@example.com", "ACTIVE", "durable"),
    }
    for row in accounts:
        if row.account_id:
            unit = {"quarantined": "quarantine", "retired": "retired"}.get(row.state, row.unit.lower())
            members[row.account_id] = Member(row.account_id, row.email, "ACTIVE", unit)
    return Facts(
        organization=OrganizationFacts("o-abcdefghij", "r-abcd"),
        stacks={
            each.name: StackFacts("UPDATE_COMPLETE", each.parameters, resource_digests(each.template.body))
            for each in stacks
        },
        members=members,
        units=UNITS,
        policies={
            each.name: AttachedPolicy(
                each.name,
                f"p-{each.name}",
                frozenset(UNITS[unit.lower()] for unit in each.units),
                json.dumps(render(each.document, values)),
            )
            for each in guardrails()
        },
        instances=tuple(
            StackInstance(name, row.account_id or "", "CURRENT")
            for row in accounts
            for name in ("headgate-guard", "headgate-account", *(f"headgate-environment-{e}" for e in row.environments))
        ),
        accounts=accounts,
        declaration=organization.digest,
    )
