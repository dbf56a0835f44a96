"""What personas may do, place by place. The roles, their trust and `who()` all come from this table."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.infra.permissions import trust
from headgate.infra.permissions.capabilities import data, delivery, learning, oversight, platform, registry
from headgate.infra.permissions.capabilities.model import Capability
from headgate.infra.permissions.places import (
    DATA_SETS_TAG,
    DURABLE,
    ENVIRONMENTS,
    PERSONA_TAG,
    TEAM_TAG,
    Kind,
    Persona,
)
from headgate.infra.permissions.roles import Role, in_account, in_environments

LAKE_TEAM = "data-lake"
"""The team tag of those who curate the data lake; no team that vends accounts may be called so."""

_LOOK = (learning.LOOK, learning.READ_LOGS, learning.READ_PARAMETERS, delivery.READ_STACKS)
_EXPERIMENT = (
    *_LOOK,
    data.READ_DATA,
    data.WRITE_DATA,
    data.READ_ARTIFACTS,
    data.WRITE_ARTIFACTS,
    data.READ_LAKE,
    learning.RUN_JOBS,
    learning.DEFINE,
    learning.START,
    learning.SERVE,
    learning.INVOKE,
)
_DEVELOP = (*_LOOK, data.READ_DATA, data.READ_ARTIFACTS, data.READ_LAKE, learning.START, learning.INVOKE)
_WATCH = (*_LOOK, data.READ_ARTIFACTS)
_ENGINEER_DATA = (*_LOOK, data.READ_DATA, data.WRITE_DATA, data.READ_LAKE)
_OWN = (learning.LOOK, delivery.WATCH_ALARMS, oversight.READ_COSTS)
_OVERSEE = (*_LOOK, oversight.READ_AUDIT, oversight.READ_COSTS)
_MEMBER_OF_TOOLING = (registry.READ_REGISTRY, registry.PULL_IMAGES, registry.READ_SHARED)

GRANTS: Mapping[Persona, Mapping[str, tuple[Capability, ...]]] = {
    Persona.DATA_SCIENTIST: {
        "experimentation": _EXPERIMENT,
        "dev": _DEVELOP,
        "tooling": _MEMBER_OF_TOOLING,
    },
    Persona.LEAD_DATA_SCIENTIST: {
        "experimentation": _EXPERIMENT,
        "dev": _DEVELOP,
        "preprod": _WATCH,
        "prod": _WATCH,
        "tooling": (*_MEMBER_OF_TOOLING, registry.APPROVE),
        "governance": (oversight.READ_OWN_CATALOG,),
    },
    Persona.ML_ENGINEER: {
        "experimentation": _EXPERIMENT,
        "dev": _DEVELOP,
        "preprod": _WATCH,
        "prod": _WATCH,
        "tooling": _MEMBER_OF_TOOLING,
    },
    Persona.DATA_ENGINEER: {
        "experimentation": _ENGINEER_DATA,
        "dev": _ENGINEER_DATA,
        "data-lake": (data.CURATE_LAKE, learning.READ_LOGS),
    },
    Persona.PRODUCT_OWNER: {
        **dict.fromkeys(ENVIRONMENTS, _OWN),
        "tooling": (registry.READ_REGISTRY,),
        "governance": (oversight.READ_OWN_CATALOG,),
    },
    Persona.AUDITOR: {
        **dict.fromkeys(ENVIRONMENTS, (*_OVERSEE, data.READ_ARTIFACTS)),
        "tooling": (*_OVERSEE, registry.READ_ALL_PACKAGES),
        "data-lake": _OVERSEE,
        "governance": (
            *_OVERSEE,
            oversight.READ_AUDIT_ARCHIVE,
            oversight.READ_CATALOG,
            oversight.READ_ORGANIZATION,
        ),
    },
    Persona.IT: {
        **dict.fromkeys(ENVIRONMENTS, _OVERSEE),
        "tooling": _OVERSEE,
        "data-lake": _OVERSEE,
        "governance": (
            *_OVERSEE,
            oversight.READ_CATALOG,
            oversight.READ_CHANGES,
            oversight.READ_ORGANIZATION,
            platform.DEPLOY_GOVERNANCE,
            platform.DEPLOY_STACK_SETS,
            platform.PREPARE_ORGANIZATION,
            platform.PUBLISH,
            platform.REQUEST_ACCOUNTS,
            platform.CREATE_ACCOUNTS,
            platform.START_VENDING,
        ),
    },
}

_WHAT = {
    Persona.DATA_SCIENTIST: "experiments freely, and looks at what runs in dev",
    Persona.LEAD_DATA_SCIENTIST: "a data scientist who also approves the team's models",
    Persona.ML_ENGINEER: "builds the pipelines that CI deploys, and watches them up to prod",
    Persona.DATA_ENGINEER: "prepares data; those of the data lake curate its data sets",
    Persona.PRODUCT_OWNER: "sees models, alarms and costs",
    Persona.AUDITOR: "sees everything but data, and changes nothing, quarantine or not",
    Persona.IT: "runs the platform from governance, and looks into every account",
}


def roles_of_people() -> tuple[Role, ...]:
    """Every persona's role in every place that the table grants it something in."""
    return tuple(each for persona in Persona for each in _roles_of(persona))


def _roles_of(persona: Persona) -> tuple[Role, ...]:
    grants = GRANTS[persona]
    environments = {place: grants[place] for place in ENVIRONMENTS if place in grants}
    tags = {PERSONA_TAG: persona.value}
    return (
        in_environments(
            persona.value,
            _WHAT[persona],
            trust.people(persona.value, persona, team="${Team}" if persona.is_of_a_team else None),
            environments,
            {**tags, TEAM_TAG: "${Team}", DATA_SETS_TAG: "${DataSets}"},
            is_person=True,
        ),
        *(_durable(persona, place, grants[place], tags) for place in DURABLE if place in grants),
    )


def _durable(persona: Persona, place: str, capabilities: tuple[Capability, ...], tags: Mapping[str, str]) -> Role:
    """In a durable account a role serves every team: its sessions say which."""
    name = f"{persona.value}/{place}"
    if not persona.is_of_a_team:
        in_charge = (persona, place) == (Persona.IT, "governance")
        who = trust.people(name, persona, team=None, administrators=in_charge)
    elif place == "data-lake":
        who = trust.people(name, persona, team=LAKE_TEAM)
    else:
        who = trust.members(name, persona)
    return in_account(persona.value, Kind(place), place, _WHAT[persona], who, capabilities, tags, is_person=True)
