"""What `headgate accounts` prints: accounts, their history, plans, and what happens while they are carried out."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from headgate.cli.common import style, table

if TYPE_CHECKING:
    from headgate.actions.accounts.changes import Change
    from headgate.deploy.stacks import StackEvent, StackPlan
    from headgate.views.accounts import AccountView, AuditEntry

_STYLES = {
    "active": "green",
    "requested": "yellow",
    "provisioning": "yellow",
    "quarantined": "red",
    "retired": "dim",
}
_MARKS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "vend": ("+", "cyan"),
    "drift": ("!", "red"),
    "remove": ("-", "red"),
}
_ARN = re.compile(r"arn:[^: ]*:[^: ]*:[^: ]*:[^: ]*:")
MOST_DETAILS = 20
"""So many details of one change fit on a screen."""


def changes_text(changes: Sequence[Change]) -> str:
    """A plan: what differs, and the commands that mend it."""
    if not changes:
        return "no changes: everything is as declared"
    lines: list[str] = []
    for change in changes:
        mark, colour = _MARKS[change.kind]
        lines.append(f"{style(mark, colour)} {change.subject}: {change.message}")
        lines += [f"    {detail}" for detail in cut(change.details)]
    commands = dict.fromkeys(change.command for change in changes)
    return "\n".join([*lines, "", "next:", *(f"  {each}" for each in cut(tuple(commands)))])


def accounts_text(views: Sequence[AccountView]) -> str:
    """Accounts of the catalog, a line each."""
    if not views:
        return "no accounts yet: headgate accounts request TEAM"
    rows = [
        (
            view.team,
            view.name,
            style(view.state, _STYLES[view.state]),
            view.account_id or "-",
            ",".join(view.environments),
            view.unit,
            _short(view.reason, 100),
        )
        for view in views
    ]
    return table(["TEAM", "ACCOUNT", "STATE", "ID", "ENVIRONMENTS", "UNIT", "REASON"], rows)


def team_text(views: Sequence[AccountView], histories: Mapping[str, Sequence[AuditEntry]]) -> str:
    """A team's accounts; whose each is, who approves there, and what was done to it."""
    parts = [accounts_text(views)]
    for view in views:
        rows = [(entry.at[:19], entry.what, _who(entry.who), entry.why) for entry in histories[view.name]]
        about = "".join(f"\n  {line}" for line in _people(view))
        parts.append(f"{view.name} ({view.email}){about}\n{table(['AT', 'WHAT', 'WHO', 'WHY'], rows)}")
    return "\n\n".join(parts)


def _people(view: AccountView) -> Iterator[str]:
    """Who answers for an account and who approves there, as its stacks were told."""
    account = view.parameters.get("account", {})
    environments = {name: view.parameters.get(name, {}) for name in view.environments}
    if owners := next((each["Owners"] for each in environments.values() if each.get("Owners")), ""):
        budget = f"cost centre {account.get('CostCentre', '')}, {account.get('BudgetUsd', '')} US dollars a month"
        yield f"owners {owners.replace(',', ', ')}; {budget}"
    for name, each in environments.items():
        if each.get("Approvers"):
            yield f"approvers of {name} {each['Approvers'].replace(',', ', ')}"


def _who(text: str) -> str:
    """Who it was, without what every ARN here begins with."""
    return _short(_ARN.sub("", text), 60)


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def losses(plan: StackPlan) -> list[str]:
    """What a stack would lose, a line each."""
    return [
        f"{each.action.lower()} {each.logical_id} ({each.resource_type})"
        for each in plan.changes
        if each.loses_something
    ]


def cut(lines: Sequence[str]) -> list[str]:
    """As many lines as fit on a screen, and how many more there are."""
    rest = len(lines) - MOST_DETAILS
    return [*lines[:MOST_DETAILS], *([f"and {rest} more"] if rest > 0 else [])]


def say(text: str) -> None:
    """A step of something that goes on, on standard error."""
    print(text, file=sys.stderr, flush=True)


def say_event(event: StackEvent) -> None:
    """Only what ends: a stack of sixty resources says enough by that."""
    if event.status.endswith(("_COMPLETE", "_FAILED")) or event.reason:
        reason = f": {event.reason}" if event.reason else ""
        say(f"  {event.logical_id} {event.status}{reason}")


def progress() -> Callable[[tuple[AccountView, ...]], None]:
    """What says each account's state when it changes."""
    seen: dict[str, str] = {}

    def tell(views: tuple[AccountView, ...]) -> None:
        for view in views:
            text = view.state + (f": {view.reason}" if view.reason else "")
            if seen.get(view.name) != text:
                seen[view.name] = text
                say(f"{view.team}/{view.name} {text}")

    return tell
