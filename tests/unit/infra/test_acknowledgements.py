"""A wildcard is acknowledged when its form is known, and stays a finding otherwise."""

from __future__ import annotations

import pytest

from headgate.infra.acknowledgements import BOUNDARY_ACTION, NAG, of_policy, reason_for


@pytest.mark.parametrize(
    "wildcard",
    [
        "Resource::arn:<AWS::Partition>:s3:::*",
        "Resource::arn:<AWS::Partition>:s3:::company-*",
        "Resource::arn:<AWS::Partition>:iam::*:role/*",
        "Resource::arn:<AWS::Partition>:dynamodb:<AWS::Region>:<AWS::AccountId>:table/*",
        "Action::s3:*",
        "Action::iam:Create*",
        "Action::*",
    ],
)
def test_a_wildcard_of_an_unknown_form_has_no_reason(wildcard: str) -> None:
    assert reason_for(wildcard) is None


@pytest.mark.parametrize(
    "wildcard",
    [
        "Resource::arn:<AWS::Partition>:s3:::headgate-<Environment>-data-<AWS::AccountId>-<AWS::Region>/*",
        "Resource::arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:key/*",
        "Action::ec2:Describe*",
    ],
)
def test_a_wildcard_of_a_known_form_has_one(wildcard: str) -> None:
    assert reason_for(wildcard)


def test_ids_are_spelled_as_cdk_nag_spells_them_and_denials_are_left_out() -> None:
    document = {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject", "iam:Create*"],
                "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::headgate-x/${!aws:PrincipalTag/headgate:team}/*"},
            },
            {"Effect": "Deny", "Action": "*", "Resource": "*"},
        ]
    }
    assert [each.id for each in of_policy(document, is_boundary=False)] == [
        f"{NAG}IAM5[Resource::arn:<AWS::Partition>:s3:::headgate-x/<!aws:PrincipalTag/headgate:team>/*]"
    ]


def test_only_a_boundary_may_name_whole_services() -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    assert {each.reason for each in of_policy(document, is_boundary=True)} == {BOUNDARY_ACTION}
    assert [each.id for each in of_policy(document, is_boundary=False)] == [f"{NAG}IAM5[Resource::*]"]
