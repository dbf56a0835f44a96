"""What keeps an environment to itself: its buckets answer its own VPC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk

from headgate.infra.permissions import resource_policies
from headgate.infra.tokens import filled


def from_own_vpc(bucket: str, vpc_id: str, open_when: cdk.CfnCondition, *, reading: bool) -> Mapping[str, Any]:
    """People and jobs reach the bucket through their VPC's endpoint only; nobody is asked under `open_when`."""
    statement = resource_policies.environment_bucket(bucket, reading=reading).where({"VpcId": vpc_id})
    return {"Fn::If": [open_when.logical_id, {"Ref": "AWS::NoValue"}, filled(statement.as_json())]}
