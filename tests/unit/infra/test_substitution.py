"""Documents with placeholders become CloudFormation that fills them in, and IAM's own variables stay IAM's."""

from __future__ import annotations

import pytest

from headgate.infra.substitution import placeholders, substituted


def test_a_placeholder_alone_is_a_reference() -> None:
    assert substituted("${Team}") == {"Ref": "Team"}


def test_a_placeholder_in_a_text_is_filled_in_by_sub() -> None:
    assert substituted("arn:${AWS::Partition}:s3:::x") == {"Fn::Sub": "arn:${AWS::Partition}:s3:::x"}


def test_a_text_without_placeholders_stays() -> None:
    assert substituted("s3:GetObject") == "s3:GetObject"


def test_variables_of_iam_survive_the_substitution() -> None:
    assert substituted("arn:${AWS::Partition}:s3:::b/${aws:PrincipalTag/headgate:team}/*") == {
        "Fn::Sub": "arn:${AWS::Partition}:s3:::b/${!aws:PrincipalTag/headgate:team}/*"
    }


def test_a_variable_of_iam_alone_needs_no_substitution() -> None:
    assert substituted("${aws:PrincipalTag/headgate:team}/*") == "${aws:PrincipalTag/headgate:team}/*"


def test_documents_are_substituted_all_the_way_down() -> None:
    document = {"Statement": [{"Resource": ("a", "${Team}"), "Condition": {"Bool": {"x": "false"}}, "Number": 1}]}
    assert substituted(document) == {
        "Statement": [{"Resource": ["a", {"Ref": "Team"}], "Condition": {"Bool": {"x": "false"}}, "Number": 1}]
    }


def test_a_placeholder_in_a_key_is_refused_because_nobody_would_fill_it_in() -> None:
    with pytest.raises(ValueError, match="does not fill in keys"):
        substituted({"${Team}": 1})


def test_placeholders_are_those_that_cloudformation_fills_in() -> None:
    document = {"a": ["${Team}-${aws:username}"], "b": "${AWS::Region}", "c": 3}
    assert placeholders(document) == {"Team", "AWS::Region"}
