"""The rules of Choice states."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.states.check_paths import read_path
from headgate.localcloud.states.choices import COMBINATIONS, OPERANDS, OPERATORS, PATH_VARIANTS, TESTS
from headgate.localcloud.states.diagnostics import Findings


def check(rules: Any, where: str, findings: Findings) -> None:
    if not isinstance(rules, list) or not rules:
        findings.add("The field 'Choices' is required, and has to hold at least one rule", where)
        return
    for number, rule in enumerate(rules):
        here = f"{where}[{number}]"
        if isinstance(rule, dict) and not isinstance(rule.get("Next"), str):
            findings.add("The field 'Next' is required", here)
        _rule(rule, here, top=True, findings=findings)


def _rule(rule: Any, where: str, *, top: bool, findings: Findings) -> None:
    if not isinstance(rule, dict):
        findings.add("a rule has to be a JSON object", where)
        return
    names = [name for name in rule if name not in ("Variable", "Next", "Comment")]
    if "Next" in rule and not top:
        findings.add("Next belongs to the outermost rule", f"{where}/Next")
    if len(names) != 1 or names[0] not in OPERATORS | COMBINATIONS:
        kinds = "And, Or, Not, or a comparison with its Variable"
        findings.add(f"a rule has exactly one operator ({kinds}); found: {', '.join(names) or 'none'}", where)
        return
    if names[0] in COMBINATIONS:
        _combination(rule, names[0], where, findings)
    else:
        _comparison(rule, names[0], where, findings)


def _combination(rule: Json, name: str, where: str, findings: Findings) -> None:
    inner, here = rule[name], f"{where}/{name}"
    if "Variable" in rule:
        findings.add(f"Variable does not go with {name}", where)
    if name == "Not":
        _rule(inner, here, top=False, findings=findings)
    elif not isinstance(inner, list) or not inner:
        findings.add(f"{name} has to be a list of at least one rule", here)
    else:
        for number, one in enumerate(inner):
            _rule(one, f"{here}[{number}]", top=False, findings=findings)


def _comparison(rule: Json, name: str, where: str, findings: Findings) -> None:
    read_path(rule.get("Variable"), f"{where}/Variable", findings)
    value, here = rule[name], f"{where}/{name}"
    if name in PATH_VARIANTS:
        read_path(value, here, findings)
    elif name in TESTS:
        if not isinstance(value, bool):
            findings.add(f"{name} has to be true or false", here)
    elif OPERANDS[name](value) is None:
        findings.add(f"{name} cannot be {value!r}", here)
