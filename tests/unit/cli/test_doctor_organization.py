"""What doctor says of an organization; no cloud is started for it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from headgate.actions.accounts.changes import Change
from headgate.cli import doctor_organization
from headgate.cli.doctor_organization import check_cdk, check_drift, examine_organization
from headgate.errors import FailedError, UserError
from headgate.infra import processes
from headgate.localcloud.folder import Daemon, Folder
from headgate.spec.organization import Organization
from unit.actions.accounts.worlds import declare


@pytest.fixture
def organization(tmp_path: Path) -> Organization:
    return declare(tmp_path)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Folder, "daemon", lambda _: Daemon(1, "http://127.0.0.1:1", "1", "1", "t"))


def planned(*changes: Change) -> doctor_organization.MakePlan:
    def make_plan(_: Path, __: str) -> Sequence[Change]:
        return changes

    return make_plan


def test_without_an_organization_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert list(examine_organization(tmp_path, "local")) == []


def test_a_cloud_that_does_not_run_is_left_alone(organization: Organization, tmp_path: Path) -> None:
    finding = check_drift(organization, "local")
    assert (finding.verdict, finding.found) == ("ok", "declared; not compared, as the local cloud does not run")
    assert not (tmp_path / ".headgate").exists()


@pytest.mark.usefixtures("running")
def test_drift_is_a_problem_and_named_first(organization: Organization) -> None:
    vend = Change("vend", "account churn/dev", "is declared", "headgate accounts request churn")
    drift = Change("drift", "account churn/prod", "stands in dev, not in prod", "headgate accounts request churn")
    finding = check_drift(organization, "local", planned(vend, vend, vend, drift))
    assert finding.verdict == "problem"
    assert finding.found.startswith("account churn/prod stands in dev, not in prod; account churn/dev")
    assert finding.found.endswith("; and 1 more")
    assert finding.fix == "headgate accounts plan"
    assert check_drift(organization, "local", planned(vend)).verdict == "warning"
    assert check_drift(organization, "local", planned()).found == "everything is as declared"


@pytest.mark.usefixtures("running")
def test_what_cannot_be_read_is_a_problem_with_its_own_fix(organization: Organization) -> None:
    def refuse(_: Path, __: str) -> Sequence[Change]:
        raise FailedError("the local cloud does not answer", next_command="headgate cloud status")

    finding = check_drift(organization, "local", refuse)
    assert (finding.verdict, finding.fix) == ("problem", "headgate cloud status")


def test_on_aws_credentials_are_needed(organization: Organization) -> None:
    finding = check_drift(organization, "aws")
    assert (finding.verdict, finding.found) == ("problem", "no AWS credentials")


def test_a_wrong_declaration_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "organization.yaml").write_text("name: Not A Name\n")
    findings = list(examine_organization(tmp_path, "local"))
    assert [(finding.check, finding.verdict) for finding in findings][-1] == ("organization.yaml", "problem")


def test_the_cdk_and_its_node_are_looked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert check_cdk().verdict == "ok"
    monkeypatch.setattr(processes, "node", lambda: tmp_path / "nothing")
    assert check_cdk().verdict == "problem"

    def missing() -> Path:
        raise UserError("not installed", next_command="pip install 'headgate[infra]'")

    monkeypatch.setattr(processes, "node", missing)
    finding = check_cdk()
    assert (finding.verdict, finding.fix) == ("warning", "pip install 'headgate[infra]'")


def test_a_node_that_fails_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(1, "node")

    monkeypatch.setattr(subprocess, "run", fails)
    assert check_cdk().verdict == "problem"
