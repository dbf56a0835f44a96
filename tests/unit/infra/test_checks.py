"""cdk-nag's AwsSolutions, CloudFormation's validator and the Guard rules hold nothing against any stack."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headgate.errors import FailedError
from headgate.infra.acknowledgements import BY_TYPE, OF_STACKS, WILDCARDS
from headgate.infra.contents import Inputs
from headgate.infra.findings import CHECKS, REPORT, Checked, check, read
from headgate.infra.processes import run

pytestmark = pytest.mark.slow

GUARD = Path(__file__).parents[3] / "platform" / "headgate" / "infra" / "guard"


@pytest.fixture(scope="module")
def checked(inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    return check(inputs, tmp_path_factory.mktemp("checks") / "out")


def test_all_stacks_are_clean(checked: Checked) -> None:
    assert checked.open == ()


def test_each_acknowledgement_is_still_needed(checked: Checked) -> None:
    """A reason for what nobody finds any more would hide the next one."""
    found = {each.rule for each in checked.acknowledged}
    given = {name.rpartition("::")[2] for by_id in (*BY_TYPE.values(), OF_STACKS) for name in by_id}
    given = {name.removeprefix("AwsSolutions::") for name in given}
    assert given <= found
    wildcards = [rule.removeprefix("AwsSolutions-IAM5[").removesuffix("]") for rule in found if "IAM5" in rule]
    assert [form for form, _ in WILDCARDS if not any(re.fullmatch(form, each) for each in wildcards)] == []


def test_each_acknowledgement_says_why() -> None:
    reasons = [reason for by_id in (*BY_TYPE.values(), OF_STACKS) for reason in by_id.values()]
    assert all(
        len(reason) > 20 for reason in (*reasons, *(reason for _, reason in WILDCARDS if reason != "reads only"))
    )


def test_each_guard_rule_finds_its_mistake(inputs: Inputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    run("unit.infra.seeded", inputs, tmp_path / "out", "the seeded app did not run", validate=True)
    (plugin,) = [
        each
        for each in json.loads((tmp_path / "out" / REPORT).read_text())["pluginReports"]
        if each["pluginName"] == "CloudFormation Validate"
    ]
    found = {each["ruleName"] for each in plugin["violations"]}
    rules = {
        name for file in GUARD.glob("*.guard") for name in re.findall(r"^rule (\w+)", file.read_text(), re.MULTILINE)
    }
    assert rules - found == set()


def test_a_report_that_lacks_a_check_is_no_report(tmp_path: Path) -> None:
    report = tmp_path / REPORT
    report.write_text(json.dumps({"pluginReports": [{"pluginName": CHECKS[0], "violations": []}]}))
    with pytest.raises(FailedError, match="has none of CloudFormation Validate"):
        read(report)
