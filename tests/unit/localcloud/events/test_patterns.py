"""Event patterns: each operator, and what is no pattern."""

from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.events.patterns import EventPattern, InvalidPatternError


def matches(pattern: dict[str, Any], event: dict[str, Any]) -> bool:
    return EventPattern(json.dumps(pattern)).matches(event)


@pytest.mark.parametrize(
    ("wanted", "yes", "no"),
    [
        (["a"], ["a", ["b", "a"]], ["b", ["b"], None, {"a": 1}]),
        ([1], [1, 1.0], [True, "1"]),
        ([True], [True], [1, "true", False]),
        ([None], [None], ["", 0]),
        ([{"prefix": "ab"}], ["abc", "ab"], ["Abc", "xab", 5]),
        ([{"prefix": {"equals-ignore-case": "AB"}}], ["abc", "ABc"], ["xab"]),
        ([{"suffix": ".csv"}], ["a.csv"], ["a.csv.gz"]),
        ([{"suffix": {"equals-ignore-case": ".CSV"}}], ["a.csv"], ["a.gz"]),
        ([{"equals-ignore-case": "abc"}], ["ABC"], ["abcd"]),
        ([{"wildcard": "a*c"}], ["abc", "ac", "a\nc"], ["abcd"]),
        ([{"wildcard": "a\\*c"}], ["a*c"], ["abc"]),
        ([{"numeric": [">", 0, "<=", 5]}], [1, 5, 0.5], [0, 6, "3", True]),
        ([{"numeric": ["=", 3]}], [3, 3.0], [4]),
        ([{"cidr": "10.0.0.0/24"}], ["10.0.0.7"], ["10.0.1.7", "ten", 5]),
        ([{"anything-but": "a"}], ["b", 5], ["a"]),
        ([{"anything-but": ["a", 1]}], ["b", 2], ["a", 1]),
        ([{"anything-but": {"prefix": "a"}}], ["b"], ["ab"]),
        ([{"anything-but": {"suffix": ["a", "b"]}}], ["c"], ["xa", "xb"]),
        ([{"exists": True}], ["a", None, ["a"]], []),
        ([{"exists": True}, "x"], ["x"], []),
        (["a", {"prefix": "b"}], ["a", "bc"], ["c"]),
    ],
)
def test_operators(wanted: list[Any], yes: list[Any], no: list[Any]) -> None:
    for value in yes:
        assert matches({"detail": {"field": wanted}}, {"detail": {"field": value}}), value
    for value in no:
        assert not matches({"detail": {"field": wanted}}, {"detail": {"field": value}}), value


def test_what_is_absent_matches_only_exists_false() -> None:
    assert matches({"detail": {"field": [{"exists": False}]}}, {"detail": {}})
    assert matches({"detail": {"field": [{"exists": False}]}}, {})
    for wanted in ([{"anything-but": "a"}], [None], [{"exists": True}]):
        assert not matches({"detail": {"field": wanted}}, {"detail": {}})


def test_every_field_must_match() -> None:
    pattern = {"source": ["aws.sagemaker"], "detail": {"status": ["Approved"]}}
    assert matches(pattern, {"source": "aws.sagemaker", "detail": {"status": "Approved", "more": 1}})
    assert not matches(pattern, {"source": "aws.sagemaker", "detail": {"status": "Rejected"}})
    assert not matches(pattern, {"source": "aws.sagemaker"})


def test_or_needs_one_of_its_branches() -> None:
    pattern = {"$or": [{"source": ["a"]}, {"detail": {"n": [{"numeric": [">", 5]}]}}]}
    assert matches(pattern, {"source": "a", "detail": {}})
    assert matches(pattern, {"source": "b", "detail": {"n": 6}})
    assert not matches(pattern, {"source": "b", "detail": {"n": 5}})


def test_one_object_of_a_list_must_match_as_a_whole() -> None:
    pattern = {"detail": {"items": {"name": ["a"], "size": [1]}}}
    assert matches(pattern, {"detail": {"items": [{"name": "b"}, {"name": "a", "size": 1}]}})
    assert not matches(pattern, {"detail": {"items": [{"name": "a", "size": 2}, {"name": "b", "size": 1}]}})


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("{", "not JSON"),
        ("[]", "an object"),
        ("{}", "at least one field"),
        ('{"a": "b"}', "in a list"),
        ('{"a": []}', "in a list"),
        ('{"a": {}}', "empty object"),
        ('{"a": [{"like": "x"}]}', "unknown operator 'like'"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "exactly one operator"),
        ('{"a": [["b"]]}', "a list in a list"),
        ('{"a": [{"prefix": 5}]}', "prefix takes text"),
        ('{"a": [{"exists": "yes"}]}', "true or false"),
        ('{"a": [{"numeric": [">"]}]}', "numeric takes"),
        ('{"a": [{"numeric": [">", 6, "<", 5]}]}', "has its bottom first"),
        ('{"a": [{"numeric": ["<", 6, ">", 5]}]}', "has its bottom first"),
        ('{"a": [{"numeric": ["~", 1]}]}', "numeric takes"),
        ('{"a": [{"cidr": "x"}]}', "cidr takes"),
        ('{"a": [{"anything-but": {}}]}', "anything-but takes"),
        ('{"a": [{"anything-but": []}]}', "anything-but takes"),
        ('{"a": [{"wildcard": "a**b"}]}', "two \\* in a row"),
        ('{"$or": [{"a": ["b"]}]}', "two or more"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidPatternError, match=reason):
        EventPattern(pattern)
