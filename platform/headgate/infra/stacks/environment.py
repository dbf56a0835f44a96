"""One environment of a team: what is its own even where several share an account."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from headgate.infra.constructs import buckets, settings
from headgate.infra.constructs.buckets import Bucket, logs_bucket
from headgate.infra.constructs.forwarding import forward_events
from headgate.infra.constructs.keys import Key
from headgate.infra.constructs.privacy import from_own_vpc
from headgate.infra.constructs.roles import Roles
from headgate.infra.names import bucket_name
from headgate.infra.permissions import resource_policies, resources
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.places import Kind
from headgate.infra.stacks.account import exported
from headgate.infra.stacks.base import KindStack
from headgate.infra.tokens import sub

FEATURE_PREFIX = "feature/"
"""Runs of feature branches: `feature/<use case>/<branch>/<build id>/{code,input,output}/...`; they expire."""

BUILD_PREFIX = "builds/"
"""Everything else: `builds/<use case>/<build id>/{code,input,output}/...`; it stays."""


class EnvironmentStack(KindStack):
    """Key, buckets, log group, roles of people and machines, and the parameters that tell projects of them."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer) -> None:
        super().__init__(scope, "environment", synthesizer)
        self.internet = cdk.CfnCondition(
            self, "HasInternet", expression=cdk.Fn.condition_equals(cdk.Fn.ref("Internet"), "true")
        )
        self.environment_key = Key(
            self,
            "Key",
            alias="alias/headgate-${Environment}",
            description="Data, artifacts and logs of this environment",
            statements=[resource_policies.log_groups_use_key("/headgate/${Environment}/*")],
            owner=resource_policies.environment_key(),
        )
        self.vpc_id = cdk.Fn.import_value(exported("vpc-id"))
        self._buckets()
        self.roles = Roles(self, "Role", roles_of(Kind.ENVIRONMENT))
        forward_events(self, self.roles.arns["events"])
        self._settings()
        self._people()

    def _buckets(self) -> None:
        self.logs = logs_bucket(self, resources.LOGS_BUCKET)
        self.data = self._bucket("Data", resources.DATA_BUCKET, reading=True)
        self.artifacts = self._bucket("Artifacts", resources.ARTIFACTS_BUCKET, reading=False)

    def _bucket(self, name: str, arn: str, *, reading: bool) -> Bucket:
        return Bucket(
            self,
            name,
            bucket_name=bucket_name(arn),
            key_arn=self.environment_key.arn,
            lifecycle=[buckets.expiry("feature-branches", FEATURE_PREFIX, "${FeatureExpiryDays}")],
            logs_to=self.logs,
            statements=[from_own_vpc(arn, self.vpc_id, self.internet, reading=reading)],
        )

    def _settings(self) -> None:
        settings.publish(
            self,
            "/headgate/${Environment}",
            {
                "data-bucket": (self.data.resource.ref, "The bucket of data"),
                "artifacts-bucket": (self.artifacts.resource.ref, "The bucket of code, models and pipelines' outputs"),
                "logs-bucket": (self.logs.resource.ref, "The bucket of server access logs"),
                "key-arn": (self.environment_key.arn, "The key that data and artifacts are encrypted with"),
                "vpc-id": (self.vpc_id, "The VPC that jobs and endpoints run in"),
                "subnet-ids": (cdk.Fn.import_value(exported("subnet-ids")), "Its private subnets, by commas"),
                "security-group-ids": (
                    cdk.Fn.import_value(exported("security-group-ids")),
                    "The security groups of jobs, by commas",
                ),
                "execution-role-arn": (self.roles.arns["execution"], "What jobs and pipelines run as"),
                "deployer-role-arn": (resources.DEPLOYER_ROLE, "What CI becomes here"),
                "cloudformation-role-arn": (resources.CLOUDFORMATION_ROLE, "What CloudFormation deploys projects as"),
                "registry-prefix": (
                    resources.MODEL_PACKAGE_GROUPS.replace("*", "${Team}-"),
                    "The ARN of a project's model package group, up to the project's name",
                ),
                "shared-artifacts": (
                    f"s3://{bucket_name(resources.TOOLING_ARTIFACTS)}/${{Team}}",
                    "The team's folder among the artifacts that outlive this account",
                ),
                "shared-key-arn": (
                    resources.TOOLING_KEYS.replace("key/*", "alias/headgate-tooling"),
                    "The key of artifacts that outlive this account",
                ),
                "feature-prefix": (FEATURE_PREFIX, "Where runs of feature branches are kept until they expire"),
                "build-prefix": (BUILD_PREFIX, "Where everything else is kept"),
            },
        )

    def _people(self) -> None:
        """Who answers and approves: in the folder of parameters that a guardrail lets nobody but StackSets write."""
        values = {
            "Owners": "Who answers for the team's accounts, by commas",
            "Approvers": "Who approves promotion into this environment, by commas",
        }
        for parameter, description in values.items():
            there = cdk.CfnCondition(
                self,
                f"Has{parameter}",
                expression=cdk.Fn.condition_not(cdk.Fn.condition_equals(sub(f"${{{parameter}}}"), "")),
            )
            value = {parameter.lower(): (f"${{{parameter}}}", description)}
            settings.publish(self, "/headgate/account/${Environment}", value, there)
