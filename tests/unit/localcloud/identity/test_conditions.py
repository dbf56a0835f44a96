from __future__ import annotations

from typing import Any

import pytest

from headgate.localcloud.identity.errors import PolicyError
from unit.localcloud.identity.policies import allow, ask, deny, holds, policy

TAG = "aws:PrincipalTag/team"
TAG_KEYS = "aws:TagKeys"


@pytest.mark.parametrize(
    ("operator", "wanted", "value", "expected"),
    [
        ("StringEquals", "churn", "churn", True),
        ("StringEquals", "churn", "Churn", False),
        ("StringEquals", "ch*", "churn", False),
        ("StringEquals", ["sales", "churn"], "churn", True),
        ("StringNotEquals", "churn", "churn", False),
        ("StringNotEquals", ["sales", "churn"], "churn", False),
        ("StringNotEquals", "sales", "churn", True),
        ("StringEqualsIgnoreCase", "CHURN", "churn", True),
        ("StringNotEqualsIgnoreCase", "CHURN", "churn", False),
        ("StringLike", "*:churn:*", ":sales:churn:", True),
        ("StringLike", "*:churn:*", ":sales:", False),
        ("StringNotLike", "*:churn:*", ":sales:", True),
        ("NumericEquals", "7", "7.0", True),
        ("NumericNotEquals", 7, "8", True),
        ("NumericLessThan", "10", "9", True),
        ("NumericLessThan", "10", "10", False),
        ("NumericLessThanEquals", "10", "10", True),
        ("NumericGreaterThan", "10", "10.5", True),
        ("NumericGreaterThanEquals", "10", "9.99", False),
        ("Bool", "true", "true", True),
        ("Bool", True, "TRUE", True),
        ("Bool", "false", "true", False),
        ("BinaryEquals", "QmFzZTY0", "QmFzZTY0", True),
        ("BinaryEquals", "QmFzZTY0", "AAAA", False),
        ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
        ("IpAddress", "10.0.0.0/8", "11.1.2.3", False),
        ("IpAddress", ["10.0.0.0/8", "2001:db8::/32"], "2001:db8::1", True),
        ("IpAddress", "10.0.0.1", "10.0.0.1", True),
        ("NotIpAddress", "10.0.0.0/8", "11.1.2.3", True),
        ("NotIpAddress", "10.0.0.0/8", "10.1.2.3", False),
        ("ArnLike", "arn:aws:iam::*:role/*", "arn:aws:iam::111122223333:role/a/b", True),
        ("ArnEquals", "arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/x", True),
        ("ArnLike", "arn:aws:iam:*:role/x", "arn:aws:iam::111122223333:role/x", False),
        ("ArnNotLike", "arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/y", True),
        ("ArnNotEquals", "arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/x", False),
        ("DateEquals", "2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00", True),
        ("DateNotEquals", "2026-01-31", "2026-02-01", True),
        ("DateLessThan", "2026-02-01T00:00:00Z", "2026-01-31T23:59:59Z", True),
        ("DateLessThanEquals", "1769860800", "2026-01-31T12:00:00Z", True),
        ("DateGreaterThan", "2026-01-31", "2026-01-31T00:00:00Z", False),
        ("DateGreaterThanEquals", "2026", "2026-01-01T00:00:00Z", True),
        ("DateGreaterThanEquals", "2026-02", "2026-01-01T00:00:00Z", False),
    ],
)
def test_operators_compare(operator: str, wanted: Any, value: str, expected: bool) -> None:
    assert holds({operator: {TAG: wanted}}, {TAG: value}) is expected


MATCHING = ["StringEquals", "StringLike", "StringEqualsIgnoreCase", "ArnLike", "ArnEquals"]
NEGATED = ["StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase", "ArnNotLike", "ArnNotEquals"]


@pytest.mark.parametrize("operator", MATCHING)
def test_a_missing_key_meets_no_operator(operator: str) -> None:
    assert not holds({operator: {TAG: "x"}}, {})


@pytest.mark.parametrize("operator", NEGATED)
def test_a_missing_key_meets_every_negated_operator(operator: str) -> None:
    assert holds({operator: {TAG: "x"}}, {})


