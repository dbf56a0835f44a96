"""The tooling account: what teams share, and what outlives them. Model package groups come with each project."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from headgate.infra.constructs import settings
from headgate.infra.constructs.buckets import Bucket, logs_bucket
from headgate.infra.constructs.keys import Key
from headgate.infra.constructs.repositories import repository
from headgate.infra.constructs.roles import Roles
from headgate.infra.constructs.topics import Topic
from headgate.infra.names import bucket_name
from headgate.infra.permissions import resource_policies, resources, sharing
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.places import Kind
from headgate.infra.stacks.base import KindStack
from headgate.infra.tokens import filled, policy

BUS = "headgate"
UNDELIVERED = "headgate-undelivered"
PURPOSES = ("alarms", "approvals", "drift", "promotions")
"""The topics, called `headgate-<purpose>`."""

LOGS = resources.bucket(f"headgate-tooling-logs-{resources.ACCOUNT}-{resources.REGION}")
_PUBLISHERS = ("cloudwatch.amazonaws.com", "events.amazonaws.com")


class ToolingStack(KindStack):
    """Key, artifacts, images that all share, event bus, topics, and the parameters that tell of them."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer) -> None:
        super().__init__(scope, "tooling", synthesizer)
        self.tooling_key = Key(
            self,
            "Key",
            alias="alias/headgate-tooling",
            description="Artifacts, images, events and topics that teams share",
            statements=[
                resource_policies.log_groups_use_key("*"),
                resource_policies.services_use_key(*_PUBLISHERS, "sns.amazonaws.com"),
                sharing.tooling_key(),
            ],
        )
        self._artifacts()
        self._images()
        self._topics()
        self._events()
        self.roles = Roles(self, "Role", roles_of(Kind.TOOLING))
        self._settings()

    def _artifacts(self) -> None:
        self.logs = logs_bucket(self, LOGS)
        self.artifacts = Bucket(
            self,
            "Artifacts",
            bucket_name=bucket_name(resources.TOOLING_ARTIFACTS),
            key_arn=self.tooling_key.arn,
            logs_to=self.logs,
            statements=sharing.tooling_artifacts(),
        )

    def _images(self) -> None:
        self.images = repository(
            self,
            "SharedImages",
            repository_name="headgate/shared/base",
            key=self.tooling_key.arn,
            puller=sharing.shared_repository(),
        )

    def _topics(self) -> None:
        self.topics = {
            purpose: Topic(
                self,
                f"Topic{purpose.title()}",
                topic_name=f"headgate-{purpose}",
                key_arn=self.tooling_key.arn,
                publishers=_PUBLISHERS,
            )
            for purpose in PURPOSES
        }

    def _events(self) -> None:
        self.undelivered = undelivered(self, self.tooling_key.arn, self.topics["alarms"].arn)
        self.bus = events.CfnEventBus(
            self,
            "Bus",
            name=BUS,
            description="Events of every account of the organization",
            kms_key_identifier=self.tooling_key.arn,
            dead_letter_config=events.CfnEventBus.DeadLetterConfigProperty(arn=self.undelivered.attr_arn),
        )
        events.CfnEventBusPolicy(
            self,
            "BusPolicy",
            event_bus_name=self.bus.ref,
            statement_id="Organization",
            statement=filled(sharing.bus().as_json()),
        )

    def _settings(self) -> None:
        settings.publish(
            self,
            "/headgate/tooling",
            {
                "artifacts-bucket": (self.artifacts.resource.ref, "The bucket of artifacts, a folder for each team"),
                "key-arn": (self.tooling_key.arn, "The key that artifacts and images are encrypted with"),
                "bus-arn": (self.bus.attr_arn, "The bus of the organization's events"),
                **{
                    f"{purpose}-topic-arn": (topic.arn, f"The topic of {purpose}")
                    for purpose, topic in self.topics.items()
                },
            },
        )


def undelivered(scope: Construct, key_arn: str, alarms_topic: str) -> sqs.CfnQueue:
    """Where events go that could not be delivered, with an alarm as soon as one is there."""
    queue = sqs.CfnQueue(
        scope,
        "Undelivered",
        queue_name=UNDELIVERED,
        kms_master_key_id=key_arn,
        message_retention_period=1209600,
    )
    statements = resource_policies.queue(resources.arn("sqs", UNDELIVERED), "events.amazonaws.com")
    sqs.CfnQueuePolicy(scope, "UndeliveredPolicy", queues=[queue.ref], policy_document=policy(statements))
    cloudwatch.CfnAlarm(
        scope,
        "UndeliveredAlarm",
        alarm_name=UNDELIVERED,
        alarm_description="An event of the organization could not be delivered",
        namespace="AWS/SQS",
        metric_name="ApproximateNumberOfMessagesVisible",
        dimensions=[cloudwatch.CfnAlarm.DimensionProperty(name="QueueName", value=queue.attr_queue_name)],
        statistic="Maximum",
        period=300,
        evaluation_periods=1,
        threshold=0,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
        alarm_actions=[alarms_topic],
    )
    return queue
