"""Log groups with a key and an end: none is made without either."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_logs as logs
from constructs import Construct

from headgate.infra.tokens import sub


def log_group(scope: Construct, name: str, log_group_name: str, key_arn: str) -> logs.CfnLogGroup:
    """A log group under a name with placeholders; it outlives its stack, its events live for `LogRetentionDays`."""
    group = logs.CfnLogGroup(
        scope,
        name,
        log_group_name=sub(log_group_name),
        kms_key_id=key_arn,
    )
    group.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return group
