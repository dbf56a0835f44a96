"""The catalog of accounts, and the audit of what happened to them: two DynamoDB tables that outlive every stack."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

CATALOG = "headgate-catalog"
AUDIT = "headgate-audit"


def table(
    scope: Construct, name: str, *, table_name: str, partition: str, sort: str, key_arn: str
) -> dynamodb.CfnTable:
    """A table on demand with point-in-time recovery, our own key and deletion protection."""
    made = dynamodb.CfnTable(
        scope,
        name,
        table_name=table_name,
        billing_mode="PAY_PER_REQUEST",
        attribute_definitions=[
            dynamodb.CfnTable.AttributeDefinitionProperty(attribute_name=each, attribute_type="S")
            for each in (partition, sort)
        ],
        key_schema=[
            dynamodb.CfnTable.KeySchemaProperty(attribute_name=partition, key_type="HASH"),
            dynamodb.CfnTable.KeySchemaProperty(attribute_name=sort, key_type="RANGE"),
        ],
        point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
            point_in_time_recovery_enabled=True
        ),
        sse_specification=dynamodb.CfnTable.SSESpecificationProperty(
            sse_enabled=True, sse_type="KMS", kms_master_key_id=key_arn
        ),
        deletion_protection_enabled=True,
    )
    made.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return made
