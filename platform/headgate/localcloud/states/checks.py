"""Whether a definition is a state machine: its graphs, their transitions, and every state's fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from headgate.localcloud.seams import Json
from headgate.localcloud.states import check_states
from headgate.localcloud.states.diagnostics import INVALID_JSON, MISSING_TARGET, Diagnostic, Findings
from headgate.localcloud.states.model import KINDS

_TOP = frozenset({"Comment", "QueryLanguage", "StartAt", "States", "TimeoutSeconds", "Version"})
_GRAPH = frozenset({"Comment", "QueryLanguage", "StartAt", "States"})
_PROCESSOR = _GRAPH | {"ProcessorConfig"}
_LONGEST_NAME = 80
LARGEST = 1_048_576
"""The largest definition, in bytes."""


def check_text(text: str) -> tuple[Json, tuple[Diagnostic, ...]]:
    """The definition in a text, and all that is wrong with it; empty when it can be run."""
    findings = Findings()
    try:
        definition = json.loads(text)
    except ValueError as error:
        findings.add(f"the definition is not JSON: {error}", "", INVALID_JSON)
        return {}, tuple(findings.found)
    if not isinstance(definition, dict):
        findings.add("the definition has to be a JSON object", "")
        return {}, tuple(findings.found)
    return definition, check(definition)


def check(definition: Json) -> tuple[Diagnostic, ...]:
    """All that is wrong with a definition."""
    findings = Findings()
    if definition.get("Version", "1.0") != "1.0":
        findings.add("Value is not equal to constant '1.0'", "/Version")
    timeout = definition.get("TimeoutSeconds")
    if timeout is not None and not check_states.whole(timeout, 1, check_states.LONGEST_SECONDS):
        findings.add(f"TimeoutSeconds has to be from 1 to {check_states.LONGEST_SECONDS}", "/TimeoutSeconds")
    _graph(definition, "", _TOP, findings)
    if not findings.found:
        _names(definition, findings)
    return tuple(findings.found)


def _graph(body: Any, where: str, fields: frozenset[str], findings: Findings) -> None:
    """Check a graph: the whole machine, a branch, or an item processor."""
    if not isinstance(body, dict):
        findings.add("expected a JSON object with StartAt and States", where or "/")
        return
    for name in body.keys() - fields:
        findings.add(f"The field '{name}' is not supported by Step Functions", f"{where}/{name}")
    if body.get("QueryLanguage", "JSONPath") != "JSONPath":
        findings.unsupported(f"the query language {body['QueryLanguage']} (JSONPath it does)", f"{where}/QueryLanguage")
    states = body.get("States")
    if not isinstance(states, dict) or not states:
        findings.add("The field 'States' is required, and has to hold at least one state", f"{where}/States")
        return
    start = body.get("StartAt")
    if start not in states:
        findings.add(f"StartAt '{start}' is not one of the states", f"{where}/StartAt", MISSING_TARGET)
    for name, state in states.items():
        _state(name, state, f"{where}/States/{name}", findings)
    if all(isinstance(state, dict) for state in states.values()):
        _transitions(states, start, where, findings)


def _state(name: str, body: Any, where: str, findings: Findings) -> None:
    if len(name) > _LONGEST_NAME or not name:
        findings.add(f"the name of a state has 1 to {_LONGEST_NAME} characters", where)
    if not isinstance(body, dict):
        findings.add("a state has to be a JSON object", where)
        return
    if body.get("Type") not in KINDS:
        findings.add(f"Type has to be one of {', '.join(KINDS)}, not '{body.get('Type')}'", f"{where}/Type")
        return
    check_states.check(body, where, findings)
    if body["Type"] == "Parallel":
        branches = body.get("Branches")
        if not isinstance(branches, list) or not branches:
            findings.add("The field 'Branches' is required, and has to hold at least one branch", f"{where}/Branches")
            return
        for number, branch in enumerate(branches):
            _graph(branch, f"{where}/Branches[{number}]", _GRAPH, findings)
    if body["Type"] == "Map":
        _map(body, where, findings)


def _map(body: Json, where: str, findings: Findings) -> None:
    given = [name for name in ("ItemProcessor", "Iterator") if name in body]
    if len(given) != 1:
        findings.add("a Map needs either ItemProcessor or, as it was called before, Iterator", where)
        return
    processor = body[given[0]]
    here = f"{where}/{given[0]}"
    config = processor.get("ProcessorConfig", {}) if isinstance(processor, dict) else {}
    if config.get("Mode", "INLINE") != "INLINE":
        findings.unsupported(
            f"distributed Map states (Mode {config['Mode']}; INLINE it does)", f"{here}/ProcessorConfig"
        )
    elif config.keys() - {"Mode"}:
        findings.add("ExecutionType goes with the Mode DISTRIBUTED only", f"{here}/ProcessorConfig")
    _graph(processor, here, _PROCESSOR, findings)


def _transitions(states: Json, start: Any, where: str, findings: Findings) -> None:
    reached, waiting = set(), [start] if start in states else []
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        for target, location in targets(states[name]):
            if target not in states:
                message = f"Missing 'Next' target: {target}"
                findings.add(message, f"{where}/States/{name}{location}", MISSING_TARGET)
            else:
                waiting.append(target)
    for name in states.keys() - reached:
        findings.add(f'State "{name}" is not reachable.', f"{where}/States/{name}", MISSING_TARGET)
    if not any(state.get("End") or state.get("Type") in ("Succeed", "Fail") for state in states.values()):
        findings.add('no state ends: one needs "End": true, or to be a Succeed or Fail', f"{where}/States")


def targets(state: Json) -> Iterator[tuple[Any, str]]:
    """The names of the states that a state may lead to, each with its place in the state."""
    if "Next" in state:
        yield state["Next"], "/Next"
    if state.get("Type") == "Choice":
        if "Default" in state:
            yield state["Default"], "/Default"
        yield from _nexts(state.get("Choices"), "Choices")
    yield from _nexts(state.get("Catch"), "Catch")


def _nexts(rules: Any, field: str) -> Iterator[tuple[Any, str]]:
    for number, rule in enumerate(rules if isinstance(rules, list) else []):
        if isinstance(rule, dict) and "Next" in rule:
            yield rule["Next"], f"/{field}[{number}]/Next"


def _names(definition: Json, findings: Findings) -> None:
    """Names are unique within the whole machine."""
    seen: set[str] = set()
    waiting: list[tuple[Json, str]] = [(definition, "")]
    while waiting:
        graph, where = waiting.pop()
        for name, state in graph["States"].items():
            here = f"{where}/States/{name}"
            if name in seen:
                findings.add(f"Duplicate State name: {name}", here)
            seen.add(name)
            branches = state.get("Branches", [])
            waiting += [(branch, f"{here}/Branches[{number}]") for number, branch in enumerate(branches)]
            waiting += [(state[field], f"{here}/{field}") for field in ("ItemProcessor", "Iterator") if field in state]
