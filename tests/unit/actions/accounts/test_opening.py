"""An organization opened: its session, its templates, and who works on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from headgate.actions.accounts import opening
from headgate.actions.accounts.opening import (
    OpenOrganization,
    as_platform_team,
    open_organization,
    organization_root,
    who,
)
from headgate.aws.sessions import Session
from headgate.errors import UserError
from headgate.spec.organization import load_organization
from unit.actions.accounts.cloud import WHO, FakeSession, Sts
from unit.actions.accounts.worlds import GOVERNANCE, declare


def test_the_session_is_of_the_governance_account_and_the_home_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def connect(root: Path, target: str, **more: Any) -> str:
        asked.update(more, root=root, target=target)
        return "session"

    monkeypatch.setattr(opening, "connect", connect)
    declare(tmp_path)
    opened = open_organization(tmp_path, "local")
    assert opened.session == cast("Session", "session")
    assert asked == {"root": tmp_path, "target": "local", "account": GOVERNANCE, "region": "eu-west-1"}


IDENTITY = "999988887777"


class Signed(FakeSession):
    """A session whose roles are the roles' ARNs."""

    def assume(self, role: str) -> str:
        if self.account == "0":
            raise UserError("may not", expected="somebody else", next_command="look")
        return role


def connected(monkeypatch: pytest.MonkeyPatch, account: str) -> None:
    """Credentials of an account, wherever it is connected to."""
    monkeypatch.setattr(opening, "connect", lambda *_, **__: Signed({}, account=account, target="aws"))


@pytest.mark.parametrize("identity", [GOVERNANCE, IDENTITY])
def test_administrators_of_governance_work_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: str
) -> None:
    organization = declare(tmp_path, identity=identity)
    connected(monkeypatch, GOVERNANCE)
    opened = open_organization(tmp_path, "aws")
    assert opened == OpenOrganization(organization, opened.session)
    assert opened.session.account == GOVERNANCE


def test_people_of_the_identity_account_become_the_platform_team(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(tmp_path, identity=IDENTITY)
    connected(monkeypatch, IDENTITY)
    opened = open_organization(tmp_path, "aws")
    assert opened.as_platform
    assert cast("str", opened.session) == f"arn:aws:iam::{GOVERNANCE}:role/headgate/headgate-governance-it"
    assert as_platform_team(opened) is opened.session


@pytest.mark.parametrize(
    ("identity", "expected"),
    [
        (GOVERNANCE, f"credentials of the governance account {GOVERNANCE}"),
        (IDENTITY, f"credentials of the governance account {GOVERNANCE}, or of the identity account {IDENTITY}"),
    ],
)
def test_other_credentials_are_told_in_terms_of_the_organization(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: str, expected: str
) -> None:
    declare(tmp_path, identity=identity)
    connected(monkeypatch, "1")
    with pytest.raises(UserError, match="of account 1, which does not govern this organization") as raised:
        open_organization(tmp_path, "aws")
    assert raised.value.expected == expected


def test_who_may_not_become_the_platform_team_is_told_what_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "sign_in", lambda session, *_: session)
    opened = OpenOrganization(declare(tmp_path), cast("Session", Signed({}, account="0", target="aws")))
    with pytest.raises(UserError, match="may not") as raised:
        as_platform_team(opened)
    assert f"credentials of account {GOVERNANCE} with the tag headgate:persona=it" in str(raised.value.expected)


def test_the_cloud_belongs_to_the_folder_above_accounts(tmp_path: Path) -> None:
    declare(tmp_path)
    assert organization_root(load_organization(tmp_path)) == tmp_path
    (tmp_path / "accounts").mkdir()
    (tmp_path / "organization.yaml").rename(tmp_path / "accounts" / "organization.yaml")
    assert organization_root(load_organization(tmp_path)) == tmp_path


class Person(FakeSession):
    def assume(self, role: str) -> str:
        return role


@pytest.mark.parametrize("identity", [None, "999988887777"])
def test_the_platform_team_signs_in_where_people_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: str | None
) -> None:
    from dataclasses import replace

    organization = declare(tmp_path)
    if identity:
        organization = replace(organization, identity_account_id=identity)
    connected: list[str] = []
    signed: list[tuple[Any, str]] = []

    def connect(_: Path, __: str, *, account: str, region: str) -> str:
        connected.append(account)
        return "identity"

    def sign_in(session: Any, persona: str, _: Path) -> Person:
        signed.append((session, persona))
        return Person({})

    monkeypatch.setattr(opening, "connect", connect)
    monkeypatch.setattr(opening, "sign_in", sign_in)
    governance = FakeSession({})
    role = as_platform_team(OpenOrganization(organization, cast("Session", governance)))
    assert cast("str", role) == f"arn:aws:iam::{GOVERNANCE}:role/headgate/headgate-governance-it"
    assert connected == ([identity] if identity else [])
    assert signed == [("identity" if identity else governance, "it")]


def test_who_deploys_is_a_person_and_their_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody")
    assert who(cast("Session", FakeSession({"sts": Sts()}))) == f"somebody as {WHO}"


def test_templates_are_kept_between_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caches: list[Path] = []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(opening, "synthesize", lambda _, cache: caches.append(cache))
    OpenOrganization(declare(tmp_path), cast("Session", None)).assembly()
    assert caches == [tmp_path / "cache" / "headgate" / "templates"]
