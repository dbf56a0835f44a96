"""Guardrails: service control policies, attached to organizational units.

They bind every principal of a member account, root and administrators included, except service-linked roles. The
management account is under no service control policy: there, roles and their boundary are all there is.
"""

from __future__ import annotations

from dataclasses import dataclass

from headgate.infra.permissions.document import Document, Purpose, Statement
from headgate.infra.permissions.guardrails import data, learning, operation, organization

PER_TARGET = 5
"""Service control policies that may be attached to one target, AWS's FullAWSAccess among them."""


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A service control policy: `units` are the organizational units that it is attached to, by name.

    With an `option` it is there only while that parameter of the governance stack is `true`.
    """

    name: str
    what: str
    units: tuple[str, ...]
    document: Document
    option: str | None = None


def guardrails() -> tuple[Guardrail, ...]:
    """Every guardrail, in the order in which an account meets them from the root down."""
    every, closed, guarded = ("Headgate",), ("Dev", "Preprod", "Prod"), ("Preprod", "Prod")
    return (
        _guardrail(
            "organization", "Regions, root users, users with keys, membership", every, organization.organization()
        ),
        _guardrail(
            "baseline", "what Headgate installs stays, roles carry the boundary", every, organization.baseline()
        ),
        _guardrail("data", "nothing becomes public or leaves, no key is deleted", every, data.data()),
        _guardrail("machine-learning", "approved instance types", ("Teams",), learning.machine_learning()),
        _guardrail("private", "no way to the internet; jobs in the VPC and encrypted", closed, learning.private()),
        _guardrail(
            "network-isolation",
            "containers without network",
            closed,
            learning.network_isolation(),
            option="NetworkIsolation",
        ),
        _guardrail("deployment", "machines deploy, people look", guarded, operation.deployment()),
        _guardrail("quarantine", "nobody but auditors", ("Quarantine", "Retired"), operation.quarantine()),
    )


def _guardrail(
    name: str, what: str, units: tuple[str, ...], statements: tuple[Statement, ...], *, option: str | None = None
) -> Guardrail:
    document = Document(f"guardrail/{name}", Purpose.GUARDRAIL, statements, what=what)
    return Guardrail(f"headgate-{name}", what, units, document, option)
