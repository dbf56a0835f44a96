"""organization.yaml: what it may say, what it leaves unsaid, and what is told when it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from headgate.errors import UserError
from headgate.spec.organization import (
    BroughtVpc,
    CreatedVpc,
    Organization,
    Retention,
    find_organization,
    load_organization,
    organization_schema,
)
from headgate.spec.problems import SpecError

EXAMPLE = Path(__file__).parents[4] / "accounts" / "organization.yaml"


def declaration(**team: Any) -> dict[str, Any]:
    """A sound organization with one team; `team` changes that team's members, None removes one."""
    churn = {
        "owners": ["owner@example.com", "lead@example.com"],
        "approvers": {"preprod": ["lead@example.com"], "prod": ["risk@example.com"]},
        "cost_centre": "4711",
        "budget": 100,
        "data_sets": ["sales"],
        "cidr": "10.20.0.0/18",
    }
    merged = {name: value for name, value in (churn | team).items() if value is not None}
    return {
        "name": "example",
        "region": "eu-west-1",
        "email": "aws+{account}@example.com",
        "accounts": {"governance": {"id": "111122223333"}},
        "data_sets": {"sales": {}},
        "teams": {"churn": merged},
    }


def load(tmp_path: Path, document: dict[str, Any] | str) -> Organization:
    file = tmp_path / "organization.yaml"
    file.write_text(document if isinstance(document, str) else yaml.safe_dump(document, sort_keys=False))
    return load_organization(file)


def told(tmp_path: Path, document: dict[str, Any] | str) -> list[str]:
    with pytest.raises(SpecError) as raised:
        load(tmp_path, document)
    return [str(problem) for problem in raised.value.problems]


def test_the_example_that_ships_is_sound() -> None:
    organization = load_organization(EXAMPLE)
    assert organization.governance_account_id == "111122223333"
    assert organization.teams["churn"].environments == ("experimentation", "dev", "preprod", "prod")
    assert organization.teams["pricing"].accounts["nonprod"].unit == "Preprod", "its strictest environment decides"


def test_a_team_without_accounts_has_one_for_each_environment(tmp_path: Path) -> None:
    accounts = load(tmp_path, declaration()).teams["churn"].accounts
    assert [account.vpc for account in accounts.values()] == [
        CreatedVpc(f"10.20.{third}.0/20") for third in (0, 16, 32, 48)
    ]
    assert accounts["dev"].email == "aws+churn-dev@example.com"
    assert [account.unit for account in accounts.values()] == ["Experimentation", "Dev", "Preprod", "Prod"]


def test_only_an_account_of_nothing_but_experiments_has_internet(tmp_path: Path) -> None:
    accounts = {"free": {"environments": ["experimentation"]}, "shared": {"environments": ["prod", "dev"]}}
    team = load(tmp_path, declaration(accounts=accounts, approvers={"prod": ["risk@example.com"]})).teams["churn"]
    assert team.accounts["free"].has_internet
    assert not team.accounts["shared"].has_internet
    assert team.accounts["shared"].environments == ("dev", "prod"), "from the freest to the strictest"
    assert team.account_of("prod") is team.accounts["shared"]
    assert team.account_of("preprod") is None


def test_an_environment_keeps_its_network_when_another_account_goes(tmp_path: Path) -> None:
    one = load(tmp_path, declaration(accounts={"prod": {}}, approvers={"prod": ["risk@example.com"]}))
    assert one.teams["churn"].accounts["prod"].vpc == CreatedVpc("10.20.48.0/20")


def test_a_vpc_may_be_brought_into_an_adopted_account(tmp_path: Path) -> None:
    vpc = {
        "id": "vpc-0123456789",
        "subnets": ["subnet-01234567", "subnet-01234568"],
        "security_groups": ["sg-01234567"],
    }
    accounts = {"dev": {"id": "999988887777", "vpc": vpc}}
    account = load(tmp_path, declaration(accounts=accounts, approvers={}, cidr=None)).teams["churn"].accounts["dev"]
    assert account.vpc == BroughtVpc("vpc-0123456789", ("subnet-01234567", "subnet-01234568"), ("sg-01234567",))
    assert account.account_id == "999988887777"


