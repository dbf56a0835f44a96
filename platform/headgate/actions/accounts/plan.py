"""The difference between the declaration and what there is: pure, so that it can be shown, tested and trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from headgate.actions.accounts.facts import Facts, StackFacts, resource_digests
from headgate.control.vending.declaration import Declaration, wanted
from headgate.infra.synth import Template
from headgate.spec.organization import Organization
from headgate.views.accounts import AccountView, StackInstance

Kind = Literal["create", "update", "vend", "drift", "remove"]

UNITS_OF_STATE = {"quarantined": "quarantine", "retired": "retired"}
"""Where an account stands in these states; in any other it stands where its declaration says."""

_LIVE = ("requested", "provisioning", "active", "quarantined")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as declared. `command` is what mends it; `details` say what would be touched."""

    kind: Kind
    subject: str
    message: str
    command: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DesiredStack:
    """A stack of the governance account as it is to be."""

    name: str
    template: Template
    parameters: Mapping[str, str]


def plan(organization: Organization, facts: Facts, stacks: tuple[DesiredStack, ...]) -> tuple[Change, ...]:
    """Everything that would change, in the order in which it would be done."""
    return (
        *_organization(organization, facts),
        *(change for stack in stacks if (change := _stack(stack, facts.stacks.get(stack.name)))),
        *_declaration(organization, facts),
        *_teams(organization, facts),
        *_drift(organization, facts),
    )


def _organization(organization: Organization, facts: Facts) -> Iterator[Change]:
    apply = "headgate accounts apply"
    if facts.organization is None:
        yield Change("create", "organization", f"create it, managed by {organization.governance_account_id}", apply)
    for account in list(organization.durable.values())[1:]:
        member = next(
            (
                each
                for each in facts.members.values()
                if each.account_id == account.account_id or each.email.lower() == (account.email or "").lower()
            ),
            None,
        )
        if member is None:
            yield Change("create", f"account {account.name}", f"create it for {account.email}", apply)
        elif facts.units and member.unit != "durable":
            yield Change("drift", f"account {account.name}", f"stands in {member.unit}, not in durable", apply)


def _stack(desired: DesiredStack, found: StackFacts | None) -> Change | None:
    apply, subject = "headgate accounts apply", f"stack {desired.name}"
    wanted_resources = resource_digests(desired.template.body)
    if found is None:
        return Change("create", subject, f"create it with {len(wanted_resources)} resources", apply)
    details = list(_resource_changes(found.resources, wanted_resources))
    details += [
        f"parameter {name}: {found.parameters.get(name, '')} -> {value}"
        for name, value in sorted(desired.parameters.items())
        if found.parameters.get(name, "") != value
    ]
    if not details:
        return None
    return Change("update", subject, f"{len(details)} changes", apply, tuple(details))


def _resource_changes(found: Mapping[str, str], desired: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(found.keys() | desired.keys()):
        if name not in found:
            yield f"+ {name} ({desired[name].split()[0]})"
        elif name not in desired:
            yield f"- {name} ({found[name].split()[0]})"
        elif found[name] != desired[name]:
            yield f"~ {name} ({desired[name].split()[0]})"


def _declaration(organization: Organization, facts: Facts) -> Iterator[Change]:
    if facts.declaration != organization.digest:
        before = facts.declaration[:12] if facts.declaration else "nothing"
        yield Change("update", "declaration", f"{before} -> {organization.digest[:12]}", "headgate accounts apply")


def _teams(organization: Organization, facts: Facts) -> Iterator[Change]:
    rows = {(row.team, row.name): row for row in facts.accounts}
    declaration = Declaration(organization.digest, organization.as_json())
    for team in organization.teams:
        request = f"headgate accounts request {team}"
        for account in wanted(declaration, team):
            subject = f"account {team}/{account.name}"
            row = rows.pop((team, account.name), None)
            if row is None:
                yield Change("vend", subject, "is declared, and not requested yet", request)
            elif row.state in {"requested", "provisioning"}:
                reason = f": {row.reason}" if row.reason else ""
                yield Change("vend", subject, f"is {row.state}{reason}", request)
            elif row.state == "retired":
                yield Change("drift", subject, "is declared, but retired for ever", "rename it in organization.yaml")
            elif row.state == "active":
                desired = {"account": account.account_parameters, **account.environment_parameters}
                details = tuple(_parameter_changes(row, desired))
                if details:
                    yield Change("update", subject, f"{len(details)} parameters", request, details)
    for row in rows.values():
        if row.state in _LIVE:
            yield Change(
                "remove",
                f"account {row.team}/{row.name}",
                f"is {row.state}, but not declared any more",
                f"headgate accounts retire {row.team}",
            )


def _parameter_changes(row: AccountView, desired: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Only what both sides know is compared: a template may fill in more than the declaration says."""
    for stack, values in desired.items():
        deployed = row.parameters.get(stack, {})
        for name, value in sorted(values.items()):
            if deployed.get(name, "") != value:
                yield f"{stack} {name}: {deployed.get(name, '')} -> {value}"


def _drift(organization: Organization, facts: Facts) -> Iterator[Change]:
    """What is in the catalog, and not as the catalog says."""
    declared = {(team.name, account.name): account for team, account in organization.accounts()}
    broken = {(each.stack_set, each.account_id): each for each in facts.instances if each.status != "CURRENT"}
    present = {(each.stack_set, each.account_id) for each in facts.instances}
    for row in facts.accounts:
        if row.state not in {"active", "quarantined"}:
            continue
        subject = f"account {row.team}/{row.name}"
        request = f"headgate accounts request {row.team}"
        member = facts.members.get(row.account_id or "")
        if member is None or member.status != "ACTIVE":
            status = "not in the organization" if member is None else member.status.lower()
            yield Change("drift", subject, f"{row.account_id} is {status}, the catalog says {row.state}", request)
            continue
        account = declared.get((row.team, row.name))
        unit = UNITS_OF_STATE.get(row.state) or (account.unit.lower() if account else member.unit)
        if member.unit != unit:
            yield Change("drift", subject, f"stands in {member.unit}, not in {unit}", request)
        yield from _stack_drift(row, subject, request, broken, present)


def _stack_drift(
    row: AccountView,
    subject: str,
    request: str,
    broken: Mapping[tuple[str, str], StackInstance],
    present: set[tuple[str, str]],
) -> Iterator[Change]:
    names = ["headgate-guard", "headgate-account", *(f"headgate-environment-{each}" for each in row.environments)]
    for name in names:
        key = (name, row.account_id or "")
        if key not in present:
            yield Change("drift", subject, f"has no stack of {name}", request)
        elif key in broken:
            yield Change("drift", subject, f"its stack of {name} is {broken[key].status.lower()}", request)