@pytest.mark.parametrize("operator", ["NumericLessThan", "NumericGreaterThanEquals"])
def test_a_missing_number_is_neither_less_nor_greater(operator: str) -> None:
    assert not holds({operator: {TAG: "1"}}, {})


@pytest.mark.parametrize("operator", [*MATCHING, *NEGATED])
def test_if_exists_holds_without_the_key_and_asks_with_it(operator: str) -> None:
    condition = {f"{operator}IfExists": {TAG: "x"}}
    assert holds(condition, {})
    assert holds(condition, {TAG: "x"}) is holds({operator: {TAG: "x"}}, {TAG: "x"})
    assert holds(condition, {TAG: "y"}) is holds({operator: {TAG: "x"}}, {TAG: "y"})


def test_null_asks_whether_a_key_is_there() -> None:
    assert holds({"Null": {TAG: "true"}}, {})
    assert not holds({"Null": {TAG: True}}, {TAG: "x"})
    assert holds({"Null": {TAG: "false"}}, {TAG: "x"})
    assert not holds({"Null": {TAG: ["false"]}}, {})
    assert holds({"Null": {TAG_KEYS: "true"}}, {TAG_KEYS: ()})


@pytest.mark.parametrize(
    ("values", "every", "some"),
    [
        ((), True, False),
        (("a",), True, True),
        (("a", "b"), True, True),
        (("a", "c"), False, True),
        (("c",), False, False),
    ],
)
def test_all_and_any_of_several_values(values: tuple[str, ...], every: bool, some: bool) -> None:
    context = {TAG_KEYS: values} if values else {}
    assert holds({"ForAllValues:StringEquals": {TAG_KEYS: ["a", "b"]}}, context) is every
    assert holds({"ForAnyValue:StringEquals": {TAG_KEYS: ["a", "b"]}}, context) is some


@pytest.mark.parametrize(
    ("values", "every", "some"),
    [((), True, False), (("a",), False, False), (("a", "c"), False, True), (("c", "d"), True, True)],
)
def test_negated_operators_over_several_values(values: tuple[str, ...], every: bool, some: bool) -> None:
    context = {TAG_KEYS: values} if values else {}
    assert holds({"ForAllValues:StringNotEquals": {TAG_KEYS: ["a", "b"]}}, context) is every
    assert holds({"ForAnyValue:StringNotEquals": {TAG_KEYS: ["a", "b"]}}, context) is some


def test_any_value_if_exists() -> None:
    assert holds({"ForAnyValue:StringEqualsIfExists": {TAG_KEYS: "a"}}, {})
    assert not holds({"ForAnyValue:StringEqualsIfExists": {TAG_KEYS: "a"}}, {TAG_KEYS: ("b",)})


def test_a_quantifier_over_a_single_value_asks_that_value() -> None:
    assert holds({"ForAllValues:StringEquals": {TAG: "a"}}, {TAG: "a"})
    assert not holds({"ForAnyValue:StringEquals": {TAG: "a"}}, {TAG: "b"})


