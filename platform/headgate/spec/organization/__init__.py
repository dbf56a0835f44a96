"""The organization of accounts: organization.yaml → JSON Schema and rules → frozen values."""

from __future__ import annotations

from headgate.spec.organization.load import (
    ORGANIZATION_FILE,
    find_organization,
    folder_of,
    load_organization,
    organization_schema,
)
from headgate.spec.organization.model import (
    DURABLE,
    ENVIRONMENTS,
    AccountDeclaration,
    BroughtVpc,
    CreatedVpc,
    DataSet,
    DurableAccount,
    Guardrails,
    Organization,
    Retention,
    Team,
)

__all__ = [
    "DURABLE",
    "ENVIRONMENTS",
    "ORGANIZATION_FILE",
    "AccountDeclaration",
    "BroughtVpc",
    "CreatedVpc",
    "DataSet",
    "DurableAccount",
    "Guardrails",
    "Organization",
    "Retention",
    "Team",
    "find_organization",
    "folder_of",
    "load_organization",
    "organization_schema",
]
