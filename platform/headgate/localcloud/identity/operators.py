"""IAM's condition operators: how one value of a policy compares with one value of a request."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from headgate.localcloud.identity import patterns
from headgate.localcloud.identity.errors import PolicyError, UndecidableError
from headgate.localcloud.identity.patterns import Lookup, Pattern

Test = Callable[[str, Lookup], bool]
"""Whether a request's value meets the policy's. Raises UndecidableError."""
Compile = Callable[[str, bool], Test]
"""From a policy's value (and whether variables count in it) to its test. Raises PolicyError."""


@dataclass(frozen=True, slots=True)
class Operator:
    """`negated` operators hold when no value of the policy meets the request's, also when there is none."""

    compile: Compile
    negated: bool = False


def _equals(*, ignore_case: bool = False) -> Compile:
    def compile_one(text: str, variables: bool) -> Test:
        return patterns.like(text, variables=variables, wildcards=False, ignore_case=ignore_case).matches

    return compile_one


def _like(text: str, variables: bool) -> Test:
    return patterns.like(text, variables=variables).matches


def _arn(text: str, variables: bool) -> Test:
    return patterns.arn_like(text, variables=variables).matches


def _bool(text: str, variables: bool) -> Test:
    wanted = text.lower()
    if wanted not in {"true", "false"}:
        if not (variables and "${" in text):
            raise PolicyError(f"Bool compares with true or false, not with {text!r}")
        return patterns.like(text, variables=True, wildcards=False, ignore_case=True).matches
    return lambda value, _: value.lower() == wanted


def _binary(text: str, _: bool) -> Test:
    wanted = _decoded(text)
    if wanted is None:
        raise PolicyError(f"BinaryEquals compares with base64, not with {text!r}")
    return lambda value, _: _decoded(value) == wanted


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None


def _compared(parse: Callable[[str], Any], kind: str, holds: Callable[[Any, Any], bool]) -> Compile:
    """Operators whose two sides are parsed first; a request's value that cannot be parsed leaves them undecided."""

    def read(value: str) -> Any:
        parsed = parse(value)
        if parsed is None:
            raise UndecidableError(f"the request's value {value!r} is no {kind}")
        return parsed

    def compile_one(text: str, variables: bool) -> Test:
        if variables and "${" in text:
            return _late(patterns.like(text, variables=True, wildcards=False), parse, read, holds)
        wanted = parse(text)
        if wanted is None:
            raise PolicyError(f"{text!r} is no {kind}")
        return lambda value, _: holds(read(value), wanted)

    return compile_one


def _late(
    pattern: Pattern, parse: Callable[[str], Any], read: Callable[[str], Any], holds: Callable[[Any, Any], bool]
) -> Test:
    """A test whose own side has variables: what they amount to is known only with the request."""

    def test(value: str, lookup: Lookup) -> bool:
        text = pattern.resolved(lookup)
        wanted = None if text is None else parse(text)
        return wanted is not None and holds(read(value), wanted)

    return test


def parse_number(text: str) -> Decimal | None:
    """An integer or decimal number, None for anything else."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def parse_date(text: str) -> datetime | None:
    """A W3C ISO 8601 date (`2026-01-31T12:00:00Z`, `2026-01-31`) or seconds since the epoch; None for anything else."""
    if text.lstrip("-").isdigit() and len(text.lstrip("-")) != 4:
        try:
            return datetime.fromtimestamp(int(text), UTC)
        except (OverflowError, ValueError, OSError):
            return None
    for form in (text, f"{text}-01", f"{text}-01-01"):
        try:
            found = datetime.fromisoformat(form)
        except ValueError:
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _inside(value: Any, wanted: Any) -> bool:
    return value.version == wanted.version and bool(value.subnet_of(wanted))


_NUMERIC = "number"
_DATE = "date of ISO 8601 or seconds since the epoch"
_ORDER: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, wanted: bool(value == wanted),
    "LessThan": lambda value, wanted: bool(value < wanted),
    "LessThanEquals": lambda value, wanted: bool(value <= wanted),
    "GreaterThan": lambda value, wanted: bool(value > wanted),
    "GreaterThanEquals": lambda value, wanted: bool(value >= wanted),
}
_IP = _compared(_network, "IP address or CIDR block", _inside)

OPERATORS: Mapping[str, Operator] = {
    "StringEquals": Operator(_equals()),
    "StringNotEquals": Operator(_equals(), negated=True),
    "StringEqualsIgnoreCase": Operator(_equals(ignore_case=True)),
    "StringNotEqualsIgnoreCase": Operator(_equals(ignore_case=True), negated=True),
    "StringLike": Operator(_like),
    "StringNotLike": Operator(_like, negated=True),
    "ArnEquals": Operator(_arn),
    "ArnLike": Operator(_arn),
    "ArnNotEquals": Operator(_arn, negated=True),
    "ArnNotLike": Operator(_arn, negated=True),
    "Bool": Operator(_bool),
    "BinaryEquals": Operator(_binary),
    "IpAddress": Operator(_IP),
    "NotIpAddress": Operator(_IP, negated=True),
    **{f"Numeric{name}": Operator(_compared(parse_number, _NUMERIC, holds)) for name, holds in _ORDER.items()},
    "NumericNotEquals": Operator(_compared(parse_number, _NUMERIC, _ORDER["Equals"]), negated=True),
    **{f"Date{name}": Operator(_compared(parse_date, _DATE, holds)) for name, holds in _ORDER.items()},
    "DateNotEquals": Operator(_compared(parse_date, _DATE, _ORDER["Equals"]), negated=True),
}
"""By name, without `ForAllValues:`, `ForAnyValue:` and `IfExists`. `Null` is no comparison and stands apart."""
