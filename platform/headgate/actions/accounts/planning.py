"""Reading what there is and comparing it with the declaration: what `plan` and `doctor` show."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.actions.accounts.desired import desired_stacks
from headgate.actions.accounts.facts import read_facts
from headgate.actions.accounts.opening import OpenOrganization
from headgate.actions.accounts.plan import Change, plan
from headgate.infra.kinds import KINDS
from headgate.views.accounts import Member


def make_plan(opened: OpenOrganization) -> tuple[Change, ...]:
    """What would change. Reads only; raises UserError or FailedError when something cannot be read."""
    assembly = opened.assembly()
    facts = read_facts(opened.session, tuple(KINDS[kind].stack_name for kind in ("bootstrap", "governance")))
    durable = {
        account.name: _id_of(account.account_id, account.email, facts.members.values())
        for account in opened.organization.durable.values()
    }
    return plan(opened.organization, facts, desired_stacks(opened.organization, assembly, facts.organization, durable))


def _id_of(account_id: str | None, email: str | None, members: Iterable[Member]) -> str | None:
    for member in members:
        if member.account_id == account_id or (email and member.email.lower() == email.lower()):
            return member.account_id
    return account_id
