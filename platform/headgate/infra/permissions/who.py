"""The permission model as a table for people: who may do what, where."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.infra.permissions.model import all_roles
from headgate.infra.permissions.places import ENVIRONMENTS, PLACES


@dataclass(frozen=True, slots=True)
class Grant:
    """One capability of a persona or machine. `places` are environments and durable accounts, in the model's order.

    `account` among them is any account whatever its environments.
    """

    who: str
    is_person: bool
    capability: str
    what: str
    places: tuple[str, ...]


def who() -> tuple[Grant, ...]:
    """Everybody's capabilities: people first, each in the order in which the model grants them."""
    found: dict[tuple[str, str], tuple[bool, str, set[str]]] = {}
    for role in all_roles():
        for place, capabilities in role.grants.items():
            for each in capabilities:
                entry = found.setdefault((role.key, each.name), (role.is_person, each.what, set()))
                entry[2].add(place)
    grants = [
        Grant(key, is_person, capability, what, tuple(each for each in (*PLACES, "account") if each in places))
        for (key, capability), (is_person, what, places) in found.items()
    ]
    return tuple(sorted(grants, key=lambda each: not each.is_person))


def as_markdown(*, people: bool) -> str:
    """The table of people, or that of machines, for the documentation."""
    lines = [
        "| who | may | that is | where |",
        "|---|---|---|---|",
        *(
            f"| {each.who} | {each.capability} | {each.what} | {_where(each.places)} |"
            for each in who()
            if each.is_person is people
        ),
    ]
    return "\n".join(lines) + "\n"


def _where(places: tuple[str, ...]) -> str:
    if places[: len(ENVIRONMENTS)] == ENVIRONMENTS:
        return ", ".join(("every environment", *places[len(ENVIRONMENTS) :]))
    return ", ".join(places)
