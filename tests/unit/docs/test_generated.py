"""What the documentation says of the declaration, of permissions and of templates is what they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from headgate.control.vending.values import State
from headgate.infra.permissions.boundary import boundary
from headgate.infra.permissions.guardrails import Guardrail, guardrails
from unit.docs.costs import endpoint_services
from unit.docs.tables import DOCS, GENERATED, marked

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("page", "name"), sorted(GENERATED))
def test_generated_part_is_up_to_date(page: str, name: str) -> None:
    """After a change that is meant: `PYTHONPATH=tests python -m unit.docs.tables`, and read the diff."""
    assert marked(page, name) == GENERATED[page, name]()


@pytest.mark.parametrize("guardrail", guardrails(), ids=lambda each: each.name)
def test_every_statement_of_a_guardrail_has_its_reason(guardrail: Guardrail) -> None:
    section = _section("security-model.md", f"`{guardrail.name}`")
    explained = re.findall(r"^\| (\w+) \|", section, re.MULTILINE)
    assert [each for each in explained if each != "statement"] == [each.sid for each in guardrail.document.statements]


def test_every_statement_of_the_boundary_is_explained() -> None:
    section = _section("security-model.md", "The boundary")
    assert set(re.findall(r"^\| (\w+) \|", section, re.MULTILINE)) - {"statement"} == {
        each.sid for each in boundary().statements
    }


def test_every_endpoint_is_named() -> None:
    text = _section("accounts.md", "An account of a team")
    assert set(re.findall(r"`([a-z0-9.]+)`", text)) == set(endpoint_services())


def test_every_state_is_explained() -> None:
    text = (DOCS / "platform-guide.md").read_text()
    for state in State:
        assert f"| `{state}` |" in text


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", page.read_text()):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        if anchor:
            assert anchor in {_anchor(title) for title in re.findall(r"^#+ (.+)$", linked.read_text(), re.MULTILINE)}


def _anchor(title: str) -> str:
    """As GitHub makes them of headings."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _section(page: str, title: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    text = (DOCS / page).read_text()
    found = re.search(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    assert found, f"{page} has no section {title}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest
