"""What cuts across all stacks: tags, the boundary on every role, retention of logs, encryption of whatever stores."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
import jsii
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

from headgate.infra.permissions import resources
from headgate.infra.permissions.places import ACCOUNT_TAG, ENVIRONMENT_TAG, PROJECT_TAG, TEAM_TAG
from headgate.infra.tokens import filled, sub

TAGS: Mapping[str, str] = {
    ACCOUNT_TAG: "AccountName",
    "headgate:cost-centre": "CostCentre",
    ENVIRONMENT_TAG: "Environment",
    PROJECT_TAG: "Project",
    TEAM_TAG: "Team",
}
"""Tags of everything that takes tags, with the parameter that they come from where a kind has it."""

_ENCRYPTED_BY: tuple[tuple[tuple[type[cdk.CfnResource], ...], str], ...] = (
    ((logs.CfnLogGroup,), "kms_key_id"),
    ((sns.CfnTopic, sqs.CfnQueue), "kms_master_key_id"),
    ((s3.CfnBucket,), "bucket_encryption"),
    ((dynamodb.CfnTable,), "sse_specification"),
    ((ecr.CfnRepository,), "encryption_configuration"),
    ((events.CfnEventBus,), "kms_key_identifier"),
    ((lambda_.CfnFunction,), "kms_key_arn"),
)


@jsii.implements(cdk.IAspect)
class Baseline:
    """Puts on what is missing where there is one right answer, and is an error where there is not."""

    def visit(self, node: IConstruct) -> None:
        """Called by the CDK for every construct."""
        if isinstance(node, iam.CfnRole):
            node.permissions_boundary = sub(resources.BOUNDARY_POLICY)
        elif isinstance(node, logs.CfnLogGroup) and node.retention_in_days is None:
            node.retention_in_days = cdk.Token.as_number(filled("${LogRetentionDays}"))
        missing = _unencrypted(node)
        if missing:
            cdk.Annotations.of(node).add_error(f"{missing} is missing: everything that stores is encrypted")


def _unencrypted(node: IConstruct) -> str | None:
    """The property by which a resource is encrypted, when it has none."""
    for kinds, attribute in _ENCRYPTED_BY:
        if isinstance(node, kinds) and getattr(node, attribute) is None:
            return attribute
    return None


def apply(stack: cdk.Stack, parameters: tuple[str, ...]) -> None:
    """The baseline and the tags, for a stack whose kind has these parameters."""
    cdk.Aspects.of(stack).add(Baseline())
    for tag, parameter in TAGS.items():
        if parameter in parameters:
            cdk.Tags.of(stack).add(tag, sub(f"${{{parameter}}}"))
