"""What the management account needs before its governance stack can be deployed."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from headgate.infra.constructs.boundary import boundary_policy
from headgate.infra.constructs.buckets import Bucket, logs_bucket
from headgate.infra.constructs.keys import Key
from headgate.infra.constructs.roles import Roles
from headgate.infra.names import bucket_name
from headgate.infra.permissions import resource_policies, resources, sharing
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.places import Kind
from headgate.infra.stacks.base import KindStack

LOGS = resources.bucket(f"headgate-governance-logs-{resources.ACCOUNT}-{resources.REGION}")


class BootstrapStack(KindStack):
    """The bucket of assets and declarations, the boundary, and the role that CloudFormation works as here."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer) -> None:
        super().__init__(scope, "bootstrap", synthesizer)
        self.bootstrap_key = Key(
            self,
            "Key",
            alias="alias/headgate-assets",
            description="Templates, function code and declarations",
            statements=[resource_policies.log_groups_use_key("*"), sharing.assets_key()],
        )
        self.logs = logs_bucket(self, LOGS)
        self.assets = Bucket(
            self,
            "Assets",
            bucket_name=bucket_name(resources.GOVERNANCE_BUCKET),
            key_arn=self.bootstrap_key.arn,
            logs_to=self.logs,
            statements=[sharing.assets()],
        )
        self.boundary = boundary_policy(self)
        self.roles = Roles(self, "Role", roles_of(Kind.BOOTSTRAP))
        self.roles.node.add_dependency(self.boundary)
