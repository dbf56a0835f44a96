"""Bucket policies: whether one lets another account in. What is not understood never allows.

The owner's account is not held to its own bucket policy. The full evaluation of IAM is not done here.
"""

from __future__ import annotations

import json
import re
from typing import Any

from headgate.localcloud.s3.errors import S3Error
from headgate.localcloud.seams import Caller, Json

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?(\d{12})(?::root)?")
_ASSUMED = re.compile(r"arn:(aws[a-z-]*):sts::(\d{12}):assumed-role/([^/]+)/.*")
_ROLE = re.compile(r"(arn:aws[a-z-]*:iam::\d{12}:role/)(?:.*/)?([^/]+)")
_NARROWING = frozenset(
    {
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalaccount",
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourcevpc",
        "aws:sourcevpce",
    }
)
"""Conditions that keep a policy for everybody from being public."""
_KNOWN_MEMBERS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})


def check(body: bytes, bucket: str) -> None:
    """Raises S3Error (MalformedPolicy) for what is no policy of this bucket."""
    try:
        document = json.loads(body)
        statements = _statements(document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _malformed("this policy contains invalid Json") from error
    if not statements:
        raise _malformed("missing required field Statement")
    for statement in statements:
        if statement.get("Effect") not in {"Allow", "Deny"}:
            raise _malformed("every statement needs an Effect that is Allow or Deny")
        for name in ("Principal", "Action", "Resource"):
            if not (statement.get(name) or statement.get(f"Not{name}")):
                raise _malformed(f"missing required field {name}")
        for resource in _texts(statement.get("Resource") or statement.get("NotResource")):
            if not re.fullmatch(
                r"(arn:aws[a-z-]*:s3:::" + re.escape(bucket) + r"(/.*)?)|\*|arn:aws:s3:::\*.*", resource
            ):
                raise _malformed(f"policy has invalid resource: {resource}")


def allows(body: bytes, caller: Caller, action: str, resource: str) -> bool:
    """Whether the policy lets a caller of another account do `action` on the ARN `resource`.

    A Deny that may apply counts as applying; an Allow only if every part of it is understood and matches.
    """
    try:
        statements = _statements(json.loads(body))
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    granted = False
    for statement in statements:
        if statement.get("Effect") == "Allow":
            granted |= _surely_applies(statement, caller, action, resource)
        elif _may_apply(statement, caller, action, resource):
            return False
    return granted


def is_public(document: Json) -> bool:
    """Whether it grants anything to everybody, without a condition that narrows it to an account or a network."""
    return any(
        statement.get("Effect") == "Allow"
        and ("NotPrincipal" in statement or "*" in _principals(statement.get("Principal")))
        and not _condition_keys(statement) & _NARROWING
        for statement in _statements(document)
    )


def _surely_applies(statement: Json, caller: Caller, action: str, resource: str) -> bool:
    return (
        set(statement) <= _KNOWN_MEMBERS
        and _is_caller(statement.get("Principal"), caller)
        and _matches_any(statement.get("Action"), action, ignore_case=True)
        and _matches_any(statement.get("Resource"), resource)
        and _condition(statement) is True
    )


def _may_apply(statement: Json, caller: Caller, action: str, resource: str) -> bool:
    if not set(statement) <= _KNOWN_MEMBERS:
        return True
    return (
        _is_caller(statement.get("Principal"), caller)
        and _matches_any(statement.get("Action"), action, ignore_case=True)
        and (_matches_any(statement.get("Resource"), resource) or "${" in json.dumps(statement.get("Resource")))
        and _condition(statement) is not False
    )


def _condition(statement: Json) -> bool | None:
    """Whether the condition holds; None if it cannot be told. Requests over loopback count as secure transport."""
    condition = statement.get("Condition")
    if not condition:
        return True
    if list(condition) == ["Bool"] and [key.lower() for key in condition["Bool"]] == ["aws:securetransport"]:
        values = {text.lower() for value in condition["Bool"].values() for text in _texts(value)}
        return "true" in values
    return None


def _condition_keys(statement: Json) -> set[str]:
    return {key.lower() for operands in (statement.get("Condition") or {}).values() for key in operands}


def _is_caller(principal: Any, caller: Caller) -> bool:
    names = _principals(principal)
    if "*" in names:
        return True
    assumed = _ASSUMED.fullmatch(caller.principal)
    for name in names:
        account = _ACCOUNT.fullmatch(name)
        if account and account[1] == caller.account:
            return True
        if caller.principal and name == caller.principal:
            return True
        role = _ROLE.fullmatch(name)
        if role and assumed and role[1] == f"arn:{assumed[1]}:iam::{assumed[2]}:role/" and role[2] == assumed[3]:
            return True
    return False


def _principals(principal: Any) -> list[str]:
    """The AWS principals; services and federated users are nobody here."""
    return _texts(principal.get("AWS")) if isinstance(principal, dict) else _texts(principal)


def _matches_any(patterns: Any, value: str, *, ignore_case: bool = False) -> bool:
    return any(
        re.fullmatch(_as_regex(pattern), value, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
        for pattern in _texts(patterns)
        if "${" not in pattern
    )


def _as_regex(pattern: str) -> str:
    return "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)


def _statements(document: Any) -> list[Json]:
    found = document["Statement"]
    statements = [found] if isinstance(found, dict) else list(found)
    if not all(isinstance(statement, dict) for statement in statements):
        raise TypeError("a statement is not an object")
    return statements


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [] if value is None else [str(value)]


def _malformed(message: str) -> S3Error:
    return S3Error("MalformedPolicy", message)
