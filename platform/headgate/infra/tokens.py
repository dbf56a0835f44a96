"""Texts and documents with `${Placeholders}` as what the CDK writes into templates."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk

from headgate.infra.substitution import substituted


def sub(text: str) -> str:
    """A text with `${Placeholders}` as a token that stands for `Ref` or `Fn::Sub`; one without stays a text."""
    value = substituted(text)
    return value if isinstance(value, str) else cdk.Token.as_string(value)


def filled(document: Any) -> Any:
    """A JSON document with its placeholders filled in by CloudFormation, for properties that take any JSON."""
    return substituted(document)
