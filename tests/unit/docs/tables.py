"""The parts of the documentation that code says better than people: written between markers, compared by tests.

A part stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->`. After a change that is meant:
`PYTHONPATH=tests python -m unit.docs.tables`, and read the diff.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from headgate.infra.permissions.guardrails import Guardrail, guardrails
from headgate.infra.permissions.places import ENVIRONMENTS, Persona
from headgate.infra.permissions.who import Grant, who
from unit.docs.costs import idle_costs, prices

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
SCHEMA = ROOT / "platform/headgate/spec/organization/organization.schema.json"
SNAPSHOTS = ROOT / "tests/snapshots"

_MARKED = "<!-- generated: {0} -->\n"
_END = "<!-- end of {0} -->\n"


def marked(page: str, name: str) -> str:
    """The text between a page's markers. Raises ValueError when they are not there."""
    text = (DOCS / page).read_text()
    begin, end = _MARKED.format(name), _END.format(name)
    if begin not in text or end not in text:
        raise ValueError(f"docs/{page} lacks the markers of '{name}'")
    return text.partition(begin)[2].partition(end)[0]


def organization_keys() -> str:
    """Every key of organization.yaml with what its schema says of it."""
    schema = json.loads(SCHEMA.read_text())
    rows = [f"| `{path}` | {_said(schema, node)} | {default} |" for path, node, default in _keys(schema, schema, "")]
    return "\n".join(["| key | what it says | default |", "|---|---|---|", *rows]) + "\n"


def _keys(root: Mapping[str, Any], node: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    required = node.get("required", ())
    for name, declared in node.get("properties", {}).items():
        here = f"{path}{name}"
        yield here, declared, _default(declared, is_required=name in required)
        yield from _below(root, _resolved(root, declared), here)


def _below(root: Mapping[str, Any], node: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    yield from _keys(root, node, f"{path}.")
    for each in node.get("oneOf", ()):
        yield from _keys(root, each, f"{path}.")
    members = node.get("additionalProperties")
    if isinstance(members, dict):
        yield from _below(root, _resolved(root, members), f"{path}.NAME")


def _resolved(root: Mapping[str, Any], node: Mapping[str, Any]) -> dict[str, Any]:
    """The node with what it refers to; its own words win."""
    reference = node.get("$ref", "")
    return {**(root["$defs"][reference.removeprefix("#/$defs/")] if reference else {}), **node}


def _said(root: Mapping[str, Any], node: Mapping[str, Any]) -> str:
    return str(_resolved(root, node).get("description", "")).replace("|", "\\|")


def _default(node: Mapping[str, Any], *, is_required: bool) -> str:
    if is_required:
        return "required"
    if node.get("default") in (None, {}, [], ""):
        return "none"
    return f"`{json.dumps(node['default'])}`"


def people() -> str:
    """Capabilities by persona: a letter for each place where a persona has one."""
    grants = [each for each in who() if each.is_person]
    names = [each.value for each in Persona]
    what = {each.capability: each.what for each in grants}
    places = {(each.who, each.capability): _letters(each) for each in grants}
    header = [f"| may | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    rows = [
        f"| {capability}: {text} | {' | '.join(places.get((name, capability), '') for name in names)} |"
        for capability, text in what.items()
    ]
    return "\n".join([*header, *rows]) + "\n"


def _letters(grant: Grant) -> str:
    short = dict(zip(ENVIRONMENTS, ("E", "D", "P", "X"), strict=True))
    short |= {"governance": "G", "tooling": "T", "data-lake": "L"}
    return " ".join(short[place] for place in grant.places)


def machines() -> str:
    """Capabilities of the machines that work for teams; vending's functions are told in one row each."""
    found: dict[str, list[Grant]] = {}
    for each in who():
        if not each.is_person:
            found.setdefault(each.who, []).append(each)
    lines = ["| machine | where | may |", "|---|---|---|"]
    for name, grants in found.items():
        by_places: dict[tuple[str, ...], list[str]] = {}
        for grant in grants:
            by_places.setdefault(grant.places, []).append(grant.capability)
        lines += [
            f"| {name} | {_where(places)} | {', '.join(capabilities)} |" for places, capabilities in by_places.items()
        ]
    return "\n".join(lines) + "\n"


def _where(places: tuple[str, ...]) -> str:
    if places[: len(ENVIRONMENTS)] == ENVIRONMENTS:
        return ", ".join(("every environment", *places[len(ENVIRONMENTS) :]))
    return ", ".join(places)


def guardrail_units() -> str:
    """Every guardrail: what it is for, where it is attached, its statements."""
    rows = [
        f"| `{each.name}` | {each.what} | {_units(each)} | {', '.join(_sids(each.document.statements))} |"
        for each in guardrails()
    ]
    return "\n".join(["| policy | for | units | statements |", "|---|---|---|---|", *rows]) + "\n"


def _units(guardrail: Guardrail) -> str:
    return ", ".join(guardrail.units) + (f", if `{guardrail.option}`" if guardrail.option else "")


def _sids(statements: Any) -> list[str]:
    return [each.sid for each in statements]


def resources_of(kind: str) -> Callable[[], str]:
    """The table of a template's resources: how many of which type."""

    def table() -> str:
        template = yaml.safe_load((SNAPSHOTS / f"{kind}.yaml").read_text())
        counted = Counter(each["Type"] for each in template["Resources"].values())
        rows = [f"| `{name}` | {count} |" for name, count in sorted(counted.items())]
        return "\n".join(["| type | number |", "|---|---|", *rows]) + "\n"

    return table


GENERATED: Mapping[tuple[str, str], Callable[[], str]] = {
    ("platform-guide.md", "organization.yaml"): organization_keys,
    ("security-model.md", "people"): people,
    ("security-model.md", "machines"): machines,
    ("security-model.md", "guardrails"): guardrail_units,
    **{
        ("accounts.md", kind): resources_of(kind)
        for kind in ("bootstrap", "governance", "tooling", "project", "data-lake", "guard", "account", "environment")
    },
    ("accounts.md", "prices"): prices,
    ("accounts.md", "idle costs"): idle_costs,
}
"""What is generated: page and part, and the function that says it."""


def main() -> None:
    """Write every generated part anew."""
    for (page, name), make in GENERATED.items():
        marked(page, name)
        file = DOCS / page
        pattern = re.compile(re.escape(_MARKED.format(name)) + ".*?" + re.escape(_END.format(name)), re.DOTALL)
        body = _MARKED.format(name) + make() + _END.format(name)
        file.write_text(pattern.sub(lambda _, body=body: body, file.read_text()))  # type: ignore[misc]


if __name__ == "__main__":
    main()
