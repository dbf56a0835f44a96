"""Becoming somebody in an account: who, of which team, and where it is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from headgate.actions.accounts import personas
from headgate.actions.accounts.personas import Wish, become, in_organization, places
from headgate.aws.sessions import Session
from headgate.errors import UserError
from headgate.spec.organization import Organization
from unit.actions.accounts.cloud import Catalog, FakeSession, refused
from unit.actions.accounts.worlds import GOVERNANCE, LAKE, TOOLING, declare

DEV, PROD, SHARED = "720000000000", "740000000000", "850000000000"


class Members:
    """Organizations with the durable accounts."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def get_paginator(self, _: str) -> Any:
        addresses = {GOVERNANCE: "root", TOOLING: "aws+tooling", LAKE: "aws+data-lake"}
        accounts = [
            {"Id": identity, "Email": f"{name}@example.com", "Status": "ACTIVE"} for identity, name in addresses.items()
        ]
        return type("Pages", (), {"paginate": lambda *_, **__: [{"Accounts": accounts}]})()

    def describe_organization(self) -> Any:
        if self.error:
            raise self.error
        return {"Organization": {}}


class Person(FakeSession):
    """Somebody who has signed in, and remembers what they have become."""

    def assume(self, role_arn: str) -> str:
        return role_arn


@pytest.fixture
def organization(tmp_path: Path) -> Organization:
    return declare(tmp_path)


@pytest.fixture
def governance(monkeypatch: pytest.MonkeyPatch) -> Session:
    catalog = Catalog()
    catalog.add("dev", account_id=DEV, environments=["dev"])
    catalog.add("prod", account_id=PROD, environments=["prod"])
    catalog.add("old", "retired", account_id="790000000000", environments=["dev"])
    catalog.add("new", "requested", environments=["preprod"])
    catalog.rows.append(
        {
            "team": "pricing",
            "account_name": "nonprod",
            "state": "active",
            "account_id": SHARED,
            "environments": ["experimentation", "dev"],
        }
    )
    session = cast("Session", FakeSession({"dynamodb": catalog, "organizations": Members()}))
    monkeypatch.setattr(personas, "root_session", lambda _, account: session)
    monkeypatch.setattr(personas, "sign_in", lambda *_: Person({}))
    return session


def test_places_are_the_living_accounts_environments_and_the_durable_accounts(
    governance: Session, organization: Organization
) -> None:
    assert [str(place) for place in places(governance, organization)] == [
        f"churn dev ({DEV})",
        f"churn prod ({PROD})",
        f"pricing experimentation ({SHARED})",
        f"pricing dev ({SHARED})",
        f"governance ({GOVERNANCE})",
        f"tooling ({TOOLING})",
        f"data-lake ({LAKE})",
    ]


@pytest.mark.parametrize(
    ("wish", "role"),
    [
        (Wish("data-scientist", "churn"), f"{DEV}:role/headgate/headgate-dev-data-scientist"),
        (Wish("data-scientist", "pricing", "dev"), f"{SHARED}:role/headgate/headgate-dev-data-scientist"),
        (Wish("ml-engineer", "churn", account=PROD), f"{PROD}:role/headgate/headgate-prod-ml-engineer"),
        (Wish("auditor", place="data-lake"), f"{LAKE}:role/headgate/headgate-data-lake-auditor"),
        (Wish("it", account=TOOLING), f"{TOOLING}:role/headgate/headgate-tooling-it"),
    ],
)
def test_a_wish_that_means_one_place_is_granted(
    governance: Session, organization: Organization, tmp_path: Path, wish: Wish, role: str
) -> None:
    assert become(governance, organization, wish, tmp_path) == f"arn:aws:iam::{role}"


@pytest.mark.parametrize(
    ("wish", "message", "expected"),
    [
        (Wish("scientist", "churn"), "there is no persona 'scientist'", "data-scientist"),
        (Wish("data-scientist"), "a data-scientist is somebody of a team", "--team TEAM"),
        (Wish("data-scientist", "pricing"), "a data-scientist may be in 2 places", "--env, --account or --team"),
        (Wish("data-scientist", "churn", "prod"), "no place for a data-scientist in churn prod", "experimentation"),
        (Wish("data-scientist", "nobody", "dev"), "no place for a data-scientist in nobody dev", "experimentation"),
    ],
)
def test_a_wish_that_means_none_or_several_says_what_is_missing(
    governance: Session, organization: Organization, tmp_path: Path, wish: Wish, message: str, expected: str
) -> None:
    with pytest.raises(UserError, match=message) as raised:
        become(governance, organization, wish, tmp_path)
    assert expected in (raised.value.expected or "")


@pytest.mark.parametrize(
    ("error", "inside"),
    [
        (None, True),
        (refused("AWSOrganizationsNotInUseException"), False),
        (refused("AccessDeniedException"), True),
    ],
)
def test_an_account_is_in_an_organization_unless_that_is_said(error: Exception | None, inside: bool) -> None:
    session = cast("Session", FakeSession({"organizations": Members(error)}))
    assert in_organization(session) is inside
