"""The table of capabilities, for people."""

from __future__ import annotations

from headgate.infra.permissions.who import as_markdown, who


def test_only_leads_approve_and_only_in_tooling() -> None:
    assert [(each.who, each.places) for each in who() if each.capability == "approve model packages"] == [
        ("lead-data-scientist", ("tooling",))
    ]


def test_only_promotion_and_experimenters_serve_models() -> None:
    serving = {each.who: each.places for each in who() if each.capability == "serve models"}
    assert serving.pop("promotion") == ("dev", "preprod", "prod")
    assert set(serving.values()) == {("experimentation",)}


def test_no_person_writes_data_behind_dev() -> None:
    writing = [each for each in who() if each.is_person and each.capability == "write environment data"]
    assert {place for each in writing for place in each.places} == {"experimentation", "dev"}


def test_table_for_people_and_for_machines() -> None:
    people, machines = as_markdown(people=True), as_markdown(people=False)
    assert "| auditor | read audit |" in people
    assert "every environment, governance, tooling, data-lake" in people
    assert "| deployer | deploy stacks |" in machines
    assert "| auditor |" not in machines
