"""The governance account's stacks as they are to be: which template, with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.actions.accounts.plan import DesiredStack
from headgate.deploy.prerequisites import OrganizationFacts
from headgate.errors import FailedError
from headgate.infra.kinds import KINDS
from headgate.infra.synth import Assembly, Template
from headgate.spec.organization import Organization

BOOTSTRAP = KINDS["bootstrap"].stack_name
GOVERNANCE = KINDS["governance"].stack_name
UNKNOWN = "(known after apply)"


def desired_stacks(
    organization: Organization, assembly: Assembly, facts: OrganizationFacts | None, durable: Mapping[str, str | None]
) -> tuple[DesiredStack, ...]:
    """Bootstrap and governance. What only applying can tell, such as the ids of accounts to create, is UNKNOWN."""
    values = parameter_values(organization, facts, durable)
    return tuple(
        DesiredStack(KINDS[kind].stack_name, assembly.templates[kind], _of(assembly.templates[kind], values))
        for kind in ("bootstrap", "governance")
    )


def parameter_values(
    organization: Organization, facts: OrganizationFacts | None, durable: Mapping[str, str | None]
) -> dict[str, str]:
    """The values of every parameter that the declaration or the organization decides, whatever stack takes it."""
    return {
        "OrganizationId": facts.organization_id if facts else UNKNOWN,
        "OrganizationRootId": facts.root_id if facts else UNKNOWN,
        "OrganizationName": organization.name,
        "GovernanceAccountId": organization.governance_account_id,
        "ToolingAccountId": durable.get("tooling") or UNKNOWN,
        "DataLakeAccountId": durable.get("data-lake") or UNKNOWN,
        "IdentityAccountId": organization.identity_account_id,
        "HomeRegion": organization.region,
        "ApprovedRegions": ",".join(organization.regions),
        "ApprovedInstanceTypes": ",".join(organization.guardrails.instance_types),
        "NetworkIsolation": _switch(organization.guardrails.network_isolation),
        "CloseAccounts": _switch(organization.close_retired_accounts),
        "LogRetentionDays": str(organization.retention.logs),
        "FeatureExpiryDays": str(organization.retention.feature_branches),
    }


def _switch(on: bool) -> str:
    return "true" if on else "false"


def _of(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """The template's parameters. Raises FailedError for one that nothing gives a value to."""
    given: dict[str, Any] = {name: values.get(name, default) for name, default in template.parameters.items()}
    missing = [name for name, value in given.items() if value is None]
    if missing:
        raise FailedError(f"the template '{template.kind}' asks for {', '.join(missing)}, which nothing declares")
    return given
