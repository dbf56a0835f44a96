"""One trail for the organization: every account's calls, in a bucket of governance from which nothing is deleted."""

from __future__ import annotations

from aws_cdk import aws_cloudtrail as cloudtrail
from constructs import Construct

from headgate.infra.constructs.buckets import Bucket
from headgate.infra.constructs.keys import Key
from headgate.infra.names import bucket_name
from headgate.infra.permissions import resource_policies, resources

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
            statements=resource_policies.trail_key(),
        )
        self.bucket = Bucket(
            self,
            "Bucket",
            bucket_name=bucket_name(resources.TRAIL_BUCKET),
            key_arn=self.key.arn,
            logs_to=logs_to,
            statements=resource_policies.trail_bucket(),
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
