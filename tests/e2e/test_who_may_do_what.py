"""Who may do what, for real: every row of the table as a call to the local cloud, by whom the row says.

People sign in and assume their roles, services take the machines that trust them (`organization.callers`). A call
counts as denied when the service refuses it and the message names the layer that the table names; as allowed when the
service answers, or complains of the thing itself, which need not exist (`organization.verdicts`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from e2e.organization.proofs import Proofs
from unit.infra.permissions.table import Row, rows

pytestmark = pytest.mark.slow

_LEAST = {"allowed": 100, "identity": 40, "boundary": 20, "scp": 40, "trust": 20, "resource": 5, "key": 3}
_COMPLAINTS = {
    "DeleteConflict",
    "DuplicatePolicyException",
    "EntityAlreadyExists",
    "EntityNotFoundException",
    "ImageNotFoundException",
    "InvalidInputException",
    "InvalidParameterException",
    "MalformedPolicy",
    "MalformedPolicyDocument",
    "NameAlreadyExistsException",
    "NoSuchEntity",
    "NoSuchKey",
    "ResourceNotFound",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "ValidationError",
    "ValidationException",
}
"""Errors about what a call is for, which is looked at only after the caller has been let through."""


@pytest.fixture(scope="module")
def replayed() -> Iterator[Counter[str]]:
    """How many rows ended how."""
    return Counter()


@pytest.mark.parametrize("row", rows(), ids=str)
def test_call_ends_as_the_table_says(proofs: Proofs, replayed: Counter[str], row: Row) -> None:
    found = proofs.call(row.who, row.service, row.operation, row.parameters, region=row.region, context=row.context)
    assert (found.allowed, found.layer) == (row.allowed, row.layer), f"{found.code}: {found.message}"
    if row.allowed:
        assert found.code in {"", *_COMPLAINTS}, found.message
    if row.statement:
        assert row.statement in proofs.statements(found, row.who), found.message
    replayed[found.layer or "allowed"] += 1


def test_enough_of_the_table_was_called_for_every_layer(replayed: Counter[str]) -> None:
    """Only rows that were really called and ended as they should have been counted."""
    assert sum(replayed.values()) == len(rows())
    assert {layer: replayed[layer] for layer, least in _LEAST.items() if replayed[layer] < least} == {}
