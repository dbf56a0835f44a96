"""The words of the permission model: environments, durable accounts, personas, tags, and the names of roles.

An environment and a durable account are both a *place*: a role is called after its place and its persona or machine.
"""

from __future__ import annotations

from enum import StrEnum

ENVIRONMENTS = ("experimentation", "dev", "preprod", "prod")
DURABLE = ("governance", "tooling", "data-lake")
PLACES = (*ENVIRONMENTS, *DURABLE)

EXPERIMENTATION = frozenset({"experimentation"})
DEV = frozenset({"dev"})
FREE = frozenset({"experimentation", "dev"})
"""Where people work."""
GUARDED = frozenset({"preprod", "prod"})
"""Where people only look."""
CLOSED = frozenset({"dev", "preprod", "prod"})
"""Without internet, deployed by machines."""
EVERYWHERE = frozenset(ENVIRONMENTS)


class Persona(StrEnum):
    """Who people are."""

    DATA_SCIENTIST = "data-scientist"
    LEAD_DATA_SCIENTIST = "lead-data-scientist"
    ML_ENGINEER = "ml-engineer"
    DATA_ENGINEER = "data-engineer"
    PRODUCT_OWNER = "product-owner"
    AUDITOR = "auditor"
    IT = "it"

    @property
    def is_of_a_team(self) -> bool:
        """Auditors and IT serve the whole organization; everybody else works for a team."""
        return self not in {Persona.AUDITOR, Persona.IT}


class Kind(StrEnum):
    """The kinds of stack that roles and policies are created by."""

    BOOTSTRAP = "bootstrap"
    GOVERNANCE = "governance"
    TOOLING = "tooling"
    DATA_LAKE = "data-lake"
    GUARD = "guard"
    ACCOUNT = "account"
    ENVIRONMENT = "environment"


TEAM_TAG = "headgate:team"
PERSONA_TAG = "headgate:persona"
ENVIRONMENT_TAG = "headgate:environment"
DATA_SETS_TAG = "headgate:data-sets"
PROJECT_TAG = "headgate:project"
ACCOUNT_TAG = "headgate:account"
"""On everything that is tagged and stands once in an account, such as its network."""
TAGS = "headgate:*"

ROLE_PATH = "/headgate/"
"""Roles and policies that StackSets and the governance stack create, and nobody else touches."""
PROJECT_PATH = "/headgate-project/"
"""Roles that a project's own stacks create, always within the boundary."""
BOUNDARY = "headgate-boundary"

OWN_TEAM = f"${{aws:PrincipalTag/{TEAM_TAG}}}"
OWN_ENVIRONMENT = f"${{aws:PrincipalTag/{ENVIRONMENT_TAG}}}"


def role_name(place: str, who: str) -> str:
    """`headgate-<place>-<who>`; the place may be the placeholder `${Environment}`."""
    return f"headgate-{place}-{who}"
