"""Policy documents as values: statements, placeholders, rendering, and the sizes that AWS allows.

A document's strings hold placeholders such as `${Team}` or `${AWS::AccountId}`: the names of CloudFormation's
parameters and pseudo parameters. IAM's own policy variables (`${aws:PrincipalTag/headgate:team}`) start with a small
letter and stay as they are. A list that is known only to the stack is `{"Ref": "ApprovedRegions"}`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from headgate.errors import UserError

Json = Any
"""A policy as plain JSON; it leaves this package only inside a Document."""

Conditions = Mapping[str, Mapping[str, Json]]
"""Operator → key → value or values, as in IAM."""

Effect = Literal["Allow", "Deny"]

_PLACEHOLDER = re.compile(r"\$\{((?:AWS::)?[A-Z][A-Za-z]*)\}")


class Purpose(StrEnum):
    """What a document is attached to, with its limit in characters without white space."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    TRUST = "trust"
    GUARDRAIL = "guardrail"
    RESOURCE = "resource"

    @property
    def limit(self) -> int:
        """IAM and AWS STS quotas; AWS Organizations quotas; 20 KB is the smallest of the resource policies'."""
        return _LIMITS[self]


_LIMITS = {
    Purpose.IDENTITY: 6144,
    Purpose.BOUNDARY: 6144,
    Purpose.TRUST: 2048,
    Purpose.GUARDRAIL: 5120,
    Purpose.RESOURCE: 20480,
}


@dataclass(frozen=True, slots=True)
class Ref:
    """A list that a CloudFormation parameter holds, where a statement wants several values."""

    parameter: str

    def as_json(self) -> Json:
        return {"Ref": self.parameter}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. `sid` is letters and digits, and says what is allowed or denied.

    Exactly one of `actions` and `not_actions` is given; of `resources` and `not_resources` one, or none in a trust
    policy. `principals` is the Principal element of trust and resource policies.
    """

    sid: str
    actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ("*",)
    conditions: Conditions = field(default_factory=dict)
    effect: Effect = "Allow"
    principals: Json | None = None
    not_actions: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """The statement as IAM reads it; a single value stands alone, as AWS's console writes it."""
        made: dict[str, Json] = {"Sid": self.sid, "Effect": self.effect}
        if self.principals is not None:
            made["Principal"] = self.principals
        made["NotAction" if self.not_actions else "Action"] = _one_or_more(self.not_actions or self.actions)
        if self.not_resources:
            made["NotResource"] = _one_or_more(self.not_resources)
        elif self.resources:
            made["Resource"] = _one_or_more(self.resources)
        if self.conditions:
            made["Condition"] = {
                operator: {key: _condition_value(value) for key, value in keys.items()}
                for operator, keys in self.conditions.items()
            }
        return made

    def where(self, replacements: Mapping[str, str]) -> Statement:
        """The statement with some placeholders replaced, whatever they stand in."""

        def strings(values: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(_substitute(each, replacements) for each in values)

        return Statement(
            sid=self.sid,
            actions=self.actions,
            resources=strings(self.resources),
            conditions=_replaced(self.conditions, replacements),
            effect=self.effect,
            principals=_replaced(self.principals, replacements),
            not_actions=self.not_actions,
            not_resources=strings(self.not_resources),
        )


@dataclass(frozen=True, slots=True)
class Document:
    """A policy with its name and purpose.

    `environments` says in which environments it applies, where one template serves them all; None is everywhere.
    """

    name: str
    purpose: Purpose
    statements: tuple[Statement, ...]
    environments: frozenset[str] | None = None
    what: str = ""

    @property
    def body(self) -> dict[str, Json]:
        """The policy as JSON, placeholders in it."""
        return {"Version": "2012-10-17", "Statement": [each.as_json() for each in self.statements]}

    @property
    def placeholders(self) -> frozenset[str]:
        """The CloudFormation names that the document takes its values from."""
        return frozenset(_names(self.body))


def render(document: Document, values: Mapping[str, str | list[str]]) -> dict[str, Json]:
    """The policy with its placeholders filled in.

    Args:
        document: the policy.
        values: by name; a list for what a `Ref` stands for.

    Raises:
        UserError: a placeholder has no value.
    """
    missing = sorted(document.placeholders - set(values))
    if missing:
        raise UserError(
            f"the policy {document.name!r} lacks a value for {', '.join(missing)}",
            expected="a value for every placeholder",
        )
    made: dict[str, Json] = _filled(document.body, values)
    return made


def size(body: Mapping[str, Json]) -> int:
    """Characters as AWS counts them: without white space outside of strings."""
    return len(json.dumps(body, separators=(",", ":"), ensure_ascii=False))


def merged(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """Statements without those that are there already, in order; a `sid` may name only one statement."""
    seen: dict[str, Statement] = {}
    for each in statements:
        if seen.setdefault(each.sid, each) != each:
            raise UserError(f"two different statements are called {each.sid!r}", expected="one name, one statement")
    return tuple(seen.values())


def _one_or_more(values: tuple[str, ...]) -> Json:
    return values[0] if len(values) == 1 else list(values)


def _condition_value(value: Json) -> Json:
    if isinstance(value, Ref):
        return value.as_json()
    return list(value) if isinstance(value, tuple) else value


def _substitute(text: str, replacements: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda found: replacements.get(found[1], found[0]), text)


def _replaced(value: Json, replacements: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return _substitute(value, replacements)
    if isinstance(value, Mapping):
        return {key: _replaced(each, replacements) for key, each in value.items()}
    return tuple(_replaced(each, replacements) for each in value) if isinstance(value, (list, tuple)) else value


def _names(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield from _PLACEHOLDER.findall(value)
    elif isinstance(value, Mapping):
        if set(value) == {"Ref"}:
            yield value["Ref"]
        else:
            for each in value.values():
                yield from _names(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)


def _filled(value: Json, values: Mapping[str, str | list[str]]) -> Json:
    if isinstance(value, str):
        return _substitute(value, {name: each for name, each in values.items() if isinstance(each, str)})
    if isinstance(value, Mapping):
        if set(value) == {"Ref"}:
            return values[value["Ref"]]
        return {key: _filled(each, values) for key, each in value.items()}
    return [_filled(each, values) for each in value] if isinstance(value, list) else value