def test_defaults_are_the_home_region_and_the_governance_account(tmp_path: Path) -> None:
    organization = load(tmp_path, declaration())
    assert organization.regions == ("eu-west-1",)
    assert organization.teams["churn"].region == "eu-west-1"
    assert organization.identity_account_id == "111122223333"
    assert organization.durable["tooling"].email == "aws+tooling@example.com"


def test_what_is_kept_closed_and_isolated_is_as_it_always_was_unless_it_is_declared(tmp_path: Path) -> None:
    organization = load(tmp_path, declaration())
    assert organization.retention == Retention(365, 14)
    assert organization.teams["churn"].retention == Retention(None, None)
    assert (organization.close_retired_accounts, organization.guardrails.network_isolation) == (False, False)
    assert {each.endpoint_zones for each in organization.teams["churn"].accounts.values()} == {2}
    said = {
        "close_retired_accounts": True,
        "retention": {"logs": 90},
        "guardrails": {"network_isolation": True},
    }
    team = {"retention": {"feature_branches": 3}, "accounts": {"dev": {"endpoint_zones": 1}}, "approvers": {}}
    organization = load(tmp_path, declaration(**team) | said)
    assert organization.retention == Retention(90, 14)
    assert organization.teams["churn"].retention == Retention(None, 3)
    assert (organization.close_retired_accounts, organization.guardrails.network_isolation) == (True, True)
    assert organization.teams["churn"].accounts["dev"].endpoint_zones == 1


def test_nothing_behind_a_name_is_a_mapping_without_members(tmp_path: Path) -> None:
    document = declaration(accounts={"dev": None}, approvers={})
    document["accounts"]["tooling"] = None
    document["data_sets"]["sales"] = None
    organization = load(tmp_path, document)
    assert list(organization.teams["churn"].accounts) == ["dev"]


