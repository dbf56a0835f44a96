"""`headgate accounts` as it is typed: what is wrong is said on one screen, with the exit code that it has."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from headgate.actions.accounts import opening, planning
from headgate.actions.accounts.changes import Change
from headgate.cli import accounts
from headgate.cli.accounts_text import accounts_text, changes_text, progress, say_event, team_text
from headgate.cli.main import run
from headgate.deploy.stacks import ResourceChange, StackEvent, StackPlan, StackRequest
from headgate.errors import FailedError
from headgate.views.accounts import AccountView, AuditEntry

TEAM = {
    "owners": ["owner@example.com", "lead@example.com"],
    "approvers": {"preprod": ["lead@example.com"], "prod": ["risk@example.com"]},
    "cost_centre": "4711",
    "budget": 100,
    "cidr": "10.20.0.0/18",
}


def document(**changes: Any) -> dict[str, Any]:
    return {
        "name": "example",
        "region": "eu-west-1",
        "email": "aws+{account}@example.com",
        "accounts": {"governance": {"id": "111122223333"}},
        "teams": {"churn": TEAM},
    } | changes


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "accounts").mkdir()
    return tmp_path


def declare(folder: Path, text: str | dict[str, Any]) -> None:
    file = folder / "accounts" / "organization.yaml"
    file.write_text(text if isinstance(text, str) else yaml.safe_dump(text, sort_keys=False))


def twice() -> str:
    text = yaml.safe_dump(document(), sort_keys=False)
    return text + text[text.index("  churn:") :]


def test_a_file_that_is_not_there_is_not_replaced_by_one_that_is(folder: Path, capsys: Any) -> None:
    declare(folder, document())
    assert run(["accounts", "plan", "--organization", "accounts/production.yaml"]) == 2
    assert "there is no accounts/production.yaml" in capsys.readouterr().err


BAD: dict[str, tuple[str | dict[str, Any], str]] = {
    "team twice": (twice(), "churn"),
    "only owner approves": (
        document(teams={"churn": TEAM | {"owners": ["risk@example.com"]}}),
        "risk@example.com is the team's only owner, and would approve what is theirs",
    ),
    "overlapping networks": (
        document(teams={"churn": TEAM, "pricing": TEAM | {"cidr": "10.20.32.0/19"}}),
        "overlaps 10.20.32.0/20 of teams.churn.accounts.preprod",
    ),
    "forbidden region": (
        document(teams={"churn": TEAM | {"region": "us-east-1"}}),
        "the guardrail forbids us-east-1",
    ),
    "account id twice": (
        document(accounts={"governance": {"id": "111122223333"}, "tooling": {"id": "111122223333"}}),
        "account 111122223333 is declared already as accounts.governance.id",
    ),
    "durable name": (document(teams={"tooling": TEAM}), "'tooling' is a durable account, and no team"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["plan", "apply", "list"])
def test_a_wrong_declaration_is_told_before_anything_is_begun(
    name: str, command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, message = BAD[name]
    declare(folder, text)
    assert run(["accounts", command]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "accounts/organization.yaml:" in told, "with the line"
    assert "next: headgate schema --organization" in told
    assert not (folder / ".headgate").exists(), "no cloud was started for it"


def test_a_wrong_declaration_is_one_json_document_for_machines(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(folder, document(teams={"tooling": TEAM}))
    assert run(["accounts", "plan", "--output", "json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == "invalid-spec"
    assert told["problems"][0]["path"] == "teams.tooling"


def test_without_a_declaration_it_says_where_one_belongs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["accounts", "plan"]) == 2
    assert "no organization.yaml in" in capsys.readouterr().err


def test_without_credentials_it_says_how_to_get_some(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(folder, document())
    assert run(["accounts", "plan", "--target", "aws"]) == 2
    told = capsys.readouterr().err
    assert "error: no AWS credentials" in told
    assert "aws sso login" in told


def test_there_is_nothing_to_adopt_where_no_id_is_declared(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(folder, document())
    monkeypatch.setattr(opening, "connect", lambda *_, **__: None)
    assert run(["accounts", "adopt", "churn"]) == 2
    assert "no account of team 'churn' has an id to adopt" in capsys.readouterr().err


def test_credentials_of_another_account_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from moto import mock_aws

    declare(folder, document())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        assert run(["accounts", "apply", "--target", "aws"]) == 2
    told = capsys.readouterr().err
    assert "the credentials are of account 123456789012, which does not govern" in told
    assert "accounts/organization.yaml: accounts.governance.id" in told
    assert "expected: credentials of the governance account 111122223333" in told


def test_a_team_that_is_not_declared_is_told_with_the_nearest(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(folder, document())
    opened_without_a_cloud(monkeypatch)
    for command in ("request", "adopt"):
        assert run(["accounts", command, "chrun"]) == 2
        told = capsys.readouterr().err
        assert "team 'chrun' is not declared" in told
        assert "did you mean 'churn'?" in told


def opened_without_a_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    from headgate.spec.organization import load_organization

    def open_organization(start: Path, _: str) -> Any:
        return opening.OpenOrganization(load_organization(start), session=None)  # type: ignore[arg-type]

    monkeypatch.setattr(opening, "open_organization", open_organization)


@pytest.mark.parametrize("found", [(), (Change("vend", "account churn/dev", "is declared", "request"),)])
def test_the_exit_code_of_a_plan_is_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: tuple[Change, ...]
) -> None:
    declare(folder, document())
    opened_without_a_cloud(monkeypatch)
    monkeypatch.setattr(planning, "make_plan", lambda _: found)
    assert run(["accounts", "plan"]) == 0
    assert run(["accounts", "plan", "--exit-code"]) == len(found)
    capsys.readouterr()
    assert run(["accounts", "plan", "--output", "json"]) == 0
    assert [each["kind"] for each in json.loads(capsys.readouterr().out)] == [each.kind for each in found]


def test_nobody_is_retired_without_being_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    declare(folder, document())
    opened_without_a_cloud(monkeypatch)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run(["accounts", "retire", "churn"]) == 2
    assert "next: headgate accounts retire churn --yes" in capsys.readouterr().err


PLAN = StackPlan(
    StackRequest("headgate-governance"),
    "update",
    "arn",
    (ResourceChange("Modify", "A", "AWS::SNS::Topic"), ResourceChange("Remove", "B", "AWS::SQS::Queue")),
)


def test_what_would_be_lost_is_asked_about_and_refused_where_nobody_can_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert accounts._confirm(yes=True)(PLAN)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(FailedError, match="would lose 1 resources") as raised:
        accounts._confirm(yes=False)(PLAN)
    assert raised.value.details == ("remove B (AWS::SQS::Queue)",)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(click, "confirm", lambda *_, **__: False)
    assert not accounts._confirm(yes=False)(PLAN)
    assert "remove B (AWS::SQS::Queue)" in capsys.readouterr().err


def view(name: str, state: str = "active", **more: Any) -> AccountView:
    given = {"account_id": "1", "environments": (name,), "email": "e", "unit": "Dev", "region": "r"} | more
    return AccountView("churn", name, state, **given)


def test_plans_say_each_command_once_and_fit_on_a_screen() -> None:
    changes = (
        Change("update", "stack s", "30 changes", "apply", tuple(f"~ R{number}" for number in range(30))),
        Change("drift", "account a", "moved", "apply"),
        Change("vend", "account b", "is declared", "request"),
    )
    lines = changes_text(changes).splitlines()
    assert lines[0] == "~ stack s: 30 changes"
    assert lines[20:23] == ["    ~ R19", "    and 10 more", "! account a: moved"]
    assert lines[-3:] == ["next:", "  apply", "  request"]
    assert changes_text(()) == "no changes: everything is as declared"


def test_accounts_are_a_table_and_a_team_has_its_history() -> None:
    assert accounts_text(()) == "no accounts yet: headgate accounts request TEAM"
    dev = view("dev", "quarantined", reason="x" * 300)
    assert len(max(accounts_text((dev,)).splitlines(), key=len)) < 200, "long reasons are for `show`"
    who = "somebody as arn:aws:sts::111122223333:assumed-role/headgate-governance-it/headgate"
    text = team_text((dev,), {"dev": (AuditEntry("2026-01-01T10:00:00.123", who, "quarantine", "y" * 300),)})
    assert "2026-01-01T10:00:00  quarantine" in text
    assert "somebody as assumed-role/headgate-governance-it/headgate" in text
    assert "y" * 300 in text


def test_a_teams_account_says_whose_it_is_and_who_approves_there() -> None:
    nonprod = replace(
        view("nonprod", "active"),
        environments=("dev", "preprod"),
        parameters={
            "account": {"CostCentre": "4711", "BudgetUsd": "1500"},
            "dev": {"Owners": "a@example.com,b@example.com", "Approvers": ""},
            "preprod": {"Owners": "a@example.com,b@example.com", "Approvers": "c@example.com"},
        },
    )
    lines = team_text((nonprod,), {"nonprod": ()}).splitlines()
    assert "  owners a@example.com, b@example.com; cost centre 4711, 1500 US dollars a month" in lines
    assert "  approvers of preprod c@example.com" in lines
    assert not [line for line in lines if "approvers of dev" in line]


def test_progress_says_only_what_has_changed(capsys: pytest.CaptureFixture[str]) -> None:
    tell: Callable[[tuple[AccountView, ...]], None] = progress()
    tell((view("dev", "requested"), view("prod", "requested")))
    tell((view("dev", "active"), view("prod", "requested", reason="waiting")))
    assert capsys.readouterr().err.splitlines() == [
        "churn/dev requested",
        "churn/prod requested",
        "churn/dev active",
        "churn/prod requested: waiting",
    ]


def test_of_a_stack_only_what_ends_or_has_a_reason_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    for status, reason in (("CREATE_IN_PROGRESS", ""), ("CREATE_COMPLETE", ""), ("CREATE_FAILED", "no")):
        say_event(StackEvent("s", "A", "AWS::SNS::Topic", status, reason))
    assert capsys.readouterr().err.splitlines() == ["  A CREATE_COMPLETE", "  A CREATE_FAILED: no"]


def test_the_schema_of_an_organization_is_printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["schema", "--organization"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "organization.yaml"
