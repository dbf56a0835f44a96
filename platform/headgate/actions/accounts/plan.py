"""The difference between the declaration and what there is: pure, so that it can be shown, tested and trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from headgate.actions.accounts.changes import APPLY, Change
from headgate.actions.accounts.drift import drift
from headgate.actions.accounts.facts import Facts, StackFacts, resource_digests
from headgate.control.vending.declaration import Declaration, wanted
from headgate.control.vending.lasting import refusal
from headgate.control.vending.values import Wanted
from headgate.infra.kinds import KINDS
from headgate.infra.synth import Template
from headgate.spec.organization import DurableAccount, Organization
from headgate.views.accounts import AccountView, Member

AS_THE_ORGANIZATION = "(as the organization)"
"""The value of a parameter that an account is given no more: the StackSet's own."""


@dataclass(frozen=True, slots=True)
class DesiredStack:
    """A stack of the governance account as it is to be."""

    name: str
    template: Template
    parameters: Mapping[str, str]


def plan(organization: Organization, facts: Facts, stacks: tuple[DesiredStack, ...]) -> tuple[Change, ...]:
    """Everything that would change, in the order in which it would be done; what drifted comes last."""
    changed = {stack.name: change for stack in stacks if (change := stack_change(stack, facts.stacks.get(stack.name)))}
    return (
        *_organization(organization, facts),
        *changed.values(),
        *_declaration(organization, facts),
        *_teams(organization, facts),
        *drift(organization, facts, settled=KINDS["governance"].stack_name not in changed),
    )


def member_of(account: DurableAccount, members: Mapping[str, Member]) -> Member | None:
    """The member that a durable account is: by its id if it declares one, else by its address."""
    if account.account_id:
        return members.get(account.account_id)
    address = (account.email or "").lower()
    return next((each for each in members.values() if each.email.lower() == address), None)


def _organization(organization: Organization, facts: Facts) -> Iterator[Change]:
    if facts.organization is None:
        yield Change("create", "organization", f"create it, managed by {organization.governance_account_id}", APPLY)
    for account in list(organization.durable.values())[1:]:
        subject, member = f"account {account.name}", member_of(account, facts.members)
        if member is None and account.account_id:
            invite = f"aws organizations invite-account-to-organization --target Id={account.account_id},Type=ACCOUNT"
            yield Change("create", subject, f"{account.account_id} is not in the organization: invite it", invite)
        elif member is None:
            yield Change("create", subject, f"create it for {account.email}", APPLY)
        elif facts.units and member.unit != "durable":
            yield Change("drift", subject, f"stands in {member.unit}, not in durable", APPLY)


def stack_change(desired: DesiredStack, found: StackFacts | None) -> Change | None:
    """What would change in a stack of the governance account, None for one that is as desired."""
    subject = f"stack {desired.name}"
    wanted_resources = resource_digests(desired.template.body)
    if found is None:
        return Change("create", subject, f"create it with {len(wanted_resources)} resources", APPLY)
    details = list(_resource_changes(found.resources, wanted_resources))
    details += [
        f"parameter {name}: {found.parameters.get(name, '')} -> {value}"
        for name, value in sorted(desired.parameters.items())
        if found.parameters.get(name, "") != value
    ]
    if found.status.endswith("_FAILED"):
        details.append(f"it is {found.status}")
    if not details:
        return None
    return Change("update", subject, _count(details, "change"), APPLY, tuple(details))


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
        yield Change("update", "declaration", f"{before} -> {organization.digest[:12]}", APPLY)


def _teams(organization: Organization, facts: Facts) -> Iterator[Change]:
    rows = {(row.team, row.name): row for row in facts.accounts}
    declaration = Declaration(organization.digest, organization.as_json())
    for team in organization.teams:
        for account in wanted(declaration, team):
            change = _account(team, account, rows.pop((team, account.name), None))
            if change is not None:
                yield change
    for row in rows.values():
        if row.state != "retired":
            retire = f"headgate accounts retire {row.team} --account {row.name}"
            yield Change("remove", row.label, f"is {row.state}, but not declared any more", retire)


def _account(team: str, account: Wanted, row: AccountView | None) -> Change | None:
    """What is to be done about one declared account; None for one that is as declared, or in quarantine."""
    subject, request = f"account {team}/{account.name}", f"headgate accounts request {team}"
    if row is None:
        return Change("vend", subject, "is declared, and not requested yet", request)
    if row.state in {"requested", "provisioning"}:
        reason = f": {row.reason}" if row.reason else ""
        return Change("vend", subject, f"is {row.state}{reason}", request)
    if row.state == "retired" and row.account_id is None:
        return Change("vend", subject, "was given up before it existed, and is declared", request)
    if row.state == "retired":
        return Change("drift", subject, "is declared, but retired for ever", "rename it in organization.yaml")
    return _active(subject, request, account, row) if row.state == "active" else None


def _active(subject: str, request: str, account: Wanted, row: AccountView) -> Change | None:
    if reason := refusal(row, account, is_complete=True):
        return Change("drift", subject, reason, "edit organization.yaml")
    desired = {"account": account.account_parameters, **account.environment_parameters}
    details = tuple(_parameter_changes(row, desired))
    return Change("update", subject, _count(details, "parameter"), request, details) if details else None


def _parameter_changes(row: AccountView, desired: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What the stacks were given and what they are to be given; what is given no more is as the organization says."""
    for stack, values in desired.items():
        deployed = row.parameters.get(stack, {})
        for name in sorted(values.keys() | deployed.keys()):
            before, after = deployed.get(name, ""), values.get(name, AS_THE_ORGANIZATION)
            if before != after:
                yield f"{stack} {name}: {before} -> {after}"


def _count(details: Sequence[str], what: str) -> str:
    return f"{len(details)} {what}{'' if len(details) == 1 else 's'}"