def test_the_digest_is_of_what_is_declared_not_of_how_it_is_written(tmp_path: Path) -> None:
    one = load(tmp_path, declaration())
    reordered = dict(reversed(declaration().items()))
    other = load(tmp_path, "# a comment\n" + yaml.safe_dump(reordered, sort_keys=True))
    assert one.digest == other.digest
    assert one.digest != load(tmp_path, declaration(budget=101)).digest
    assert json.loads(json.dumps(one.as_json())) == one.as_json()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"owners": ["lead@example.com"]}, "lead@example.com is the team's only owner, and would approve"),
        ({"approvers": {"preprod": ["lead@example.com"]}}, "nobody approves for prod"),
        ({"accounts": {"dev": {}}}, "the team has no environment 'preprod'"),
        ({"data_sets": ["salse"]}, "unknown data set 'salse' (allowed: sales; did you mean 'sales'?)"),
        ({"region": "us-west-2"}, "the guardrail forbids us-west-2 (allowed: one of guardrails.regions: eu-west-1"),
        ({"cidr": "10.20.0.1/18"}, "has host bits set"),
        ({"cidr": "10.0.0.0/8"}, "/8 is too large (allowed: a private network of /14 to /22"),
        ({"cidr": "10.0.0.0/24"}, "/24 is too small"),
        ({"cidr": "8.8.0.0/18"}, "8.8.0.0/18 is not a private network"),
        ({"cidr": None}, "nothing says which network its VPC is to have"),
        ({"accounts": {"prdo": {}}, "approvers": {}}, "'prdo' is no environment, and it says none"),
        (
            {
                "accounts": {"dev": {}, "other": {"environments": ["dev"], "vpc": {"cidr": "10.1.0.0/20"}}},
                "approvers": {},
            },
            "environment 'dev' is in account 'dev' already",
        ),
        (
            {"accounts": {"dev": {"vpc": {"cidr": "10.1.0.0/28"}}}, "approvers": {}},
            "/28 is too small (allowed: a private network of /16 to /24",
        ),
        (
            {
                "accounts": {
                    "dev": {
                        "vpc": {
                            "id": "vpc-0123456789",
                            "subnets": ["subnet-01234567", "subnet-01234568"],
                            "security_groups": ["sg-01234567"],
                        }
                    }
                },
                "approvers": {},
            },
            "a VPC that is there needs an account that is there",
        ),
        ({"accounts": {"dev": {"id": "111122223333"}}, "approvers": {}}, "account 111122223333 is declared already"),
        (
            {"accounts": {"experimentation": {"endpoint_zones": 1}}, "approvers": {}},
            "no interface endpoint is made in it: it reaches AWS through a NAT gateway (allowed: no endpoint_zones)",
        ),
        (
            {
                "accounts": {
                    "dev": {
                        "id": "222233334444",
                        "vpc": {
                            "id": "vpc-0123456789",
                            "subnets": ["subnet-01234567", "subnet-01234568"],
                            "security_groups": ["sg-01234567"],
                        },
                        "endpoint_zones": 2,
                    }
                },
                "approvers": {},
            },
            "no interface endpoint is made in it: its VPC is brought",
        ),
        ({"accounts": {"dev": {"endpoint_zones": 3}}, "approvers": {}}, "endpoint_zones: found 3"),
        ({"retention": {"logs": 100}}, "teams.churn.retention.logs: found 100"),
        ({"retention": {"feature_branches": 0}}, "teams.churn.retention.feature_branches: found 0"),
        ({"owners": ["a@example.com,b@example.com"]}, "teams.churn.owners.0: found"),
        ({"budget": 0}, "teams.churn.budget: found 0"),
        ({"budgets": 10}, "unknown key 'budgets' in teams.churn"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(changes: dict[str, Any], expected: str, tmp_path: Path) -> None:
    problems = told(tmp_path, declaration(**changes))
    assert any(expected in problem for problem in problems), problems
    assert all("organization.yaml:" in problem for problem in problems)


def test_a_team_declared_twice_is_said(tmp_path: Path) -> None:
    text = yaml.safe_dump(declaration(), sort_keys=False)
    team = text[text.index("  churn:") :]
    (problem,) = told(tmp_path, text + team)
    assert "churn" in problem
    assert "twice" in problem or "already" in problem


def test_overlapping_networks_name_both_sides(tmp_path: Path) -> None:
    document = declaration()
    document["teams"]["pricing"] = {**document["teams"]["churn"], "cidr": "10.20.16.0/20"}
    problems = told(tmp_path, document)
    assert len(problems) == 4, "each quarter of the second team's network"
    assert "overlaps 10.20.16.0/20 of teams.churn.accounts.dev" in problems[0]


def test_two_accounts_with_one_address_are_refused(tmp_path: Path) -> None:
    accounts = {"dev": {}, "other": {"environments": ["preprod"], "email": "AWS+churn-dev@example.com"}}
    document = declaration(accounts=accounts, approvers={"preprod": ["lead@example.com"]})
    (problem,) = told(tmp_path, document)
    assert "is also that of teams.churn.accounts.dev" in problem


def test_the_home_region_must_be_allowed(tmp_path: Path) -> None:
    document = declaration()
    document["guardrails"] = {"regions": ["us-east-1"]}
    assert any("forbids the home Region eu-west-1" in problem for problem in told(tmp_path, document))


def test_a_missing_file_says_where_it_would_be(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no organization\.yaml") as raised:
        load_organization(tmp_path)
    assert "accounts/organization.yaml" in (raised.value.expected or "")


def test_it_is_found_from_below(tmp_path: Path) -> None:
    (tmp_path / "accounts").mkdir()
    (tmp_path / "work" / "deep").mkdir(parents=True)
    file = tmp_path / "accounts" / "organization.yaml"
    file.write_text("name: example\n")
    assert find_organization(tmp_path / "work" / "deep") == file
    assert find_organization(file) == file


def test_the_schema_is_one() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(organization_schema())


def test_a_hundred_teams_load_quickly_enough_to_plan(tmp_path: Path) -> None:
    document = declaration()
    team = document["teams"].pop("churn")
    for number in range(100):
        document["teams"][f"team-{number}"] = {**team, "cidr": f"10.{number}.0.0/18"}
    assert len(list(load(tmp_path, document).accounts())) == 400
