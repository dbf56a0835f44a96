"""What keeps an environment to itself: its buckets answer its own VPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk

from headgate.infra.permissions import resources

MACHINES = (
    resources.DEPLOYER_ROLE,
    resources.PROMOTION_ROLE,
    resources.CLOUDFORMATION_ROLE,
    resources.STACK_SET_ROLES,
    resources.VENDING_ROLE,
)
"""Principals that work from outside of the VPC: CI, promotion, and those that deploy for them."""

READS = ("s3:GetObject", "s3:GetObjectVersion")
WRITES = ("s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion")

_NOT_FOR_A_SERVICE = {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"}


def from_own_vpc(bucket: str, actions: Sequence[str], vpc_id: str, open_when: cdk.CfnCondition) -> Mapping[str, Any]:
    """People and jobs reach the bucket through their VPC's endpoint only; nobody is asked under `open_when`.

    AWS services that act for somebody are let through: their requests come from networks of AWS's own.
    """
    statement = {
        "Sid": "OwnVpcOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": list(actions),
        "Resource": [bucket, f"{bucket}/*"],
        "Condition": {
            "StringNotEquals": {"aws:SourceVpc": vpc_id},
            "ArnNotLike": {"aws:PrincipalArn": list(MACHINES)},
            "BoolIfExists": dict(_NOT_FOR_A_SERVICE),
        },
    }
    return {"Fn::If": [open_when.logical_id, {"Ref": "AWS::NoValue"}, statement]}
