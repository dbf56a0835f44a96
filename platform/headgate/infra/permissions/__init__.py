"""The one model of who does what, from which all of Headgate's IAM is generated.

`resources` has each ARN pattern once; `capabilities` are named sets of actions on them; `people`, `machines` and
`vending` say who is given which where; `boundary` and `guardrails` say what nobody may, whatever they are given.
Pure Python: neither the CDK nor boto3 is imported.
"""

from __future__ import annotations

from headgate.infra.permissions.boundary import boundary
from headgate.infra.permissions.document import Document, Purpose, Ref, Statement, render, size
from headgate.infra.permissions.guardrails import Guardrail, guardrails
from headgate.infra.permissions.model import all_roles, documents, roles_of
from headgate.infra.permissions.places import Kind, Persona
from headgate.infra.permissions.roles import Role

__all__ = [
    "Document",
    "Guardrail",
    "Kind",
    "Persona",
    "Purpose",
    "Ref",
    "Role",
    "Statement",
    "all_roles",
    "boundary",
    "documents",
    "guardrails",
    "render",
    "roles_of",
    "size",
]
