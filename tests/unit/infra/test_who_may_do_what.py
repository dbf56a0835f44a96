"""Who may do what: every row of the table, decided by IAM's evaluator over the permission model's documents."""

from __future__ import annotations

from dataclasses import replace

import pytest

from headgate.control.vending.calls import CALLS
from headgate.infra.permissions.model import all_roles
from headgate.infra.permissions.places import ENVIRONMENTS
from headgate.localcloud.identity.authorizer import Authorizer
from unit.infra.permissions.table import Row, rows
from unit.infra.permissions.world import World, caller, from_model


class _Clock:
    def now(self) -> float:
        return 1_800_000_000.0


@pytest.fixture(scope="module")
def world() -> World:
    return from_model()


@pytest.fixture(scope="module")
def authorizer(world: World) -> Authorizer:
    return Authorizer(world, _Clock())


@pytest.mark.parametrize("row", rows(), ids=str)
def test_row_is_decided_as_the_table_says(world: World, authorizer: Authorizer, row: Row) -> None:
    asking = replace(caller(row.who, row.context), region=row.region)
    endpoint = world.endpoint(row.service, row.context)
    found = authorizer.authorize(row.service, row.operation, row.parameters, asking, endpoint)
    said = (found.decision.allowed, "" if found.decision.allowed else found.decision.layer)
    assert said == (row.allowed, row.layer), f"{found.message} {found.decision}"
    if row.statement:
        assert found.decision.statement is not None, found.message
        assert found.decision.statement["Sid"] == row.statement


def test_table_is_large_enough_and_has_no_row_twice() -> None:
    every = rows()
    assert len(every) >= 120
    calls = [(row.who, row.service, row.operation, str(row.parameters), row.region, str(row.context)) for row in every]
    assert len(set(calls)) == len(calls)
    assert {row.layer for row in every} >= {"", "identity", "boundary", "scp", "resource", "trust", "key", "endpoint"}


def test_no_role_of_the_model_is_left_out_of_the_table() -> None:
    asking = {row.who.partition("@")[0] for row in rows()}
    missing = {
        role.name
        for role in all_roles()
        if not any(role.name.replace("${Environment}", place) in asking for place in (*ENVIRONMENTS, ""))
    }
    assert missing <= {f"headgate-vending-{each}" for each in CALLS}
