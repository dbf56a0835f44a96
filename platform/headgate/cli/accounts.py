"""`headgate accounts`: the organization that organization.yaml declares, and the accounts that teams are vended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli.common import Options, emit, options, style, table
from headgate.cli.sessions import target_option
from headgate.errors import FailedError, UserError

if TYPE_CHECKING:
    from headgate.actions.accounts.opening import OpenOrganization
    from headgate.actions.accounts.plan import Change
    from headgate.deploy.stacks import StackEvent, StackPlan
    from headgate.views.accounts import AccountView

_STYLES = {
    "active": "green",
    "requested": "yellow",
    "provisioning": "yellow",
    "quarantined": "red",
    "retired": "bright_black",
}
_MARKS = {
    "create": ("+", "green"),
    "update": ("~", "yellow"),
    "vend": ("+", "cyan"),
    "drift": ("!", "red"),
    "remove": ("-", "red"),
}
_DETAILS = 20
"""So many details of one change fit on a screen."""


def _organization_option(command: Callable[..., Any]) -> Any:
    option = click.option(
        "--organization",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="organization.yaml. [default: accounts/organization.yaml here or above]",
    )
    return option(command)


def _shared(command: Callable[..., Any]) -> Any:
    wrapped: Callable[..., Any] = options(target_option(_organization_option(command)))
    return wrapped


@click.group("accounts")
def command() -> None:
    """Plan, apply, request, quarantine and retire the accounts of the organization."""


@command.command("plan")
@_shared
def plan(organization: Path | None, target: str, options: Options) -> None:
    """Show what differs between organization.yaml and what there is; changes nothing."""
    from headgate.actions.accounts.planning import make_plan

    changes = make_plan(_open(organization, target, options))
    emit(options, [asdict(change) for change in changes], lambda: _changes_text(changes))


@command.command("apply")
@click.option("--yes", is_flag=True, help="Do not ask before something is taken away.")
@_shared
def apply(yes: bool, organization: Path | None, target: str, options: Options) -> None:
    """Make the organization what is declared: units, guardrails, durable accounts, Service Catalog, vending.

    The teams' accounts are vended by `headgate accounts request TEAM`.
    """
    from headgate.actions.accounts.apply import Apply

    opened = _open(organization, target, options)
    applied = Apply(opened, tell=_say, events=_say_event, confirm=_confirm(yes)).run()
    payload = {"accounts": dict(applied.accounts), "changed": list(applied.changed)}
    rows = sorted(applied.accounts.items())
    emit(options, payload, lambda: table(["ACCOUNT", "ID"], rows) + ("" if applied.changed else "\nno changes"))


@command.command("list")
@_shared
def list_accounts(organization: Path | None, target: str, options: Options) -> None:
    """The accounts in the catalog, with their state."""
    from headgate.views.accounts import read_catalog

    views = read_catalog(_as_it(_open(organization, target, options)).client("dynamodb"))
    emit(options, [asdict(view) for view in views], lambda: _accounts_text(views))


@command.command("show")
@click.argument("team")
@_shared
def show(team: str, organization: Path | None, target: str, options: Options) -> None:
    """A team's accounts, and everything that was done to them."""
    from headgate.views.accounts import read_audit, read_catalog

    opened = _open(organization, target, options)
    _require_team(opened, team, declared=False)
    dynamodb = _as_it(opened).client("dynamodb")
    views = read_catalog(dynamodb, team)
    histories = {view.name: read_audit(dynamodb, view) for view in views}
    payload = [{**asdict(view), "history": [asdict(entry) for entry in histories[view.name]]} for view in views]

    def text() -> str:
        parts = [_accounts_text(views)]
        for view in views:
            rows = [(entry.at[:19], entry.what, entry.why) for entry in histories[view.name]]
            parts.append(f"{view.name}\n{table(['AT', 'WHAT', 'WHY'], rows)}")
        return "\n\n".join(parts)

    emit(options, payload, text)


@command.command("request")
@click.argument("team")
@_shared
def request(team: str, organization: Path | None, target: str, options: Options) -> None:
    """Vend a team its accounts from Service Catalog, or bring them up to the declaration; wait until they are ready."""
    _vend("provision", team, organization, target, options)


@command.command("adopt")
@click.argument("team")
@_shared
def adopt(team: str, organization: Path | None, target: str, options: Options) -> None:
    """Take a team's existing accounts (those with an `id`) into the organization, and make them what is declared."""
    _vend("adopt", team, organization, target, options)


@command.command("quarantine")
@click.argument("team")
@click.option("--release", is_flag=True, help="End the quarantine.")
@_shared
def quarantine(team: str, release: bool, organization: Path | None, target: str, options: Options) -> None:
    """Deny everything in a team's accounts but auditing, until they are released."""
    _vend("release" if release else "quarantine", team, organization, target, options)


@command.command("project")
@click.argument("team")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="FOLDER",
    help="Write the project's landing.yaml here. [default: print it]",
)
@_shared
def project(team: str, name: str, into: Path | None, organization: Path | None, target: str, options: Options) -> None:
    """Give a project its place in tooling (model package group, images), and tell it of the team's accounts."""
    from headgate.actions.accounts.projects import landing_settings, request_project, write_landing
    from headgate.views.accounts import read_catalog, read_members

    opened = _open(organization, target, options)
    _require_team(opened, team, declared=True)
    session = _as_it(opened)
    request_project(session, team, name)
    members = read_members(session.client("organizations"), {})
    accounts = read_catalog(session.client("dynamodb"), team)
    settings = landing_settings(opened.organization, team, accounts, members)
    if into is None:
        emit(options, settings, lambda: _yaml(settings))
        return
    file = write_landing(into, settings)
    environments = ", ".join(settings["environments"])
    emit(options, {"file": str(file), **settings}, lambda: f"{file}: the project lands in {environments}")


