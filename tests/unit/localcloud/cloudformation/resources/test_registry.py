"""What the resource types say of themselves agrees with CloudFormation's registry schemas."""

from __future__ import annotations

import pytest

from headgate.localcloud.cloudformation.resources import registry
from headgate.localcloud.cloudformation.types import Recoverable, ResourceType
from unit.localcloud.cloudformation.resources.bench import schema


@pytest.mark.parametrize("name", sorted(registry()))
def test_a_type_handles_and_ignores_only_properties_of_its_schema(name: str) -> None:
    kind, properties = registry()[name], schema(name)["properties"]
    assert isinstance(kind, ResourceType)
    assert isinstance(kind, Recoverable)
    assert kind.type_name == name
    assert kind.handled <= set(properties)
    assert set(kind.ignored) <= set(properties) - kind.handled
    assert all(len(reason.split()) > 3 for reason in kind.ignored.values())


@pytest.mark.parametrize("name", sorted(registry()))
def test_a_type_handles_every_property_that_its_schema_requires(name: str) -> None:
    assert set(schema(name).get("required", ())) <= registry()[name].handled
