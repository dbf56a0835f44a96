"""Documents: placeholders, rendering, CloudFormation's form, and the sizes that AWS allows."""

from __future__ import annotations

import json

import pytest

from headgate.errors import UserError
from headgate.infra.permissions.document import Document, Purpose, Ref, Statement, merged, render, size
from headgate.infra.permissions.roles import packed
from headgate.infra.substitution import substituted

BUCKET = "arn:${AWS::Partition}:s3:::headgate-${Environment}-data/${aws:PrincipalTag/headgate:team}/*"


def _document(**conditions: object) -> Document:
    statement = Statement("Read", ("s3:GetObject",), (BUCKET,), {"StringEquals": conditions} if conditions else {})
    return Document("one", Purpose.IDENTITY, (statement,))


def test_placeholders_are_cloudformations_names_and_not_iams_variables() -> None:
    assert _document().placeholders == {"AWS::Partition", "Environment"}


def test_rendering_fills_in_placeholders_and_leaves_iams_variables() -> None:
    body = render(_document(), {"AWS::Partition": "aws", "Environment": "dev"})
    resource = body["Statement"][0]["Resource"]
    assert resource == "arn:aws:s3:::headgate-dev-data/${aws:PrincipalTag/headgate:team}/*"


def test_rendering_without_a_value_says_which_one_is_missing() -> None:
    with pytest.raises(UserError, match="'one' lacks a value for Environment"):
        render(_document(), {"AWS::Partition": "aws"})


def test_a_reference_becomes_the_parameters_list() -> None:
    document = _document(**{"aws:RequestedRegion": Ref("ApprovedRegions")})
    assert "ApprovedRegions" in document.placeholders
    body = render(document, {"AWS::Partition": "aws", "Environment": "dev", "ApprovedRegions": ["eu-west-1"]})
    assert body["Statement"][0]["Condition"]["StringEquals"] == {"aws:RequestedRegion": ["eu-west-1"]}
    written = substituted(document.body)["Statement"][0]["Condition"]["StringEquals"]
    assert written == {"aws:RequestedRegion": {"Ref": "ApprovedRegions"}}


def test_cloudformation_gets_sub_with_iams_variables_escaped() -> None:
    resource = substituted(_document().body)["Statement"][0]["Resource"]
    assert resource == {
        "Fn::Sub": "arn:${AWS::Partition}:s3:::headgate-${Environment}-data/${!aws:PrincipalTag/headgate:team}/*"
    }


def test_cloudformation_keeps_what_has_no_placeholder() -> None:
    statement = Statement("Own", ("s3:GetObject",), ("arn:aws:s3:::x/${aws:PrincipalTag/headgate:team}",))
    document = Document("own", Purpose.IDENTITY, (statement,))
    assert substituted(document.body) == document.body


def test_statement_is_written_with_what_it_has() -> None:
    statement = Statement("Deny", resources=(), effect="Deny", not_actions=("iam:*",), not_resources=("a", "b"))
    assert statement.as_json() == {
        "Sid": "Deny",
        "Effect": "Deny",
        "NotAction": "iam:*",
        "NotResource": ["a", "b"],
    }


def test_where_replaces_in_resources_conditions_and_principals() -> None:
    statement = Statement(
        "Some", ("s3:*",), ("${Team}",), {"StringEquals": {"key": ("${Team}", "x")}}, principals={"AWS": "${Team}"}
    )
    made = statement.where({"Team": "churn"}).as_json()
    assert made["Resource"] == "churn"
    assert made["Condition"] == {"StringEquals": {"key": ["churn", "x"]}}
    assert made["Principal"] == {"AWS": "churn"}


def test_size_counts_no_white_space() -> None:
    assert size({"a": ["b", "c d"]}) == len('{"a":["b","c d"]}')


def test_same_statement_twice_is_one() -> None:
    statement = Statement("Read", ("s3:GetObject",))
    assert merged([statement, statement]) == (statement,)


def test_two_statements_of_one_name_are_refused() -> None:
    with pytest.raises(UserError, match="two different statements are called 'Read'"):
        merged([Statement("Read", ("s3:GetObject",)), Statement("Read", ("s3:PutObject",))])


def test_too_many_statements_for_one_policy_make_several() -> None:
    statements = tuple(Statement(f"Read{number}", ("s3:GetObject",), ("x" * 1000,)) for number in range(12))
    made = packed("reader", statements)
    assert [each.name for each in made] == ["reader", "reader-2", "reader-3"]
    assert tuple(statement for each in made for statement in each.statements) == statements
    assert all(size(each.body) <= Purpose.IDENTITY.limit for each in made)


def test_body_is_plain_json() -> None:
    body = _document(**{"aws:TagKeys": ("a", "b")}).body
    assert json.loads(json.dumps(body)) == body
