"""The table 'who may do what', read from the YAML files beside it: each row is one call to AWS, and what it comes to.

A file maps who asks (see `world`) to rows. A row's first member is `<service> <Operation>` with the parameters as boto3
takes them; `is` is `allowed` or `denied by <layer>`, followed by the statement that denies where one does; `why` is for
people. `from: vpc` makes the call from inside the account's VPC, `from: vpc of <account>` from inside another one,
`region` from another Region than the home Region, `context` adds condition keys that only the caller's surroundings
know. `{name}` in parameters is an account's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from unit.infra.permissions.world import IDS, REGION

FOLDER = Path(__file__).parent.parent / "who_may_do_what"
_OUTCOME = re.compile(
    r"allowed|denied by (?P<layer>identity|boundary|scp|resource|trust|key|endpoint)(?: (?P<sid>\w+))?"
)
_FROM = re.compile(r"vpc(?: of (?P<account>\S+))?")
_KNOWN = {"is", "why", "from", "region", "context"}


@dataclass(frozen=True)
class Row:
    """One call. `layer` is empty when it is allowed; `statement` when nothing in particular denies it."""

    subject: str
    who: str
    service: str
    operation: str
    parameters: Mapping[str, Any]
    allowed: bool
    layer: str
    statement: str
    why: str
    region: str
    context: Mapping[str, str]

    def __str__(self) -> str:
        return f"{self.subject}: {self.who} {self.service} {self.operation}: {self.why}"


def rows() -> tuple[Row, ...]:
    """Every row of every file."""
    return tuple(row for file in sorted(FOLDER.glob("*.yaml")) for row in _rows(file))


def _rows(file: Path) -> Iterator[Row]:
    for who, listed in yaml.safe_load(file.read_text()).items():
        for each in listed:
            yield _row(file.stem, who, each)


def _row(subject: str, who: str, each: Mapping[str, Any]) -> Row:
    (call,) = set(each) - _KNOWN
    service, _, operation = call.partition(" ")
    outcome = _OUTCOME.fullmatch(each["is"])
    assert outcome, f"{subject}: {who} {call}: {each['is']}"
    account = who.partition("@")[2].partition(" ")[0]
    vpc = _FROM.fullmatch(each.get("from", ""))
    assert vpc or "from" not in each, f"{subject}: {who} {call}: from {each['from']}"
    context = {"aws:SourceVpc": f"vpc-{vpc['account'] or account}"} if vpc else {}
    return Row(
        subject,
        who,
        service,
        operation,
        _filled(each[call] or {}),
        each["is"] == "allowed",
        outcome["layer"] or "",
        outcome["sid"] or "",
        each["why"],
        each.get("region", REGION),
        {**context, **_filled(each.get("context", {}))},
    )


def _filled(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{([a-z-]+)\}", lambda found: {**IDS, "region": REGION}.get(found[1], found[0]), value)
    if isinstance(value, Mapping):
        return {key: _filled(each) for key, each in value.items()}
    return [_filled(each) for each in value] if isinstance(value, list) else value
