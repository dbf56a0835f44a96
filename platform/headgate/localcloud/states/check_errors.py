"""The Retry and Catch fields of a state."""

from __future__ import annotations

from typing import Any

from headgate.localcloud.states import failures
from headgate.localcloud.states.check_paths import reference_path
from headgate.localcloud.states.diagnostics import Findings

_RETRY = frozenset(
    {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy", "Comment"}
)
_CATCH = frozenset({"ErrorEquals", "Next", "ResultPath", "Comment"})
_BOUNDS = {"IntervalSeconds": (1, 99_999_999), "MaxAttempts": (0, 99_999_999), "MaxDelaySeconds": (1, 31_622_399)}


def check_retry(rules: Any, where: str, findings: Findings) -> None:
    for here, rule in _rules(rules, where, _RETRY, findings):
        for name, (least, most) in _BOUNDS.items():
            value = rule.get(name, least)
            if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
                findings.add(f"{name} has to be a whole number from {least} to {most}", f"{here}/{name}")
        rate = rule.get("BackoffRate", 2.0)
        if isinstance(rate, bool) or not isinstance(rate, int | float) or rate < 1:
            findings.add("BackoffRate has to be a number, 1.0 or more", f"{here}/BackoffRate")
        if rule.get("JitterStrategy", "NONE") not in ("FULL", "NONE"):
            findings.add("JitterStrategy has to be FULL or NONE", f"{here}/JitterStrategy")
        interval, delay = rule.get("IntervalSeconds", 1), rule.get("MaxDelaySeconds")
        if isinstance(interval, int) and isinstance(delay, int) and delay <= interval:
            findings.add("MaxDelaySeconds has to be larger than IntervalSeconds", f"{here}/MaxDelaySeconds")


def check_catch(rules: Any, where: str, findings: Findings) -> None:
    for here, rule in _rules(rules, where, _CATCH, findings):
        if not isinstance(rule.get("Next"), str):
            findings.add("The field 'Next' is required", here)
        if rule.get("ResultPath") is not None:
            reference_path(rule["ResultPath"], f"{here}/ResultPath", findings)


def _rules(rules: Any, where: str, fields: frozenset[str], findings: Findings) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(rules, list):
        findings.add("expected a list", where)
        return []
    found = []
    for number, rule in enumerate(rules):
        here = f"{where}[{number}]"
        if not isinstance(rule, dict):
            findings.add("expected a JSON object", here)
            continue
        for name in sorted(rule.keys() - fields):
            if name in ("Assign", "Output"):
                findings.unsupported(f"variables and JSONata ({name})", f"{here}/{name}")
            else:
                findings.add(f"The field '{name}' is not supported by Step Functions", f"{here}/{name}")
        _error_equals(rule.get("ErrorEquals"), here, last=number == len(rules) - 1, findings=findings)
        found.append((here, rule))
    return found


def _error_equals(names: Any, where: str, *, last: bool, findings: Findings) -> None:
    here = f"{where}/ErrorEquals"
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        findings.add("ErrorEquals has to be a list of at least one error name", here)
        return
    for name in names:
        if name.startswith("States.") and name not in failures.KNOWN:
            findings.add(f"there is no error '{name}'; names that begin with 'States.' are reserved", here)
    if failures.ALL in names and len(names) > 1:
        findings.add("States.ALL has to stand alone", here)
    if failures.ALL in names and not last:
        findings.add("States.ALL is possible in the last rule only", here)
