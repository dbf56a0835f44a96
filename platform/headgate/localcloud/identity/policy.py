"""Policy documents: parsed strictly, compiled once, matched many times.

Source: IAM User Guide, "IAM JSON policy elements reference" and "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from headgate.localcloud.identity import patterns
from headgate.localcloud.identity.conditions import Condition, Context, NullCondition, parse_conditions, variable
from headgate.localcloud.identity.errors import PolicyError, UndecidableError
from headgate.localcloud.identity.patterns import Pattern
from headgate.localcloud.identity.policy_principals import PrincipalElement, parse_principals
from headgate.localcloud.seams import Json

PolicyKind = Literal["identity", "resource", "repository", "trust", "scp"]
"""`repository` policies (ECR) are resource policies whose statements need no Resource: they are about one thing."""
Effect = Literal["Allow", "Deny"]

_VERSIONS = ("2012-10-17", "2008-10-17")
_MEMBERS = frozenset({"Version", "Id", "Statement"})
_ALWAYS = frozenset({"Sid", "Effect", "Action", "NotAction", "Condition"})
_RESOURCE = frozenset({"Resource", "NotResource"})
_PRINCIPAL = frozenset({"Principal", "NotPrincipal"})
_STATEMENT: Mapping[PolicyKind, frozenset[str]] = {
    "identity": _ALWAYS | _RESOURCE,
    "scp": _ALWAYS | _RESOURCE,
    "resource": _ALWAYS | _RESOURCE | _PRINCIPAL,
    "repository": _ALWAYS | _RESOURCE | _PRINCIPAL,
    "trust": _ALWAYS | _PRINCIPAL,
}
_ACTION = re.compile(r"\*|[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, compiled. `source` is its JSON as written, `number` counts from 1.

    `resources` is empty for a statement on everything (`*`, or a kind of policy without Resource).
    """

    number: int
    effect: Effect
    source: Json
    actions: tuple[Pattern, ...]
    actions_negated: bool
    resources: tuple[Pattern, ...]
    resources_negated: bool
    principals: PrincipalElement | None
    conditions: tuple[Condition | NullCondition, ...]

    def names_action(self, action: str) -> bool:
        return any(pattern.matches(action, _no_variables) for pattern in self.actions) != self.actions_negated

    def names_resource(self, resource: str, context: Context) -> bool:
        """Whether Resource or NotResource covers an ARN. Raises UndecidableError."""
        if not self.resources:
            return True

        def lookup(key: str) -> str | None:
            return variable(context, key)

        return any(pattern.matches(resource, lookup) for pattern in self.resources) != self.resources_negated

    def meets_conditions(self, context: Context) -> bool:
        """Whether all hold; one that does not settles it. Raises UndecidableError if none does and one is open."""
        undecided: UndecidableError | None = None
        for condition in self.conditions:
            try:
                if not condition.holds(context):
                    return False
            except UndecidableError as error:
                undecided = undecided or error
        if undecided is not None:
            raise undecided
        return True


@dataclass(frozen=True, slots=True)
class Policy:
    """A compiled policy; `name` says in messages which one it was."""

    name: str
    statements: tuple[Statement, ...]
    _by_action: dict[str, tuple[Statement, ...]] = field(default_factory=dict, compare=False, repr=False)

    def about(self, action: str) -> tuple[Statement, ...]:
        """The statements whose Action covers an action; remembered, since there are only so many actions."""
        found = self._by_action.get(action)
        if found is None:
            found = tuple(statement for statement in self.statements if statement.names_action(action))
            self._by_action[action] = found
        return found


@lru_cache(maxsize=4096)
def compile_policy(text: str, kind: PolicyKind, name: str = "") -> Policy:
    """The policy in a JSON text. The same text is compiled once. Raises PolicyError."""
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise PolicyError(f"the document is no JSON: {error}") from error
    return parse_policy(document, kind, name)


