"""What every account of a team has once, however many environments are in it."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from headgate.infra.constructs import network, settings
from headgate.infra.constructs.budget import budget
from headgate.infra.constructs.endpoints import Endpoints
from headgate.infra.constructs.keys import Key
from headgate.infra.constructs.logs import log_group
from headgate.infra.constructs.network import Network
from headgate.infra.constructs.roles import Roles
from headgate.infra.constructs.topics import Topic
from headgate.infra.permissions import resource_policies
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.places import Kind
from headgate.infra.stacks.base import KindStack
from headgate.infra.tokens import sub

ALARMS_TOPIC = "headgate-alarms"
FLOW_LOGS = "/headgate/account/flow-logs"
SAGEMAKER_LOGS = ("ProcessingJobs", "TrainingJobs", "TransformJobs")
EXPORTS = ("vpc-id", "subnet-ids", "security-group-ids")
"""What the stacks of the account's environments import as `headgate-account-<name>`."""


class AccountStack(KindStack):
    """Network, endpoints, flow logs, key, budget and alarms, log groups of SageMaker."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer) -> None:
        super().__init__(scope, "account", synthesizer)
        self.account_key = Key(
            self,
            "Key",
            alias="alias/headgate-account",
            description="Log groups and topics of this account",
            statements=[
                resource_policies.log_groups_use_key("*"),
                resource_policies.services_use_key(
                    "budgets.amazonaws.com", "cloudwatch.amazonaws.com", "events.amazonaws.com"
                ),
            ],
        )
        self.roles = Roles(self, "Role", roles_of(Kind.ACCOUNT))
        self._network()
        self._logs()
        self._alarms()

    def _network(self) -> None:
        self.when = network.conditions(self)
        self.network = Network(self, "Network", self.when)
        Endpoints(self, "Endpoint", self.network, self.when)
        values = {
            "vpc-id": (self.network.vpc_id, "The VPC that jobs and endpoints run in"),
            "subnet-ids": (self.network.subnet_ids, "Its private subnets, by commas"),
            "security-group-ids": (self.network.security_group_ids, "The security groups of jobs, by commas"),
        }
        settings.publish(self, "/headgate/account", values)
        for name in EXPORTS:
            value, description = values[name]
            cdk.CfnOutput(
                self,
                "Exported" + "".join(part.title() for part in name.split("-")),
                value=value,
                description=description,
                export_name=exported(name),
            )

    def _logs(self) -> None:
        key = self.account_key.arn
        for kind in SAGEMAKER_LOGS:
            log_group(self, f"Logs{kind}", f"/aws/sagemaker/{kind}", key)

        group = log_group(self, "FlowLogsGroup", FLOW_LOGS, key)
        self._flow_logs("FlowLogs", self.network.created.ref, group.ref, self.when.created)
        self._flow_logs("FlowLogsOfBrought", sub("${VpcId}"), group.ref, self.when.brought)

    def _flow_logs(self, name: str, vpc_id: str, group: str, when: cdk.CfnCondition) -> None:
        logs = ec2.CfnFlowLog(
            self,
            name,
            resource_id=vpc_id,
            resource_type="VPC",
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_group_name=group,
            deliver_logs_permission_arn=self.roles.arns["flow-logs"],
            max_aggregation_interval=600,
        )
        logs.cfn_options.condition = when

    def _alarms(self) -> None:
        topic = Topic(
            self,
            "Alarms",
            topic_name=ALARMS_TOPIC,
            key_arn=self.account_key.arn,
            publishers=("budgets.amazonaws.com", "cloudwatch.amazonaws.com"),
        )
        budget(self, topic.arn)


def exported(name: str) -> str:
    """The name under which the account's stack exports a value to the stacks of its environments."""
    return f"headgate-account-{name}"
