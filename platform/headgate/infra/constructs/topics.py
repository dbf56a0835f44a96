"""SNS topics: encrypted, TLS only, and published to by whom the policy names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_sns as sns
from constructs import Construct

from headgate.infra.tokens import filled


class Topic(Construct):
    """A topic of a fixed name, and its policy."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        topic_name: str,
        key_arn: str,
        statements: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(scope, name)
        self.resource = sns.CfnTopic(self, "Resource", topic_name=topic_name, kms_master_key_id=key_arn)
        self.arn = self.resource.ref
        arn = f"arn:${{AWS::Partition}}:sns:${{AWS::Region}}:${{AWS::AccountId}}:{topic_name}"
        sns.CfnTopicPolicy(
            self,
            "Policy",
            topics=[self.resource.ref],
            policy_document=filled(
                {
                    "Version": "2012-10-17",
                    "Statement": [_tls_only(arn), *({**each, "Resource": arn} for each in statements)],
                }
            ),
        )


def by_services(sid: str, *services: str) -> Mapping[str, Any]:
    """AWS services publish on this account's behalf."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": list(services) if len(services) > 1 else services[0]},
        "Action": "sns:Publish",
        "Condition": {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}},
    }


def _tls_only(arn: str) -> Mapping[str, Any]:
    return {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "sns:Publish",
        "Resource": arn,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
