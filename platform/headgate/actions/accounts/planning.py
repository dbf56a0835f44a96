"""Reading what there is and comparing it with the declaration: what `plan` and `doctor` show."""

from __future__ import annotations

from headgate.actions.accounts.changes import Change
from headgate.actions.accounts.desired import desired_stacks
from headgate.actions.accounts.facts import read_facts
from headgate.actions.accounts.opening import OpenOrganization
from headgate.actions.accounts.plan import member_of, plan
from headgate.infra.kinds import KINDS


def make_plan(opened: OpenOrganization) -> tuple[Change, ...]:
    """What would change. Reads only; raises UserError or FailedError when something cannot be read."""
    organization, assembly = opened.organization, opened.assembly()
    facts = read_facts(opened.session, tuple(KINDS[kind].stack_name for kind in ("bootstrap", "governance")))
    members = {account.name: member_of(account, facts.members) for account in organization.durable.values()}
    durable = {
        name: member.account_id if member else organization.durable[name].account_id for name, member in members.items()
    }
    return plan(organization, facts, desired_stacks(organization, assembly, facts.organization, durable))
