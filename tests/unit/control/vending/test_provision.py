from __future__ import annotations

from typing import Any

import pytest

from unit.control.machine import Execution
from unit.control.world import World, declaration


@pytest.fixture
def world() -> World:
    world = World()
    world.others.declaration = declaration(experimentation={}, nonprod={"environments": ["dev", "preprod"]}, prod={})
    return world


def provision(world: World, name: str = "one", **more: Any) -> Execution:
    return Execution(world, {"action": "provision", "team": "sales", **more}, name).run()


def test_accounts_stand_in_the_unit_of_their_strictest_environment_with_all_their_stacks(world: World) -> None:
    assert provision(world).status == "SUCCEEDED"
    rows = world.rows()
    assert {name: (row["state"], row["ou"]) for name, row in rows.items()} == {
        "sales/experimentation": ("active", "Experimentation"),
        "sales/nonprod": ("active", "Preprod"),
        "sales/prod": ("active", "Prod"),
    }
    nonprod = rows["sales/nonprod"]["account_id"]
    assert world.organization.accounts[nonprod].parent == "ou-preprod"
    assert world.stack_sets.of(nonprod) == {
        "headgate-guard": "CURRENT",
        "headgate-account": "CURRENT",
        "headgate-environment-dev": "CURRENT",
        "headgate-environment-preprod": "CURRENT",
    }
