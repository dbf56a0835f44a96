"""The tooling account: what teams share, and what outlives them. Model package groups come with each project."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from headgate.infra.constructs import buckets, keys, settings, topics
from headgate.infra.constructs.buckets import Bucket
from headgate.infra.constructs.keys import Key
from headgate.infra.constructs.organization import let_in, through
from headgate.infra.constructs.repositories import PULL, repository
from headgate.infra.constructs.roles import Roles
from headgate.infra.constructs.topics import Topic
from headgate.infra.names import bucket_name
from headgate.infra.permissions import resources
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.places import Kind
from headgate.infra.stacks.base import KindStack
from headgate.infra.tokens import filled

BUS = "headgate"
PURPOSES = ("alarms", "approvals", "drift", "promotions")
"""The topics, called `headgate-<purpose>`."""

OWN_FOLDER = "${aws:PrincipalTag/headgate:team}/*"


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
                keys.by_logs("*"),
                keys.by_services("Delivery", "cloudwatch.amazonaws.com", "events.amazonaws.com", "sns.amazonaws.com"),
                let_in(
                    "Organization",
                    ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"],
                    "*",
                    through("s3", "ecr", "sagemaker"),
                ),
            ],
        )
        self._artifacts()
        self._images()
        self._topics()
        self._events()
        self.roles = Roles(self, "Role", roles_of(Kind.TOOLING))
        self._settings()

    def _artifacts(self) -> None:
        logs = f"headgate-tooling-logs-{resources.ACCOUNT}-{resources.REGION}"
        self.logs = Bucket(self, "Logs", bucket_name=logs, key_arn=None, statements=[buckets.server_access_logs(logs)])
        name = bucket_name(resources.TOOLING_ARTIFACTS)
        arn = f"arn:${{AWS::Partition}}:s3:::{name}"
        own = f"{arn}/{OWN_FOLDER}"
        self.artifacts = Bucket(
            self,
            "Artifacts",
            bucket_name=name,
            key_arn=self.tooling_key.arn,
            logs_to=self.logs,
            statements=[
                let_in("ReadOwnFolder", ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"], own),
                let_in("WriteOwnFolder", ["s3:PutObject", "s3:PutObjectTagging", "s3:AbortMultipartUpload"], own),
                let_in("ListOwnFolder", ["s3:ListBucket"], arn, {"StringLike": {"s3:prefix": OWN_FOLDER}}),
                let_in("Locate", ["s3:GetBucketLocation"], arn),
            ],
        )

    def _images(self) -> None:
        self.images = repository(
            self,
            "SharedImages",
            repository_name="headgate/shared/base",
            key=self.tooling_key.arn,
            statements=[let_in("Pull", PULL, "*")],
        )

    def _topics(self) -> None:
        publishers = [topics.by_services("Services", "cloudwatch.amazonaws.com", "events.amazonaws.com")]
        self.topics = {
            purpose: Topic(
                self,
                f"Topic{purpose.title()}",
                topic_name=f"headgate-{purpose}",
                key_arn=self.tooling_key.arn,
                statements=publishers,
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
        arn = f"arn:${{AWS::Partition}}:events:${{AWS::Region}}:${{AWS::AccountId}}:event-bus/{BUS}"
        events.CfnEventBusPolicy(
            self,
            "BusPolicy",
            event_bus_name=self.bus.ref,
            statement_id="Organization",
            statement=filled(let_in("Organization", ["events:PutEvents"], arn)),
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
        queue_name="headgate-undelivered",
        kms_master_key_id=key_arn,
        message_retention_period=1209600,
    )
    arn = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:headgate-undelivered"
    sqs.CfnQueuePolicy(
        scope,
        "UndeliveredPolicy",
        queues=[queue.ref],
        policy_document=filled(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "TlsOnly",
                        "Effect": "Deny",
                        "Principal": {"AWS": "*"},
                        "Action": "sqs:*",
                        "Resource": arn,
                        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    },
                    {
                        "Sid": "Events",
                        "Effect": "Allow",
                        "Principal": {"Service": "events.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": arn,
                        "Condition": {"StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"}},
                    },
                ],
            }
        ),
    )
    cloudwatch.CfnAlarm(
        scope,
        "UndeliveredAlarm",
        alarm_name="headgate-undelivered",
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
