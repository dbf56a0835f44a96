from __future__ import annotations

import pytest

from headgate.localcloud.identity.errors import PolicyError
from headgate.localcloud.identity.patterns import arn_like, like


def nothing(_: str) -> str | None:
    return None


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("*", "", True),
        ("*", "anything:at/all", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("a*c*e", "abcde", True),
        ("a*c*e", "abce", True),
        ("a*c*e", "abcd", False),
        ("a**c", "abbc", True),
        ("a.c", "abc", False),
        ("[a]", "a", False),
        ("line*", "line\nbreak", True),
    ],
)
def test_wildcards(pattern: str, value: str, matches: bool) -> None:
    assert like(pattern, variables=False).matches(value, nothing) is matches


@pytest.mark.parametrize(
    ("pattern", "arn", "matches"),
    [
        ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b:c", True),
        ("arn:aws:s3:::buck*", "arn:aws:s3:::bucket/a", True),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::111122223333:role/x", True),
        ("arn:aws:iam:*:role/x", "arn:aws:iam::111122223333:role/x", False),
        ("arn:aws:sqs:*:queue", "arn:aws:sqs:eu-west-1:111122223333:queue", False),
        ("arn:aws:sqs", "arn:aws:sqs:eu-west-1:111122223333:queue", True),
        ("arn:aws:sqs:eu-west-1", "arn:aws:sqs:us-east-1:111122223333:queue", False),
        ("arn:aws:s?s:*:*:queue", "arn:aws:sqs:eu-west-1:111122223333:queue", True),
        ("arn:*:*:*:*:a*:b*", "arn:aws:states:eu-west-1:1:a:c:b", True),
    ],
)
def test_arns_match_component_by_component(pattern: str, arn: str, matches: bool) -> None:
    assert arn_like(pattern, variables=False).matches(arn, nothing) is matches


def test_a_variable_stands_for_its_value_and_nothing_else() -> None:
    pattern = like("home/${aws:username}/*", variables=True)
    assert pattern.matches("home/ada/x", {"aws:username": "ada"}.get)
    assert not pattern.matches("home/bob/x", {"aws:username": "ada"}.get)
    assert not pattern.matches("home/anybody/x", {"aws:username": "*"}.get)  # a star in a value is a star
    assert pattern.matches("home/*/x", {"aws:username": "*"}.get)


def test_a_variable_without_value_matches_nothing_unless_it_has_a_default() -> None:
    assert not like("${aws:username}*", variables=True).matches("", nothing)
    assert like("${aws:username, 'nobody'}/*", variables=True).matches("nobody/x", nothing)
    assert like("${aws:username,'nobody'}/*", variables=True).matches("ada/x", {"aws:username": "ada"}.get)


def test_a_tags_key_may_have_spaces_and_any_case() -> None:
    pattern = like("${aws:PrincipalTag/Cost Centre}", variables=True)
    assert pattern.matches("17", {"aws:principaltag/cost centre": "17"}.get)


def test_escapes_stand_for_the_letters_themselves() -> None:
    pattern = like("a${*}b${?}c${$}", variables=True)
    assert pattern.matches("a*b?c$", nothing)
    assert not pattern.matches("axbycz", nothing)


def test_without_variables_a_dollar_is_a_dollar() -> None:
    assert like("${aws:username}", variables=False).matches("${aws:username}", nothing)


@pytest.mark.parametrize("text", ["${", "${}", "${a,b}", "${a, 'b}", "x${a'b}"])
def test_a_broken_variable_is_refused(text: str) -> None:
    with pytest.raises(PolicyError, match="variable"):
        like(text, variables=True)


def test_many_stars_cost_no_exponential_time() -> None:
    pattern = like("*a" * 30 + "b", variables=False)
    assert not pattern.matches("a" * 5000, nothing)  # with exponential time, never


def test_a_value_without_wildcards_is_put_together() -> None:
    pattern = like("${aws:username}-x", variables=True, wildcards=False)
    assert pattern.resolved({"aws:username": "ada"}.get) == "ada-x"
    assert pattern.resolved(nothing) is None
    assert like("a*?${aws:username, 'b'}", variables=True).resolved(nothing) == "a*?b"
