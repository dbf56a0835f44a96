"""Texts and documents with `${Placeholders}` as what the CDK writes into templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import aws_cdk as cdk

from headgate.infra.permissions.document import Statement
from headgate.infra.substitution import substituted


def sub(text: str) -> str:
    """A text with `${Placeholders}` as a token that stands for `Ref` or `Fn::Sub`; one without stays a text."""
    value = substituted(text)
    return value if isinstance(value, str) else cdk.Token.as_string(value)


def policy(statements: Iterable[Statement | Mapping[str, Any]]) -> dict[str, Any]:
    """A resource's policy of statements of the model; one that CloudFormation decides on (`Fn::If`) stays as it is."""
    written = [filled(each.as_json()) if isinstance(each, Statement) else each for each in statements]
    return {"Version": "2012-10-17", "Statement": written}


def filled(document: Any) -> Any:
    """A JSON document with its placeholders filled in by CloudFormation, for properties that take any JSON."""
    return substituted(document)
