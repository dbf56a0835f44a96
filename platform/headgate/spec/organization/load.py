"""From organization.yaml to an `Organization`: read, check against the schema, check the rules, build."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headgate.errors import UserError
from headgate.spec.check import check
from headgate.spec.document import Node, plain, read
from headgate.spec.organization.derive import address_of, cidr_of, environments_of
from headgate.spec.organization.model import (
    AccountDeclaration,
    BroughtVpc,
    CreatedVpc,
    DataSet,
    DurableAccount,
    Guardrails,
    Organization,
    Retention,
    Team,
)
from headgate.spec.organization.rules import broken_rules
from headgate.spec.problems import SpecError
from headgate.spec.schema import fill_defaults

ORGANIZATION_FILE = "organization.yaml"
ORGANIZATION_PATH = f"accounts/{ORGANIZATION_FILE}"
_NEXT = "headgate schema --organization"


@functools.cache
def _schema_text() -> str:
    return (Path(__file__).parent / "organization.schema.json").read_text(encoding="utf-8")


def organization_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of organization.yaml: a new copy."""
    schema: dict[str, Any] = json.loads(_schema_text())
    return schema


def find_organization(start: Path) -> Path | None:
    """organization.yaml at `start` (which may be the file), or in it or its `accounts/`, or in a folder above."""
    start = start.absolute()
    if start.is_file():
        return start
    for folder in (start, *start.parents):
        for name in (ORGANIZATION_FILE, ORGANIZATION_PATH):
            if (folder / name).is_file():
                return folder / name
    return None


def folder_of(file: Path) -> Path:
    """The folder that an organization's local cloud belongs to: the one above `accounts/`, or the file's own."""
    return file.parent.parent if file.parent.name == "accounts" else file.parent


def load_organization(start: Path) -> Organization:
    """Read the organization at or above a folder, or from a file.

    Raises UserError when there is none, SpecError with everything that is wrong with it.
    """
    file = find_organization(start)
    if file is None:
        raise UserError(
            f"no {ORGANIZATION_FILE} in {start.absolute()} or any folder above it",
            expected=f"{ORGANIZATION_PATH}; give another with --organization FILE",
            next_command=_NEXT,
        )
    here = Path.cwd()
    try:
        node = read(file, str(file.relative_to(here)) if file.is_relative_to(here) else str(file))
    except SpecError as error:
        raise SpecError(error.problems, next_command=_NEXT) from error
    problems = check(node, organization_schema(), root=file.parent)
    if not problems:
        problems = broken_rules(node)
    if problems:
        raise SpecError(problems, next_command=_NEXT)
    return _build(node, file)


def _build(node: Node, file: Path) -> Organization:
    value = fill_defaults(_without_nulls(plain(node)), organization_schema())
    email = value["email"]
    governance = value["accounts"]["governance"]["id"]
    durable = {"governance": DurableAccount("governance", account_id=governance)}
    for name in ("tooling", "data-lake"):
        declared = value["accounts"].get(name) or {}
        durable[name] = DurableAccount(name, address_of(email, declared, name), declared.get("id"))
    guardrails = value["guardrails"]
    return Organization(
        name=value["name"],
        region=value["region"],
        email_pattern=email,
        durable=durable,
        guardrails=Guardrails(
            tuple(guardrails.get("regions") or [value["region"]]),
            tuple(guardrails["instance_types"]),
            guardrails["network_isolation"],
        ),
        data_sets={name: DataSet(name, each.get("description", "")) for name, each in value["data_sets"].items()},
        teams={name: _team(name, team, value) for name, team in value["teams"].items()},
        identity_account_id=value["identity"] or governance,
        retention=_retention(value),
        close_retired_accounts=value["close_retired_accounts"],
        file=file,
    )


def _team(name: str, team: Mapping[str, Any], organization: Mapping[str, Any]) -> Team:
    return Team(
        name=name,
        owners=tuple(team["owners"]),
        approvers={environment: tuple(people) for environment, people in team["approvers"].items()},
        cost_centre=team["cost_centre"],
        budget_usd=float(team["budget"]),
        region=team.get("region") or organization["region"],
        data_sets=tuple(team["data_sets"]),
        accounts={each: _account(each, value, name, team, organization) for each, value in team["accounts"].items()},
        retention=_retention(team),
    )


def _retention(value: Mapping[str, Any]) -> Retention:
    declared = value["retention"]
    return Retention(declared.get("logs"), declared.get("feature_branches"))


def _account(
    name: str, account: Mapping[str, Any], team_name: str, team: Mapping[str, Any], organization: Mapping[str, Any]
) -> AccountDeclaration:
    return AccountDeclaration(
        name=name,
        environments=environments_of(name, account),
        email=address_of(organization["email"], account, f"{team_name}-{name}"),
        vpc=_vpc(name, account, team),
        account_id=account.get("id"),
        endpoint_zones=account["endpoint_zones"],
    )


def _vpc(name: str, account: Mapping[str, Any], team: Mapping[str, Any]) -> CreatedVpc | BroughtVpc:
    cidr = cidr_of(name, account, team)
    if cidr is not None:
        return CreatedVpc(cidr)
    vpc = account["vpc"]
    return BroughtVpc(vpc["id"], tuple(vpc["subnets"]), tuple(vpc["security_groups"]))


def _without_nulls(value: Any) -> Any:
    """`dev:` with nothing behind it is a mapping without members."""
    if isinstance(value, Mapping):
        return {
            name: ({} if each is None and name != "identity" else _without_nulls(each)) for name, each in value.items()
        }
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
