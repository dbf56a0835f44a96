"""A project's place: what its landing.yaml says, and how it is written."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from headgate.actions.accounts.projects import landing_settings, write_landing
from headgate.errors import UserError
from headgate.spec.organization import load_organization
from headgate.views.accounts import AccountView, Member

ORGANIZATION = Path(__file__).parents[4] / "accounts" / "organization.yaml"
TOOLING = Member("222233334444", "AWS+tooling@example.com", "ACTIVE", "durable")


def account(name: str, state: str, *environments: str) -> AccountView:
    return AccountView("churn", name, state, f"account of {name}", environments, "", "Dev", "eu-west-1")


def test_every_environment_of_an_active_account_is_an_overlay() -> None:
    accounts = (account("nonprod", "active", "dev", "preprod"), account("prod", "provisioning", "prod"))
    organization = load_organization(ORGANIZATION)
    settings = landing_settings(organization, "churn", accounts, {TOOLING.account_id: TOOLING})
    assert list(settings["environments"]) == ["dev", "preprod"]
    assert settings["environments"]["dev"] == {
        "team": "churn",
        "account": "account of nonprod",
        "region": "eu-west-1",
        "landing": {"environment": "dev", "tooling": "222233334444", "identity": "111122223333"},
    }


def test_it_is_written_beside_headgate_yaml(tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text("name: diabetes\n")
    file = write_landing(tmp_path, {"environments": {"dev": {"team": "churn"}}})
    assert file == tmp_path / "landing.yaml"
    assert yaml.safe_load(file.read_text()) == {"environments": {"dev": {"team": "churn"}}}
    assert sorted(each.name for each in tmp_path.iterdir()) == ["headgate.yaml", "landing.yaml"]


def test_where_there_is_no_project_nothing_is_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no headgate\.yaml"):
        write_landing(tmp_path, {})
    assert list(tmp_path.iterdir()) == []
