"""One trail for the organization: every account's calls, in a bucket of governance from which nothing is deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_cdk import aws_cloudtrail as cloudtrail
from constructs import Construct

from headgate.infra.constructs.buckets import Bucket
from headgate.infra.constructs.keys import Key
from headgate.infra.names import bucket_name
from headgate.infra.permissions import resources

TRAIL = "headgate"


class OrganizationTrail(Construct):
    """The trail, its bucket and its key. Members see an organization's trail, and cannot change or stop it."""

    def __init__(self, scope: Construct, name: str, logs_to: str) -> None:
        super().__init__(scope, name)
        self.key = Key(
            self,
            "Key",
            alias="alias/headgate-trail",
            description="The trail of the organization",
            statements=_key_statements(),
        )
        named = bucket_name(resources.TRAIL_BUCKET)
        self.bucket = Bucket(
            self,
            "Bucket",
            bucket_name=named,
            key_arn=self.key.arn,
            logs_to=logs_to,
            statements=_bucket_statements(f"arn:${{AWS::Partition}}:s3:::{named}"),
        )
        self.resource = cloudtrail.CfnTrail(
            self,
            "Resource",
            trail_name=TRAIL,
            s3_bucket_name=self.bucket.resource.ref,
            kms_key_id=self.key.arn,
            is_logging=True,
            is_organization_trail=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
        )
        self.resource.add_resource_dependency(self.bucket.policy)


def _key_statements() -> tuple[Mapping[str, Any], ...]:
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Resource": "*"}
    ours = {"StringEquals": {"aws:SourceArn": resources.TRAIL}}
    return (
        {
            "Sid": "EncryptTrail",
            **service,
            "Action": "kms:GenerateDataKey*",
            "Condition": {
                **ours,
                "StringLike": {
                    "kms:EncryptionContext:aws:cloudtrail:arn": "arn:${AWS::Partition}:cloudtrail:*:"
                    "${AWS::AccountId}:trail/*"
                },
            },
        },
        {"Sid": "DescribeKey", **service, "Action": "kms:DescribeKey", "Condition": ours},
    )


def _bucket_statements(arn: str) -> tuple[Mapping[str, Any], ...]:
    service = {"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}}
    ours = {"StringEquals": {"aws:SourceArn": resources.TRAIL}}
    return (
        {"Sid": "TrailLooks", **service, "Action": "s3:GetBucketAcl", "Resource": arn, "Condition": ours},
        {
            "Sid": "TrailWrites",
            **service,
            "Action": "s3:PutObject",
            "Resource": [f"{arn}/AWSLogs/${{AWS::AccountId}}/*", f"{arn}/AWSLogs/${{OrganizationId}}/*"],
            "Condition": {"StringEquals": {**ours["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}},
        },
        {
            "Sid": "NobodyDeletes",
            "Effect": "Deny",
            "Principal": {"AWS": "*"},
            "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"],
            "Resource": f"{arn}/*",
        },
    )