def test_operators_and_keys_are_all_asked_values_are_alternatives() -> None:
    condition = {
        "StringEquals": {TAG: ["a", "b"], "aws:PrincipalType": "User"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    context = {TAG: "b", "aws:PrincipalType": "User", "aws:SecureTransport": "true"}
    assert holds(condition, context)
    for key in context:
        assert not holds(condition, {**context, key: "other"})


def test_keys_have_any_case() -> None:
    assert holds({"StringEquals": {"AWS:principaltag/TEAM": "a"}}, {TAG: "a"})


def test_variables_compare_with_what_the_request_holds() -> None:
    same = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    assert holds(same, {TAG: "a", "aws:ResourceTag/team": "a"})
    assert not holds(same, {TAG: "a", "aws:ResourceTag/team": "b"})
    assert not holds(same, {"aws:ResourceTag/team": "b"})
    other = {"StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    assert holds(other, {"aws:ResourceTag/team": "b"})


@pytest.mark.parametrize(
    ("operator", "key", "variable", "value", "expected"),
    [
        ("NumericLessThan", "aws:ResourceTag/n", "aws:PrincipalTag/n", "3", True),
        ("DateLessThan", "aws:CurrentTime", "aws:PrincipalTag/until", "2030-01-01", True),
        ("Bool", "aws:ResourceTag/on", "aws:PrincipalTag/on", "true", True),
        ("NumericLessThan", "aws:ResourceTag/n", "aws:PrincipalTag/n", "no number", False),
    ],
)
def test_variables_are_read_as_the_operators_kind(
    operator: str, key: str, variable: str, value: str, expected: bool
) -> None:
    own = {"NumericLessThan": "2", "DateLessThan": "2026-01-01", "Bool": "true"}[operator]
    assert holds({operator: {key: f"${{{variable}}}"}}, {key: own, variable: value}) is expected
    assert not holds({operator: {key: f"${{{variable}}}"}}, {key: own})


UNKNOWN = {"StringEquals": {"sagemaker:NoSuchKey": "x"}}


def test_an_unknown_key_never_allows_and_says_so() -> None:
    found = ask(identity=(policy(allow(Condition=UNKNOWN), name="p"),))
    assert not found.allowed
    assert "does not know the condition key sagemaker:NoSuchKey" in found.reason
    assert "statement 1 of p" in found.reason


@pytest.mark.parametrize("operator", ["StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals"])
def test_an_unknown_key_does_not_hold_by_its_absence(operator: str) -> None:
    assert not holds({operator: {"aws:NoSuchKey": "x"}}, {})
    assert not holds({"Null": {"aws:NoSuchKey": "true"}}, {})


def test_an_unknown_key_in_a_deny_denies() -> None:
    found = ask(identity=(policy(allow(), deny(Condition=UNKNOWN)),))
    assert (found.allowed, found.effect) == (False, "explicit-deny")
    assert "sagemaker:NoSuchKey" in found.reason


def test_a_condition_that_does_not_hold_settles_it_before_an_unknown_one() -> None:
    condition = {"StringEquals": {"aws:NoSuchKey": "x", TAG: "other"}}
    assert ask(identity=(policy(allow(), deny(Condition=condition)),), context={TAG.lower(): "mine"}).allowed


def test_an_unknown_key_that_the_request_has_is_known() -> None:
    assert holds({"StringEquals": {"custom:key": "x"}}, {"custom:key": "x"})


def test_an_unknown_variable_is_undecided() -> None:
    assert not ask(identity=(policy(allow(resource="arn:aws:s3:::${aws:NoSuchKey}/*")),)).allowed
    assert not ask(identity=(policy(allow(), deny(resource="arn:aws:s3:::${aws:NoSuchKey}/*")),)).allowed


def test_several_values_need_a_quantifier() -> None:
    assert not holds({"StringEquals": {TAG_KEYS: "a"}}, {TAG_KEYS: ("a",)})
    assert not holds({"StringNotEquals": {TAG_KEYS: "b"}}, {TAG_KEYS: ("a",)})
    assert not holds({"StringEquals": {TAG: "${aws:TagKeys}"}}, {TAG: "a", TAG_KEYS: ("a",)})


def test_a_value_that_is_no_number_is_undecided() -> None:
    assert not holds({"NumericNotEquals": {TAG: "7"}}, {TAG: "seven"})


@pytest.mark.parametrize(
    "condition",
    [
        [],
        {"StringEqual": {TAG: "x"}},
        {"stringequals": {TAG: "x"}},
        {"ForSomeValues:StringEquals": {TAG: "x"}},
        {"NullIfExists": {TAG: "true"}},
        {"ForAllValues:Null": {TAG: "true"}},
        {"Null": {TAG: "perhaps"}},
        {"Null": {TAG: ["true", "false"]}},
        {"StringEquals": {}},
        {"StringEquals": "x"},
        {"StringEquals": {TAG: []}},
        {"StringEquals": {TAG: {"a": "b"}}},
        {"StringEquals": {TAG: None}},
        {"NumericEquals": {TAG: "seven"}},
        {"NumericEquals": {TAG: "NaN"}},
        {"DateEquals": {TAG: "yesterday"}},
        {"IpAddress": {TAG: "10.0.0.0/99"}},
        {"Bool": {TAG: "yes"}},
        {"BinaryEquals": {TAG: "#"}},
    ],
)
def test_what_is_no_condition_is_refused(condition: Any) -> None:
    with pytest.raises(PolicyError):
        policy(allow(Condition=condition))
