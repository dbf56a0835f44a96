"""What the catalog says and what is so no more: moved, closed, without a stack, somebody else's. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from headgate.actions.accounts.changes import APPLY, Change
from headgate.actions.accounts.facts import Facts
from headgate.infra.kinds import KINDS
from headgate.infra.permissions.document import render
from headgate.infra.permissions.guardrails import guardrails
from headgate.spec.organization import AccountDeclaration, Organization
from headgate.views.accounts import AccountView, AttachedPolicy, Member, StackInstance

UNITS_OF_STATE = {"quarantined": "quarantine", "retired": "retired"}
"""Where an account stands in these states; in any other it stands where its declaration says."""

_TEAM_UNITS = frozenset({"experimentation", "dev", "preprod", "prod"})
_COMPARED = frozenset({"active", "quarantined", "retired"})


@dataclass(frozen=True, slots=True)
class Loose:
    """A guardrail that somebody has taken off a unit; `target` is the unit's id."""

    name: str
    policy_id: str
    unit: str
    target: str


@dataclass(frozen=True, slots=True)
class Edited:
    """A guardrail that somebody has changed by hand; `content` is what it has to say, as JSON."""

    name: str
    policy_id: str
    content: str


def drift(organization: Organization, facts: Facts, *, settled: bool = True) -> Iterator[Change]:
    """Guardrails that were taken off or changed by hand, accounts of the catalog that are not as it says, and accounts
    in a team's unit that it does not know.

    Unless the governance stack is `settled`, what guardrails say is for the stack to change.
    """
    if facts.units:
        yield from _guardrails(facts, settled=settled)
    declared = {(team.name, account.name): account for team, account in organization.accounts()}
    look = _Look(facts.members, {(each.stack_set, each.account_id): each for each in facts.instances})
    for row in facts.accounts:
        if row.state in _COMPARED:
            yield from look.at(row, declared.get((row.team, row.name)))
    known = {row.account_id for row in facts.accounts}
    for member in facts.members.values():
        if member.unit in _TEAM_UNITS and member.account_id not in known:
            yield Change(
                "drift",
                f"account {member.account_id}",
                f"stands in {member.unit}, and the catalog does not know it",
                f"aws organizations list-parents --child-id {member.account_id}",
            )


def loose_guardrails(units: Mapping[str, str], policies: Mapping[str, AttachedPolicy]) -> Iterator[Loose]:
    """Every guardrail that is not attached to a unit that it belongs to; `units` are ids by name in lower case."""
    for guardrail in guardrails():
        found = policies.get(guardrail.name)
        if found is None:
            continue
        for unit in guardrail.units:
            target = units.get(unit.lower(), "")
            if target and target not in found.targets:
                yield Loose(guardrail.name, found.policy_id, unit, target)


def edited_guardrails(parameters: Mapping[str, str], policies: Mapping[str, AttachedPolicy]) -> Iterator[Edited]:
    """Every guardrail that does not say what the governance stack made it say with these parameters."""
    values: dict[str, str | list[str]] = {
        "AWS::Partition": "aws",
        "OrganizationId": parameters["OrganizationId"],
        **{name: parameters[name].split(",") for name in ("ApprovedInstanceTypes", "ApprovedRegions")},
    }
    for guardrail in guardrails():
        found = policies.get(guardrail.name)
        wanted = render(guardrail.document, values)
        if found is not None and json.loads(found.content) != wanted:
            yield Edited(guardrail.name, found.policy_id, json.dumps(wanted, separators=(",", ":")))


def _guardrails(facts: Facts, *, settled: bool) -> Iterator[Change]:
    """CloudFormation does not look again at what it has once attached: applying looks itself."""
    governance = facts.stacks.get(KINDS["governance"].stack_name)
    given = governance.parameters if governance else {}
    for guardrail in guardrails():
        is_on = guardrail.option is None or given.get(guardrail.option) == "true"
        if is_on and guardrail.name not in facts.policies:
            detect = "aws cloudformation detect-stack-drift --stack-name headgate-governance"
            yield Change("drift", f"guardrail {guardrail.name}", "is gone", detect)
    for loose in loose_guardrails(facts.units, facts.policies):
        yield Change("drift", f"guardrail {loose.name}", f"is not attached to {loose.unit}", APPLY)
    for edited in edited_guardrails(given, facts.policies) if governance and settled else ():
        yield Change("drift", f"guardrail {edited.name}", "was changed by hand", APPLY)


@dataclass(frozen=True, slots=True)
class _Look:
    """Members by id; instances by StackSet and account."""

    members: Mapping[str, Member]
    instances: Mapping[tuple[str, str], StackInstance]

    def at(self, row: AccountView, account: AccountDeclaration | None) -> Iterator[Change]:
        request = f"headgate accounts request {row.team}"
        member = self.members.get(row.account_id or "")
        if row.state == "retired":
            yield from _retired(row, member)
            return
        if member is None or member.status != "ACTIVE":
            status = "not in the organization" if member is None else member.status.lower()
            yield Change("drift", row.label, f"{row.account_id} is {status}, the catalog says {row.state}", request)
            return
        if account and account.account_id and account.account_id != row.account_id:
            message = f"is {row.account_id} in the catalog, but {account.account_id} in the declaration"
            yield Change("drift", row.label, message, f"headgate accounts show {row.team}")
        unit = UNITS_OF_STATE.get(row.state) or (account.unit.lower() if account else member.unit)
        if member.unit != unit:
            command = f"headgate accounts quarantine {row.team}" if row.state == "quarantined" else request
            yield Change("drift", row.label, f"stands in {member.unit}, not in {unit}", command)
        yield from self._stacks(row, request)

    def _stacks(self, row: AccountView, request: str) -> Iterator[Change]:
        names = ["headgate-guard", "headgate-account", *(f"headgate-environment-{each}" for each in row.environments)]
        for name in names:
            found = self.instances.get((name, row.account_id or ""))
            if found is None:
                yield Change("drift", row.label, f"has no stack of {name}", request)
            elif found.status != "CURRENT":
                reason = f": {found.reason}" if found.reason else ""
                yield Change("drift", row.label, f"its stack of {name} is {found.status.lower()}{reason}", request)


def _retired(row: AccountView, member: Member | None) -> Iterator[Change]:
    """A retired account has left the organization, is closed, or stands in Retired."""
    if member is not None and member.status == "ACTIVE" and member.unit != "retired":
        command = f"aws organizations list-parents --child-id {member.account_id}"
        yield Change("drift", row.label, f"is retired, and stands in {member.unit}", command)
