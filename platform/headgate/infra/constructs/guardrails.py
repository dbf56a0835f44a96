"""Guardrails of the permission model as service control policies on organizational units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import aws_cdk as cdk
from aws_cdk import aws_organizations as organizations
from constructs import Construct

from headgate.infra.names import identifier
from headgate.infra.permissions.guardrails import Guardrail
from headgate.infra.tokens import filled, sub


class Guardrails(Construct):
    """One policy for each guardrail, attached to its units; `always` are those that are there in any case.

    A guardrail with an option is there only while the parameter of that name is `true`.
    """

    def __init__(
        self, scope: Construct, name: str, guardrails: Iterable[Guardrail], unit_ids: Mapping[str, str]
    ) -> None:
        super().__init__(scope, name)
        self._guardrails = tuple(guardrails)
        self._options = {
            option: cdk.CfnCondition(
                self, f"Has{option}", expression=cdk.Fn.condition_equals(sub(f"${{{option}}}"), "true")
            )
            for option in sorted({each.option for each in self._guardrails if each.option})
        }
        self._ids: dict[str, str] = {}
        self.always: list[organizations.CfnPolicy] = []
        for guardrail in self._guardrails:
            policy = organizations.CfnPolicy(
                self,
                identifier(guardrail.name.removeprefix("headgate-")),
                name=guardrail.name,
                description=guardrail.what,
                type="SERVICE_CONTROL_POLICY",
                content=filled(guardrail.document.body),
                target_ids=[unit_ids[unit] for unit in guardrail.units],
            )
            self._ids[guardrail.name] = policy.attr_id
            if guardrail.option is None:
                self.always.append(policy)
            else:
                policy.cfn_options.condition = self._options[guardrail.option]

    def over(self, *units: str) -> str:
        """The ids of the policies on any of these units, by commas; those that are optional when they are there."""
        on = [each for each in self._guardrails if set(units) & set(each.units)]
        always = cdk.Fn.join(",", [self._ids[each.name] for each in on if each.option is None])
        optional = [
            cdk.Fn.condition_if(
                self._options[each.option].logical_id, cdk.Fn.join("", [",", self._ids[each.name]]), ""
            ).to_string()
            for each in on
            if each.option is not None
        ]
        return cdk.Fn.join("", [always, *optional]) if optional else always
