"""S3 buckets that are private, versioned, encrypted, and answer over TLS only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_s3 as s3
from constructs import Construct

from headgate.infra.names import bucket_name
from headgate.infra.permissions import resource_policies
from headgate.infra.permissions.document import Statement
from headgate.infra.tokens import filled, policy, sub

NONCURRENT_DAYS = 90
"""Days that an overwritten or deleted object can still be had back."""


class Bucket(Construct):
    """A bucket and its policy; it outlives its stack.

    `key_arn` None means SSE-S3, the only encryption that S3 can deliver server access logs to. `lifecycle` are rules
    beyond those that every bucket has. `logs_to` is the bucket that gets the server access logs, or the name of one
    that another stack of the same account and Region has made.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        bucket_name: str,
        key_arn: str | None,
        statements: Sequence[Statement | Mapping[str, Any]] = (),
        lifecycle: Sequence[s3.CfnBucket.RuleProperty] = (),
        logs_to: Bucket | str | None = None,
    ) -> None:
        super().__init__(scope, name)
        self.bucket_name = bucket_name
        self.resource = s3.CfnBucket(
            self,
            "Resource",
            bucket_name=sub(bucket_name),
            bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(
                server_side_encryption_configuration=[_encryption(key_arn)]
            ),
            lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(rules=[_tidy(), *lifecycle]),
            logging_configuration=_logging(logs_to, bucket_name),
            ownership_controls=s3.CfnBucket.OwnershipControlsProperty(
                rules=[s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")]
            ),
            public_access_block_configuration=s3.CfnBucket.PublicAccessBlockConfigurationProperty(
                block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
            ),
            versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
        )
        self.resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.arn = f"arn:${{AWS::Partition}}:s3:::{bucket_name}"
        encryption = resource_policies.encrypted_with(self.arn, key_arn) if key_arn else ()
        self.policy = s3.CfnBucketPolicy(
            self,
            "Policy",
            bucket=self.resource.ref,
            policy_document=policy((*resource_policies.bucket(self.resource.attr_arn), *encryption, *statements)),
        )
        self.policy.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def logs_bucket(scope: Construct, arn: str) -> Bucket:
    """The bucket that server access logs of the others in an account are delivered to."""
    statements = (resource_policies.server_access_logs(arn),)
    return Bucket(scope, "Logs", bucket_name=bucket_name(arn), key_arn=None, statements=statements)


def expiry(name: str, prefix: str, days: str) -> s3.CfnBucket.RuleProperty:
    """Objects under a prefix go after so many days (a number or a parameter `${Name}`), and their old versions soon."""
    return s3.CfnBucket.RuleProperty(
        id=name,
        status="Enabled",
        prefix=prefix,
        expiration_in_days=cdk.Token.as_number(filled(days)),
        noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(noncurrent_days=1),
    )


def _tidy() -> s3.CfnBucket.RuleProperty:
    return s3.CfnBucket.RuleProperty(
        id="tidy",
        status="Enabled",
        abort_incomplete_multipart_upload=s3.CfnBucket.AbortIncompleteMultipartUploadProperty(days_after_initiation=7),
        noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(noncurrent_days=NONCURRENT_DAYS),
    )


def _encryption(key_arn: str | None) -> s3.CfnBucket.ServerSideEncryptionRuleProperty:
    default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
        sse_algorithm="aws:kms" if key_arn else "AES256", kms_master_key_id=key_arn
    )
    return s3.CfnBucket.ServerSideEncryptionRuleProperty(
        server_side_encryption_by_default=default, bucket_key_enabled=True if key_arn else None
    )


def _logging(logs_to: Bucket | str | None, bucket_name: str) -> s3.CfnBucket.LoggingConfigurationProperty | None:
    if logs_to is None:
        return None
    destination = sub(logs_to) if isinstance(logs_to, str) else logs_to.resource.ref
    return s3.CfnBucket.LoggingConfigurationProperty(
        destination_bucket_name=destination, log_file_prefix=sub(f"s3/{bucket_name}/")
    )
