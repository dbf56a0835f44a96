"""Guardrails of the permission model as service control policies on organizational units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import aws_organizations as organizations
from constructs import Construct

from headgate.infra.names import identifier
from headgate.infra.permissions.guardrails import Guardrail
from headgate.infra.tokens import filled


class Guardrails(Construct):
    """One policy for each guardrail, attached to its units; `ids` are the policies' ids by name."""

    def __init__(
        self, scope: Construct, name: str, guardrails: Iterable[Guardrail], unit_ids: Mapping[str, str]
    ) -> None:
        super().__init__(scope, name)
        self.ids: dict[str, str] = {}
        for guardrail in guardrails:
            policy = organizations.CfnPolicy(
                self,
                identifier(guardrail.name.removeprefix("headgate-")),
                name=guardrail.name,
                description=guardrail.what,
                type="SERVICE_CONTROL_POLICY",
                content=filled(guardrail.document.body),
                target_ids=[unit_ids[unit] for unit in guardrail.units],
            )
            self.ids[guardrail.name] = policy.attr_id
