"""Guardrail of every account: nothing becomes public or leaves the organization, no key and no baseline bucket goes."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.document import Statement
from headgate.infra.permissions.guardrails.model import STACK_SETS, deny, unless


def data() -> tuple[Statement, ...]:
    baseline = unless(STACK_SETS)
    public = ("public-read", "public-read-write", "authenticated-read")
    headgate_buckets = f"arn:{resources.PARTITION}:s3:::headgate-*"
    return (
        deny("PublicAccessStaysBlocked", ("s3:PutAccountPublicAccessBlock", "s3:PutBucketPublicAccessBlock"), baseline),
        deny(
            "NoPublicAcl",
            ("s3:CreateBucket", "s3:PutBucketAcl", "s3:PutObject", "s3:PutObjectAcl"),
            {"StringEquals": {"s3:x-amz-acl": public}},
        ),
        deny("NoAcl", ("s3:PutBucketAcl", "s3:PutObjectAcl", "s3:PutObjectVersionAcl"), baseline),
        deny(
            "BaselineBucketsStay",
            (
                "s3:DeleteBucket",
                "s3:DeleteBucketPolicy",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketVersioning",
                "s3:PutEncryptionConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:PutReplicationConfiguration",
            ),
            baseline,
            headgate_buckets,
        ),
        deny(
            "KeysStay",
            ("kms:DisableKey", "kms:DisableKeyRotation", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"),
            {**baseline, "Null": {"aws:ResourceTag/headgate:environment": "false"}},
        ),
        deny(
            "NothingIsShared",
            ("ec2:ModifyImageAttribute", "ec2:ModifySnapshotAttribute", "rds:ModifyDBSnapshotAttribute"),
        ),
        deny(
            "NoOpenFunctionUrl",
            ("lambda:CreateFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig"),
            {"StringNotEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
        ),
        deny("NoFunctionForAll", ("lambda:AddPermission",), {"StringEquals": {"lambda:Principal": "*"}}),
        deny(
            "DataStaysInTheOrganization",
            ("s3:PutObject",),
            {
                "StringNotEqualsIfExists": {"aws:ResourceOrgID": "${OrganizationId}"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
            },
        ),
    )
