"""The way in: every role, policy and guardrail of the model, by the kind of stack that creates it."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.errors import UserError
from headgate.infra.permissions.boundary import boundary
from headgate.infra.permissions.cloudformation import roles_of_cloudformation
from headgate.infra.permissions.document import Document
from headgate.infra.permissions.guardrails import guardrails
from headgate.infra.permissions.machines import roles_of_machines
from headgate.infra.permissions.people import roles_of_people
from headgate.infra.permissions.places import Kind
from headgate.infra.permissions.roles import Role
from headgate.infra.permissions.vending import roles_of_vending


def roles_of(kind: Kind | str) -> tuple[Role, ...]:
    """The roles that stacks of this kind create, in a stable order."""
    wanted = _kind(kind)
    return tuple(each for each in all_roles() if each.kind is wanted)


def all_roles() -> tuple[Role, ...]:
    """Every role of the model."""
    return (*roles_of_people(), *roles_of_machines(), *roles_of_cloudformation(), *roles_of_vending())


def documents(kind: Kind | str) -> Mapping[str, Document]:
    """Every policy document of this kind of stack by name: of roles, the boundary, guardrails."""
    wanted = _kind(kind)
    made = {document.name: document for role in roles_of(wanted) for document in role.documents}
    if wanted in {Kind.BOOTSTRAP, Kind.GUARD}:
        made["boundary"] = boundary()
    if wanted is Kind.GOVERNANCE:
        made.update({each.document.name: each.document for each in guardrails()})
    return made


def _kind(kind: Kind | str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise UserError(f"there is no kind of stack {kind!r}", expected=", ".join(Kind)) from None
