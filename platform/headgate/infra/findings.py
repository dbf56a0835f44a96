"""What the checks of `checks` find in the app, without importing the CDK here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from headgate.errors import FailedError
from headgate.infra.contents import Inputs
from headgate.infra.processes import run

REPORT = "validation-report.json"
CHECKS = ("AwsSolutions", "CloudFormation Validate")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check holds against some constructs; `severity` is its own word for how bad it is."""

    check: str
    rule: str
    severity: str
    description: str
    constructs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """`open` is what nobody has acknowledged, `acknowledged` the rest."""

    open: tuple[Finding, ...]
    acknowledged: tuple[Finding, ...]


def check(inputs: Inputs, outdir: Path) -> Checked:
    """Synthesize into `outdir` under cdk-nag, CloudFormation's validator and our own Guard rules.

    Raises FailedError when one of them has not run.
    """
    run("headgate.infra.checks", inputs, outdir, "the checks of the templates could not run", validate=True)
    return read(outdir / REPORT)


def read(report: Path) -> Checked:
    """The findings of the CDK's report. Raises FailedError when a check is missing from it."""
    plugins = {each["pluginName"]: each for each in json.loads(report.read_text())["pluginReports"]}
    missing = [name for name in CHECKS if name not in plugins]
    if missing:
        raise FailedError(f"the report of checks has none of {', '.join(missing)}", where=str(report))
    return Checked(*(tuple(_of(plugins, key)) for key in ("violations", "suppressedViolations")))


def _of(plugins: dict[str, dict[str, list[dict[str, object]]]], key: str) -> list[Finding]:
    return [
        Finding(
            name,
            str(violation["ruleName"]),
            str(violation.get("severity", "")),
            str(violation["description"]),
            tuple(str(each.get("constructPath", "")) for each in _dictionaries(violation.get("violatingConstructs"))),
        )
        for name, plugin in plugins.items()
        for violation in plugin.get(key, [])
    ]


def _dictionaries(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
