"""Policy documents with `${Placeholders}` as CloudFormation that fills them in: pure functions over JSON.

`${Team}` and `${AWS::AccountId}` are CloudFormation's to fill in; `${aws:PrincipalTag/headgate:team}` is IAM's, at the
time of the request, and goes through `Fn::Sub` as `${!aws:PrincipalTag/headgate:team}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\$\{(?P<name>[^}!]+)\}")
_FILLED_IN = re.compile(r"^(AWS::)?[A-Za-z0-9.]+$")
_TOKEN = re.compile(r"^Token\[")
"""How the CDK writes a value that it fills in itself when it synthesizes."""


def placeholders(document: Any) -> frozenset[str]:
    """The names in a document that CloudFormation has to fill in, such as `Team` and `AWS::AccountId`."""
    if isinstance(document, str):
        names = (match["name"] for match in _PLACEHOLDER.finditer(document))
        return frozenset(name for name in names if _FILLED_IN.match(name))
    if isinstance(document, Mapping):
        return frozenset().union(*(placeholders(key) | placeholders(value) for key, value in document.items()))
    if isinstance(document, (list, tuple)):
        return frozenset().union(*map(placeholders, document))
    return frozenset()


def substituted(document: Any) -> Any:
    """The document with each string that has placeholders as `Ref` or `Fn::Sub`; all else as it is.

    Raises ValueError for a placeholder in a key: CloudFormation fills in values only.
    """
    if isinstance(document, str):
        return _text(document)
    if isinstance(document, Mapping):
        for key in document:
            if placeholders(key):
                raise ValueError(f"CloudFormation does not fill in keys: {key}")
        return {key: substituted(value) for key, value in document.items()}
    if isinstance(document, (list, tuple)):
        return [substituted(each) for each in document]
    return document


def _text(text: str) -> Any:
    names = placeholders(text)
    if not names:
        return text
    if text == f"${{{next(iter(names))}}}":
        return {"Ref": next(iter(names))}
    return {"Fn::Sub": _PLACEHOLDER.sub(_escaped, text)}


def _escaped(match: re.Match[str]) -> str:
    name = match["name"]
    return match[0] if _FILLED_IN.match(name) or _TOKEN.match(name) else f"${{!{name}}}"
