from __future__ import annotations

import json
from typing import Any

import pytest

from headgate.localcloud.identity.errors import PolicyError
from headgate.localcloud.identity.policy import compile_policy, parse_policy
from unit.localcloud.identity.policies import OBJECT, allow, ask, deny, document, on_bucket, policy

ANYBODY = {"Principal": "*"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "JSON object"),
        ({}, "at least one Statement"),
        ({"Statement": []}, "at least one Statement"),
        ({"Statement": ["x"]}, "statement 1 is no JSON object"),
        ({"Version": "2013-01-01", "Statement": [allow()]}, "Version"),
        ({"Statements": [allow()]}, "no element 'Statements'"),
        (document({**allow(), "Effect": "allow"}), "Effect must be"),
        (document({"Effect": "Allow", "Resource": "*"}), "either Action or NotAction"),
        (document({**allow(), "NotAction": "s3:*"}), "either Action or NotAction"),
        (document({"Effect": "Allow", "Action": "*"}), "either Resource or NotResource"),
        (document({**allow(), "Conditions": {}}), "'Conditions' is no element"),
        (document({**allow(), "Principal": "*"}), "'Principal' is no element of a statement in an identity-based"),
        (document(allow("GetObject")), "no action"),
        (document(allow("s3:Get Object")), "no action"),
        (document(allow("*:*")), "no action"),
        (document(allow([])), "Action must be"),
        (document(allow(7)), "Action must be"),
        (document(allow(resource="bucket")), "must be an ARN"),
        (document(allow(resource="")), "Resource must be"),
        (document(allow(Sid="a"), deny(Sid="a")), "unique"),
        (document(allow(Sid="Mine", Condition={"Equals": {"aws:userid": "x"}})), r"statement 1 \(Mine\): there is no"),
    ],
)
def test_what_is_no_identity_policy_is_refused(body: Any, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        parse_policy(body, "identity")


@pytest.mark.parametrize(
    "principal",
    [
        {},
        {"Principal": {}},
        {"Principal": "111122223333"},
        {"Principal": {"AWS": []}},
        {"Principal": {"AWS": 111122223333}},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:role/*"}},
        {"Principal": {"AWS": "arn:aws:iam::*:root"}},
        {"Principal": {"AWS": "arn:aws:s3:::bucket"}},
        {"Principal": {"AWS": "somebody"}},
        {"Principal": {"Service": "*.amazonaws.com"}},
        {"Principal": {"CanonicalUser": "79a5"}},
        {"Principal": "*", "NotPrincipal": "*"},
    ],
)
def test_what_names_no_principal_is_refused(principal: dict[str, Any]) -> None:
    with pytest.raises(PolicyError):
        on_bucket(allow(**principal))


def test_a_trust_policy_has_principals_and_no_resource() -> None:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    assert len(parse_policy(document(statement), "trust").statements) == 1
    with pytest.raises(PolicyError, match="'Resource' is no element"):
        parse_policy(document({**statement, "Resource": "*"}), "trust")


def test_a_repositorys_policy_needs_no_resource() -> None:
    statement = {"Effect": "Allow", "Action": "ecr:*", "Principal": "*"}
    assert len(parse_policy(document(statement), "repository").statements) == 1
    assert len(parse_policy(document({**statement, "Resource": "*"}), "repository").statements) == 1
    with pytest.raises(PolicyError):
        parse_policy(document(statement), "resource")


def test_a_principal_that_was_deleted_stays_in_the_policy_and_names_nobody() -> None:
    made = on_bucket(allow(Principal={"AWS": "AROAEXAMPLEID1234567"}))
    assert not ask(resource=made).allowed


def test_text_that_is_no_json_is_refused() -> None:
    with pytest.raises(PolicyError, match="no JSON"):
        compile_policy("{", "identity")


def test_a_name_that_stands_twice_is_refused() -> None:
    text = '{"Statement": {"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}}'
    with pytest.raises(PolicyError, match="'Effect' stands twice"):
        compile_policy(text, "identity")


def test_the_same_text_is_compiled_once() -> None:
    text = json.dumps(document(allow()))
    assert compile_policy(text, "identity") is compile_policy(text, "identity")


def test_one_statement_may_stand_without_a_list() -> None:
    made = parse_policy({"Version": "2012-10-17", "Statement": allow()}, "identity")
    assert ask(identity=(made,)).allowed


@pytest.mark.parametrize(
    ("action", "covered"),
    [
        ("s3:GetObject", True),
        ("S3:getobject", True),
        ("s3:Get*", True),
        ("s3:*Object", True),
        ("s3:Get?bject", True),
        ("*", True),
        ("s3:GetObjectAcl", False),
        ("s3:Put*", False),
        ("sqs:*", False),
    ],
)
def test_actions_have_wildcards_and_any_case(action: str, covered: bool) -> None:
    assert ask(identity=(policy(allow(action)),)).allowed is covered
    without = {"Effect": "Allow", "NotAction": action, "Resource": "*"}
    assert ask(identity=(policy(without),)).allowed is not covered


def test_not_resource_covers_everything_else() -> None:
    without = policy({"Effect": "Allow", "Action": "*", "NotResource": ["arn:aws:s3:::bucket/*"]})
    assert not ask(identity=(without,)).allowed
    assert ask(identity=(without,), arn="arn:aws:s3:::other/key").allowed
    assert ask(identity=(without,), arn="*").allowed


def test_resources_have_case() -> None:
    assert not ask(identity=(policy(allow(resource=OBJECT.upper().replace("ARN:AWS:S3", "arn:aws:s3"))),)).allowed


def test_an_action_on_everything_needs_everything() -> None:
    assert ask(action="s3:ListAllMyBuckets", arn="*", identity=(policy(allow()),)).allowed
    assert not ask(action="s3:ListAllMyBuckets", arn="*", identity=(policy(allow(resource="arn:aws:s3:::*")),)).allowed


def test_variables_count_from_version_2012_only() -> None:
    statement = allow(resource="arn:aws:s3:::${aws:username}/*")
    context = {"aws:username": "bucket"}
    assert ask(identity=(parse_policy(document(statement), "identity"),), context=context).allowed
    assert not ask(identity=(parse_policy({"Statement": [statement]}, "identity"),), context=context).allowed


def test_a_resource_with_a_variable_that_has_no_value_is_no_resource() -> None:
    made = policy(allow(resource="arn:aws:s3:::bucket/${aws:PrincipalTag/team}*"))
    assert not ask(identity=(made,)).allowed
    assert ask(identity=(made,), context={"aws:principaltag/team": "k"}).allowed


def test_every_statement_is_about_its_own_actions() -> None:
    made = policy(allow("s3:*"), deny("s3:Delete*"), allow("sqs:*"))
    assert [statement.number for statement in made.about("s3:DeleteObject")] == [1, 2]
    assert [statement.number for statement in made.about("sqs:SendMessage")] == [3]
