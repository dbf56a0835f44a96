"""SNS topics: encrypted, TLS only, and published to by whom the policy names."""

from __future__ import annotations

from aws_cdk import aws_sns as sns
from constructs import Construct

from headgate.infra.permissions import resource_policies, resources
from headgate.infra.tokens import policy


class Topic(Construct):
    """A topic of a fixed name; `publishers` are the AWS services that publish to it on this account's behalf."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        topic_name: str,
        key_arn: str,
        publishers: tuple[str, ...],
    ) -> None:
        super().__init__(scope, name)
        self.resource = sns.CfnTopic(self, "Resource", topic_name=topic_name, kms_master_key_id=key_arn)
        self.arn = self.resource.ref
        statements = resource_policies.topic(resources.arn("sns", topic_name), *publishers)
        sns.CfnTopicPolicy(self, "Policy", topics=[self.resource.ref], policy_document=policy(statements))
