"""Guardrail of every account: nothing becomes public or leaves the organization, no key and no baseline bucket goes."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.document import Statement
from headgate.infra.permissions.guardrails.model import STACK_SETS, deny, unless
from headgate.infra.permissions.places import ENVIRONMENT_TAG


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
                "s3:PutBucketLogging",
                "s3:PutBucketOwnershipControls",
                "s3:PutBucketPolicy",
                "s3:PutBucketVersioning",
                "s3:PutBucketWebsite",
                "s3:PutEncryptionConfiguration",
                "s3:PutInventoryConfiguration",
                "s3:PutLifecycleConfiguration",
                "s3:PutReplicationConfiguration",
            ),
            baseline,
            headgate_buckets,
        ),
        deny(
            "KeysStay",
            (
                "kms:DeleteAlias",
                "kms:DisableKey",
                "kms:DisableKeyRotation",
                "kms:PutKeyPolicy",
                "kms:ScheduleKeyDeletion",
                "kms:TagResource",
                "kms:UntagResource",
                "kms:UpdateAlias",
            ),
            {**baseline, "Null": {f"aws:ResourceTag/{ENVIRONMENT_TAG}": "false"}},
        ),
        deny(
            "GrantsForServicesOnly",
            ("kms:CreateGrant",),
            {"BoolIfExists": {"kms:GrantIsForAWSResource": "false", "aws:PrincipalIsAWSService": "false"}},
        ),
        deny(
            "NothingIsShared",
            (
                "ec2:ModifyImageAttribute",
                "ec2:ModifySnapshotAttribute",
                "ec2:ModifyVpcEndpointServicePermissions",
                "lambda:AddLayerVersionPermission",
                "rds:ModifyDBClusterSnapshotAttribute",
                "rds:ModifyDBSnapshotAttribute",
                "ssm:ModifyDocumentPermission",
            ),
        ),
        deny(
            "NoOpenFunctionUrl",
            ("lambda:CreateFunctionUrlConfig", "lambda:UpdateFunctionUrlConfig"),
            {"StringNotEquals": {"lambda:FunctionUrlAuthType": "AWS_IAM"}},
        ),
        deny(
            "FunctionsForServicesOnly",
            ("lambda:AddPermission",),
            {"StringNotLike": {"lambda:Principal": "*.amazonaws.com"}},
        ),
        deny(
            "DataStaysInTheOrganization",
            ("s3:PutObject",),
            {
                "StringNotEqualsIfExists": {"aws:ResourceOrgID": "${OrganizationId}"},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
            },
        ),
    )
