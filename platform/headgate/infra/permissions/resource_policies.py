"""Policies of resources that stay within one account: an environment's key and buckets, topics, the trail's bucket.

Each function gives statements; what is known only to a stack (the VPC's id, a bucket's ARN) comes as an argument or
stays a placeholder.
"""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.document import Conditions, Statement
from headgate.infra.permissions.places import ENVIRONMENT_TAG

EVERYBODY = {"AWS": "*"}
OWN_ACCOUNT = {"AWS": f"arn:{resources.PARTITION}:iam::{resources.ACCOUNT}:root"}
USE_KEY = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*")
ADMINISTER_KEY = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:Describe*",
    "kms:DisableKey*",
    "kms:EnableKey*",
    "kms:Get*",
    "kms:List*",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:Update*",
)
_READ = ("s3:GetObject", "s3:GetObjectVersion")
_WRITE = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject")
_OUTSIDE_THE_VPC = (
    resources.CLOUDFORMATION_ROLE,
    resources.DEPLOYER_ROLE,
    resources.PROMOTION_ROLE,
    resources.VENDING_ROLE,
    resources.STACK_SET_ROLES,
)
"""Who touches an environment's buckets from elsewhere: CI, promotion, CloudFormation, StackSets and vending."""


def allow(
    sid: str, actions: tuple[str, ...], on: tuple[str, ...], principals: object, conditions: Conditions | None = None
) -> Statement:
    """A statement of a resource policy that allows."""
    return Statement(sid, actions, on, conditions or {}, principals=principals)


def deny(sid: str, actions: tuple[str, ...], on: tuple[str, ...], conditions: Conditions) -> Statement:
    """A statement of a resource policy that denies everybody."""
    return Statement(sid, actions, on, conditions, effect="Deny", principals=EVERYBODY)


def tls_only(service: str, *on: str) -> Statement:
    """Nothing over plain HTTP."""
    return deny("TlsOnly", (f"{service}:*",), on, {"Bool": {"aws:SecureTransport": "false"}})


def bucket(arn: str) -> tuple[Statement, ...]:
    """What every bucket's policy begins with."""
    return (tls_only("s3", arn, resources.objects(arn)),)


def encrypted_with(arn: str, key_arn: str) -> tuple[Statement, ...]:
    """Who asks for another encryption than the bucket's own is refused; who asks for none gets the bucket's."""

    def another(sid: str, key: str, own: str) -> Statement:
        return deny(
            sid, ("s3:PutObject",), (resources.objects(arn),), {"StringNotEquals": {key: own}, "Null": {key: "false"}}
        )

    return (
        another("KmsOnly", "s3:x-amz-server-side-encryption", "aws:kms"),
        another("OwnKeyOnly", "s3:x-amz-server-side-encryption-aws-kms-key-id", key_arn),
    )


def server_access_logs(logs: str) -> Statement:
    """S3 may deliver the server access logs of this account's buckets to the bucket of that ARN."""
    own: Conditions = {"StringEquals": {"aws:SourceAccount": resources.ACCOUNT}}
    service = {"Service": "logging.s3.amazonaws.com"}
    return allow("ServerAccessLogs", ("s3:PutObject",), (resources.objects(logs, "s3/"),), service, own)


def environment_bucket(arn: str, *, reading: bool) -> Statement:
    """In closed environments, objects are written (and with `reading` read) through the VPC's endpoint only.

    Left out are machines that work from elsewhere, and AWS's services on a principal's behalf. Placeholder `${VpcId}`.
    """
    return deny(
        "OwnVpcOnly",
        (*_READ, *_WRITE) if reading else _WRITE,
        (resources.objects(arn),),
        {
            "StringNotEquals": {"aws:SourceVpc": "${VpcId}"},
            "ArnNotLike": {"aws:PrincipalArn": _OUTSIDE_THE_VPC},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false", "aws:ViaAWSService": "false"},
        },
    )


def account_key() -> tuple[Statement, ...]:
    """A key that every role of its account may use as far as its own policies let it."""
    return (allow("OwnAccountDecidesByIam", ("kms:*",), ("*",), OWN_ACCOUNT),)


