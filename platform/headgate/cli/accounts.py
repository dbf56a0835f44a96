"""`headgate accounts`: the organization that organization.yaml declares, and the accounts that teams are vended."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from headgate.cli.accounts_text import accounts_text, changes_text, cut, losses, progress, say, say_event, team_text
from headgate.cli.common import Options, emit, options, table
from headgate.cli.sessions import target_option
from headgate.errors import FailedError, UserError

if TYPE_CHECKING:
    from headgate.actions.accounts.opening import OpenOrganization
    from headgate.actions.accounts.vend import AccountSets
    from headgate.aws.sessions import Session
    from headgate.deploy.stacks import StackPlan
    from headgate.views.accounts import AccountView


def _shared(command: Callable[..., Any]) -> Any:
    """The options of every command here."""
    option = click.option(
        "--organization",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="organization.yaml. [default: accounts/organization.yaml here or above]",
    )
    wrapped: Callable[..., Any] = options(target_option(option(command)))
    return wrapped


_account_option = click.option("--account", metavar="NAME", help="Only this account of the team. [default: all]")
_reason_option = click.option("--reason", default="", metavar="TEXT", help="Why, for the catalog and the audit.")


@click.group("accounts")
def command() -> None:
    """Plan, apply, request, quarantine and retire the accounts of the organization."""


@command.command("plan")
@click.option("--exit-code", "by_code", is_flag=True, help="Exit with 1 when something differs, for CI.")
@_shared
def plan(by_code: bool, organization: Path | None, target: str, options: Options) -> int:
    """Show what differs between organization.yaml and what there is, drift included; changes nothing."""
    from headgate.actions.accounts.planning import make_plan

    changes = make_plan(_open(organization, target, options))
    emit(options, [asdict(change) for change in changes], lambda: changes_text(changes))
    return 1 if by_code and changes else 0


@command.command("apply")
@click.option("--yes", is_flag=True, help="Do not ask before something is taken away.")
@_shared
def apply(yes: bool, organization: Path | None, target: str, options: Options) -> None:
    """Make the organization what is declared: units, guardrails, durable accounts, Service Catalog, vending.

    The teams' accounts are vended by `headgate accounts request TEAM`.
    """
    from headgate.actions.accounts.apply import Apply

    opened = _open(organization, target, options)
    applied = Apply(opened, tell=say, events=say_event, confirm=_confirm(yes)).run()
    payload = {"accounts": dict(applied.accounts), "changed": list(applied.changed)}
    rows = sorted(applied.accounts.items())
    emit(options, payload, lambda: table(["ACCOUNT", "ID"], rows) + ("" if applied.changed else "\nno changes"))


@command.command("list")
@_shared
def list_accounts(organization: Path | None, target: str, options: Options) -> None:
    """The accounts in the catalog, with their state."""
    from headgate.views.accounts import read_catalog

    _emit_accounts(options, read_catalog(_as_it(_open(organization, target, options)).client("dynamodb")))


@command.command("show")
@click.argument("team")
@_shared
def show(team: str, organization: Path | None, target: str, options: Options) -> None:
    """A team's accounts, and everything that was done to them."""
    from headgate.views.accounts import read_audit, read_catalog

    opened = _open(organization, target, options)
    dynamodb = _as_it(opened).client("dynamodb")
    views = read_catalog(dynamodb, team)
    if not views:
        _require_team(opened, team)
    histories = {view.name: read_audit(dynamodb, view) for view in views}
    payload = [{**asdict(view), "history": [asdict(entry) for entry in histories[view.name]]} for view in views]
    emit(options, payload, lambda: team_text(views, histories))


@command.command("request")
@click.argument("team")
@_shared
def request(team: str, organization: Path | None, target: str, options: Options) -> None:
    """Vend a team its accounts from Service Catalog, or bring them up to the declaration; wait until they are ready."""
    _request("provision", team, organization, target, options)