def parse_policy(document: Any, kind: PolicyKind, name: str = "") -> Policy:
    """The policy in a JSON value. Raises PolicyError for what IAM would call a malformed policy document."""
    if not isinstance(document, dict):
        raise PolicyError("a policy is a JSON object")
    unknown = set(document) - _MEMBERS
    if unknown:
        raise PolicyError(f"a policy has no element {min(unknown)!r}")
    version = document.get("Version", _VERSIONS[1])
    if version not in _VERSIONS:
        raise PolicyError(f"Version must be 2012-10-17 or 2008-10-17, not {version!r}")
    listed = _as_list(document.get("Statement"))
    if not listed:
        raise PolicyError("a policy needs at least one Statement")
    variables = version == _VERSIONS[0]
    statements = tuple(_statement(number, item, kind, variables) for number, item in enumerate(listed, 1))
    sids = [statement.source["Sid"] for statement in statements if statement.source.get("Sid")]
    if len(set(sids)) != len(sids):
        raise PolicyError("statement IDs (Sid) must be unique in a policy")
    return Policy(name, statements)


def _statement(number: int, source: Any, kind: PolicyKind, variables: bool) -> Statement:
    if not isinstance(source, dict):
        raise PolicyError(f"statement {number} is no JSON object")
    try:
        return _compiled(number, source, kind, variables)
    except PolicyError as error:
        label = f"statement {number}" + (f" ({source['Sid']})" if source.get("Sid") else "")
        raise PolicyError(f"{label}: {error}") from error


def _compiled(number: int, source: Json, kind: PolicyKind, variables: bool) -> Statement:
    unknown = set(source) - _STATEMENT[kind]
    if unknown:
        raise PolicyError(f"{min(unknown)!r} is no element of a statement in {_ARTICLE[kind]} policy")
    effect = source.get("Effect")
    if effect not in {"Allow", "Deny"}:
        raise PolicyError(f"Effect must be Allow or Deny, not {effect!r}")
    actions, actions_negated = _either(source, "Action")
    resources: tuple[str, ...] = ()
    resources_negated = False
    if kind != "trust" and not (kind == "repository" and not set(source) & _RESOURCE):
        resources, resources_negated = _either(source, "Resource")
    found = tuple(_resource(text, variables) for text in resources)
    principals = None
    if kind in {"resource", "repository", "trust"}:
        principals = parse_principals(source)
    return Statement(
        number,
        "Allow" if effect == "Allow" else "Deny",
        source,
        tuple(_action(text) for text in actions),
        actions_negated,
        () if "*" in resources and not resources_negated else found,
        resources_negated,
        principals,
        parse_conditions(source.get("Condition", {}), variables=variables),
    )


_ARTICLE: Mapping[PolicyKind, str] = {
    "identity": "an identity-based",
    "resource": "a resource-based",
    "repository": "a repository",
    "trust": "a role trust",
    "scp": "a service control",
}


def _either(source: Json, element: str) -> tuple[tuple[str, ...], bool]:
    """The values of an element or of its negation; exactly one of them is there. Raises PolicyError."""
    present = [name for name in (element, f"Not{element}") if name in source]
    if len(present) != 1:
        raise PolicyError(f"a statement needs either {element} or Not{element}")
    values = _as_list(source[present[0]])
    if not values or not all(isinstance(value, str) and value for value in values):
        raise PolicyError(f"{present[0]} must be a text or a list of texts")
    return tuple(values), present[0] != element


def _action(text: str) -> Pattern:
    if not _ACTION.fullmatch(text):
        raise PolicyError(f"{text!r} is no action: a service's prefix, a colon and a name, or *")
    return patterns.like(text, variables=False, ignore_case=True)


def _resource(text: str, variables: bool) -> Pattern:
    if text == "*":
        return patterns.like(text, variables=False)
    if not text.startswith("arn:") and not (variables and text.startswith("${")):
        raise PolicyError(f"the resource {text!r} must be an ARN or *")
    return patterns.arn_like(text, variables=variables)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _no_variables(key: str) -> str | None:
    raise UndecidableError(f"${{{key}}} is used where IAM has no policy variables")


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    """JSON objects whose names are unique: a second Condition or Action would silently replace the first."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise PolicyError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return found