@command.command("retire")
@click.argument("team")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_shared
def retire(team: str, yes: bool, organization: Path | None, target: str, options: Options) -> None:
    """Give up a team's accounts for ever. What lives in durable accounts (models, audit, data) stays readable."""
    opened = _open(organization, target, options)
    _require_team(opened, team, declared=False)
    if not yes:
        if not sys.stdin.isatty():
            raise UserError(
                "retiring is for ever, and there is nobody to ask",
                next_command=f"headgate accounts retire {team} --yes",
            )
        click.confirm(f"Retire every account of team {team}?", abort=True, err=True)
    views = _account_sets(opened, options).retire(team)
    emit(options, [asdict(view) for view in views], lambda: _accounts_text(views))


def _vend(action: str, team: str, organization: Path | None, target: str, options: Options) -> None:
    opened = _open(organization, target, options)
    _require_team(opened, team, declared=action in {"provision", "adopt"})
    views = _account_sets(opened, options).request(team, action)
    emit(options, [asdict(view) for view in views], lambda: _accounts_text(views))


def _open(organization: Path | None, target: str, options: Options) -> OpenOrganization:
    from typing import Literal, cast

    from headgate.actions.accounts.opening import open_organization

    return open_organization(organization or options.project.absolute(), cast("Literal['local', 'aws']", target))


def _as_it(opened: OpenOrganization) -> Any:
    """A session of the platform team, who alone may request accounts and read the whole catalog."""
    from headgate.actions.accounts.opening import as_platform_team

    return as_platform_team(opened)


def _account_sets(opened: OpenOrganization, options: Options) -> Any:
    from headgate.actions.accounts.vend import AccountSets

    seen: dict[str, str] = {}

    def tell(views: tuple[AccountView, ...]) -> None:
        for view in views:
            text = view.state + (f": {view.reason}" if view.reason else "")
            if seen.get(view.name) != text:
                seen[view.name] = text
                _say(f"{view.team}/{view.name} {text}")

    return AccountSets(_as_it(opened), (lambda _: None) if options.json else tell)


def _require_team(opened: OpenOrganization, team: str, *, declared: bool) -> None:
    from headgate.spec.suggest import did_you_mean

    teams = list(opened.organization.teams)
    if team in teams or not declared:
        return
    raise UserError(
        f"team '{team}' is not declared",
        where=str(opened.organization.file),
        expected=", ".join(filter(None, [", ".join(teams) or "no team is declared", did_you_mean(team, teams)])),
        next_command="headgate accounts plan",
    )


def _yaml(settings: object) -> str:
    import yaml

    return str(yaml.safe_dump(settings, sort_keys=False)).rstrip()


def _confirm(yes: bool) -> Callable[[StackPlan], bool]:
    def ask(plan: StackPlan) -> bool:
        if yes:
            return True
        lost = [
            f"{each.action.lower()} {each.logical_id} ({each.resource_type})"
            for each in plan.changes
            if each.loses_something
        ]
        if not sys.stdin.isatty():
            raise FailedError(
                f"stack '{plan.request.name}' would lose {len(lost)} resources, and there is nobody to ask",
                details=tuple(lost[:_DETAILS]),
                next_command="headgate accounts apply --yes",
            )
        for line in lost[:_DETAILS]:
            _say(f"  {line}")
        return click.confirm(f"Change stack {plan.request.name}, and lose these?", err=True)

    return ask


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _say_event(event: StackEvent) -> None:
    """Only what ends: a stack of sixty resources says enough by that."""
    if event.status.endswith(("_COMPLETE", "_FAILED")) or event.reason:
        reason = f": {event.reason}" if event.reason else ""
        _say(f"  {event.logical_id} {event.status}{reason}")


def _changes_text(changes: Sequence[Change]) -> str:
    if not changes:
        return "no changes: everything is as declared"
    lines: list[str] = []
    for change in changes:
        mark, colour = _MARKS[change.kind]
        lines.append(f"{style(mark, colour)} {change.subject}: {change.message}")
        lines += [f"    {detail}" for detail in change.details[:_DETAILS]]
        if len(change.details) > _DETAILS:
            lines.append(f"    and {len(change.details) - _DETAILS} more")
    commands = list(dict.fromkeys(change.command for change in changes))
    return "\n".join([*lines, "", "next:", *(f"  {each}" for each in commands)])


def _accounts_text(views: Sequence[AccountView]) -> str:
    if not views:
        return "no accounts yet: headgate accounts request TEAM"
    rows = [
        (
            view.team,
            view.name,
            style(view.state, _STYLES.get(view.state, "white")),
            view.account_id or "-",
            ",".join(view.environments),
            view.unit,
            view.reason,
        )
        for view in views
    ]
    return table(["TEAM", "ACCOUNT", "STATE", "ID", "ENVIRONMENTS", "UNIT", "REASON"], rows)