def environment_key() -> tuple[Statement, ...]:
    """An environment's key: only roles that are tagged as the environment's use it, also where others are beside it."""
    own: Conditions = {"StringEquals": {f"aws:PrincipalTag/{ENVIRONMENT_TAG}": resources.HERE}}
    for_aws: Conditions = {**own, "Bool": {"kms:GrantIsForAWSResource": "true"}}
    return (
        allow("OwnAccountAdministers", ADMINISTER_KEY, ("*",), OWN_ACCOUNT),
        allow("OwnEnvironmentUses", USE_KEY, ("*",), OWN_ACCOUNT, own),
        allow("OwnEnvironmentGrants", ("kms:CreateGrant",), ("*",), OWN_ACCOUNT, for_aws),
    )


def log_groups_use_key(log_groups: str) -> Statement:
    """CloudWatch Logs may use the key for this account's log groups of a name."""
    pattern = resources.arn("logs", f"log-group:{log_groups}")
    return allow(
        "LogGroups",
        USE_KEY,
        ("*",),
        {"Service": f"logs.{resources.REGION}.amazonaws.com"},
        {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": pattern}},
    )


def services_use_key(*services: str) -> Statement:
    """AWS services may use the key to deliver what this account told them to; event buses ask first what key it is."""
    return allow(
        "Delivery",
        ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"),
        ("*",),
        {"Service": list(services)},
        {"StringEquals": {"aws:SourceAccount": resources.ACCOUNT}},
    )


def topic(arn: str, *services: str) -> tuple[Statement, ...]:
    """A topic that AWS services publish to for this account."""
    own: Conditions = {"StringEquals": {"aws:SourceAccount": resources.ACCOUNT}}
    return (
        deny("TlsOnly", ("sns:Publish",), (arn,), {"Bool": {"aws:SecureTransport": "false"}}),
        allow("Services", ("sns:Publish",), (arn,), {"Service": list(services)}, own),
    )


def queue(arn: str, *services: str) -> tuple[Statement, ...]:
    """A queue that AWS services send to for this account."""
    own: Conditions = {"StringEquals": {"aws:SourceAccount": resources.ACCOUNT}}
    return (
        tls_only("sqs", arn),
        allow("Services", ("sqs:SendMessage",), (arn,), {"Service": list(services)}, own),
    )


def trail_key() -> tuple[Statement, ...]:
    """CloudTrail encrypts the organization's trail."""
    cloudtrail = {"Service": "cloudtrail.amazonaws.com"}
    own: Conditions = {"StringEquals": {"aws:SourceArn": resources.TRAIL}}
    trails = resources.arn("cloudtrail", "trail/*", region="*")
    encrypts: Conditions = {**own, "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": trails}}
    return (
        allow("EncryptTrail", ("kms:GenerateDataKey*",), ("*",), cloudtrail, encrypts),
        allow("DescribeKey", ("kms:DescribeKey",), ("*",), cloudtrail, own),
    )


def trail_bucket() -> tuple[Statement, ...]:
    """CloudTrail writes the organization's trail, and nobody deletes from it."""
    arn = resources.TRAIL_BUCKET
    cloudtrail = {"Service": "cloudtrail.amazonaws.com"}
    own: Conditions = {"StringEquals": {"aws:SourceArn": resources.TRAIL}}
    owned: Conditions = {
        "StringEquals": {"aws:SourceArn": resources.TRAIL, "s3:x-amz-acl": "bucket-owner-full-control"}
    }
    written = tuple(f"{arn}/AWSLogs/{each}/*" for each in (resources.ACCOUNT, "${OrganizationId}"))
    return (
        allow("TrailLooks", ("s3:GetBucketAcl",), (arn,), cloudtrail, own),
        allow("TrailWrites", ("s3:PutObject",), written, cloudtrail, owned),
        Statement(
            "NobodyDeletes",
            ("s3:DeleteObject", "s3:DeleteObjectVersion"),
            (resources.objects(arn),),
            effect="Deny",
            principals=EVERYBODY,
        ),
    )