@command.command("adopt")
@click.argument("team")
@_shared
def adopt(team: str, organization: Path | None, target: str, options: Options) -> None:
    """Take a team's existing accounts (those with an `id`) into the organization, and make them what is declared."""
    _request("adopt", team, organization, target, options)


@command.command("quarantine")
@click.argument("team")
@click.option("--release", is_flag=True, help="End the quarantine.")
@_account_option
@_reason_option
@_shared
def quarantine(
    team: str,
    release: bool,
    account: str | None,
    reason: str,
    organization: Path | None,
    target: str,
    options: Options,
) -> None:
    """Deny everything in a team's accounts but auditing, at once, until they are released."""
    from headgate.actions.accounts.vending import Order

    order = Order("release" if release else "quarantine", team, account, reason)
    _emit_accounts(options, _account_sets(_open(organization, target, options), options).carry_out(order))


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
    _require_team(opened, team)
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
@click.option("--force", is_flag=True, help="Also over running endpoints, and accounts that cannot be looked into.")
@_account_option
@_reason_option
@_shared
def retire(
    team: str,
    yes: bool,
    force: bool,
    account: str | None,
    reason: str,
    organization: Path | None,
    target: str,
    options: Options,
) -> None:
    """Give up a team's accounts for ever. What lives in durable accounts (models, audit, data) stays readable."""
    from headgate.actions.accounts.vending import Order

    opened = _open(organization, target, options)
    if not yes:
        if not sys.stdin.isatty():
            raise UserError(
                "retiring is for ever, and there is nobody to ask",
                next_command=f"headgate accounts retire {team} --yes",
            )
        what = f"account {account}" if account else "every account"
        click.confirm(f"Retire {what} of team {team}?", abort=True, err=True)
    order = Order("retire", team, account, reason, force)
    _emit_accounts(options, _account_sets(opened, options).retire(order))


def _request(
    action: Literal["provision", "adopt"], team: str, organization: Path | None, target: str, options: Options
) -> None:
    opened = _open(organization, target, options)
    _require_team(opened, team)
    if action == "adopt" and not any(each.account_id for each in opened.organization.teams[team].accounts.values()):
        raise UserError(
            f"no account of team '{team}' has an id to adopt",
            where=f"{opened.organization.file}: teams.{team}.accounts",
            expected='an id, as in dev: {id: "123456789012"}, and then: headgate accounts apply',
            next_command=f"headgate accounts request {team}",
        )
    _emit_accounts(options, _account_sets(opened, options).request(team, action))


def _emit_accounts(options: Options, views: Sequence[AccountView]) -> None:
    emit(options, [asdict(view) for view in views], lambda: accounts_text(views))


def _open(organization: Path | None, target: str, options: Options) -> OpenOrganization:
    from headgate.actions.accounts.opening import open_organization

    if organization is not None and not organization.exists():
        raise UserError(
            f"there is no {organization}", where="--organization", next_command="headgate schema --organization"
        )
    return open_organization(organization or options.project.absolute(), cast("Literal['local', 'aws']", target))


def _as_it(opened: OpenOrganization) -> Session:
    """A session of the platform team, who alone may request accounts and read the whole catalog."""
    from headgate.actions.accounts.opening import as_platform_team

    return as_platform_team(opened)


def _account_sets(opened: OpenOrganization, options: Options) -> AccountSets:
    from headgate.actions.accounts.vend import AccountSets

    return AccountSets(_as_it(opened), (lambda _: None) if options.json else progress())


def _require_team(opened: OpenOrganization, team: str) -> None:
    """Raises UserError for a team that organization.yaml does not declare."""
    from headgate.spec.suggest import did_you_mean

    teams = list(opened.organization.teams)
    if team not in teams:
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
        lost = losses(plan)
        if not sys.stdin.isatty():
            raise FailedError(
                f"stack '{plan.request.name}' would lose {len(lost)} resources, and there is nobody to ask",
                details=tuple(lost),
                next_command="headgate accounts apply --yes",
            )
        for line in cut(lost):
            say(f"  {line}")
        return click.confirm(f"Change stack {plan.request.name}, and lose these?", err=True)

    return ask
