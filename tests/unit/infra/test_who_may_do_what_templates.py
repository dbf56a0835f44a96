"""Who may do what, by the synthesized templates: what CloudFormation would create decides every row the same way."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from e2e.organization.building import DECLARATION
from headgate.infra.contents import Inputs
from headgate.infra.permissions.boundary import boundary
from headgate.infra.permissions.deployed_types import GOVERNANCE_TYPES, PRODUCT_TYPES
from headgate.infra.permissions.document import render
from headgate.infra.synth import synthesize_inputs
from headgate.localcloud.identity.authorizer import Authorizer
from headgate.spec.organization import load_organization
from unit.infra.permissions.table import Row, rows
from unit.infra.permissions.templates import from_templates
from unit.infra.permissions.world import IDS, World, caller, from_model, values

pytestmark = pytest.mark.slow


class _Clock:
    def now(self) -> float:
        return 1_800_000_000.0


@pytest.fixture(scope="module")
def templates(template_cache: Path) -> dict[str, str]:
    """Those of the organization in which the same table is called for real."""
    assembly = synthesize_inputs(Inputs.of(load_organization(DECLARATION)), cache=template_cache)
    return {kind: template.body for kind, template in assembly.templates.items()}


@pytest.fixture(scope="module")
def world(templates: dict[str, str]) -> World:
    return from_templates(templates)


def _wrong(world: World) -> Iterator[str]:
    authorizer = Authorizer(world, _Clock())
    for row in rows():
        asking = replace(caller(row.who, row.context), region=row.region)
        endpoint = world.endpoint(row.service, row.context)
        found = authorizer.authorize(row.service, row.operation, row.parameters, asking, endpoint)
        decision = found.decision
        said = (decision.allowed, "" if decision.allowed else decision.layer, _sid(row, decision.statement))
        if said != (row.allowed, row.layer, row.statement):
            yield f"{row}: {said} {found.message}"


def _sid(row: Row, statement: object) -> str:
    return str(statement["Sid"]) if row.statement and isinstance(statement, dict) else ""


def test_templates_decide_every_row_as_the_table_says(world: World) -> None:
    assert not list(_wrong(world))


def test_templates_hold_the_models_roles_policies_and_boundary_and_no_others(world: World) -> None:
    model = from_model()
    assert set(world.roles) == set(model.roles)
    for arn, held in model.roles.items():
        made = world.roles[arn]
        assert made.trust == held.trust, arn
        assert sorted(map(str, made.policies)) == sorted(map(str, held.policies)), arn
        assert made.boundary == held.boundary, arn
        assert held.tags.items() <= made.tags.items(), arn


def test_templates_guard_the_models_endpoints(world: World) -> None:
    assert world.endpoints == from_model().endpoints


def test_templates_attach_the_models_guardrails(world: World) -> None:
    assert world.scps == from_model().scps


def test_templates_hold_the_models_policies_of_resources(world: World) -> None:
    model = from_model()
    ours = {name: bucket for name, bucket in model.buckets.items() if bucket.owner != IDS["stranger"]}
    for name, bucket in ours.items():
        held, said = _by_sid(world.buckets[name].policy), _by_sid(bucket.policy)
        if not bucket.key:  # of governance's keys the table knows none, so neither what requires them
            held = {sid: each for sid, each in held.items() if sid in said}
        assert held == said, name
    assert {arn: world.keys[arn][0] for arn in model.keys} == {arn: policy for arn, (policy, _) in model.keys.items()}
    assert {arn: world.policies[arn] for arn in model.policies} == model.policies


def _by_sid(policy: Mapping[str, Any] | None) -> dict[str, Any]:
    assert policy is not None
    return {each["Sid"]: each for each in policy["Statement"]}


def test_the_boundary_is_the_same_document_in_every_account(world: World) -> None:
    number = values("churn-dev")["AWS::AccountId"]
    assert world.policies[f"arn:aws:iam::{number}:policy/headgate/headgate-boundary"] == render(
        boundary(), values("churn-dev")
    )


def test_cloudformations_roles_know_every_type_that_they_deploy(templates: dict[str, str]) -> None:
    def types(kind: str) -> set[str]:
        found = {each["Type"] for each in json.loads(templates[kind])["Resources"].values()}
        return {each for each in found if not each.startswith("Custom::")}

    assert types("governance") == set(GOVERNANCE_TYPES) & types("governance")
    assert types("product-account-set") | types("product-project") <= set(PRODUCT_TYPES)
