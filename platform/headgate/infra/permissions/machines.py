"""What machines may do: CI, SageMaker, promotion and event delivery, in environments and in the tooling account."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.infra.permissions import resources, trust
from headgate.infra.permissions.capabilities import data, delivery, learning, platform, registry
from headgate.infra.permissions.capabilities.model import Capability
from headgate.infra.permissions.document import Statement
from headgate.infra.permissions.places import DATA_SETS_TAG, ENVIRONMENTS, TEAM_TAG, Kind
from headgate.infra.permissions.roles import Role, in_account, in_environments

DEPLOYER_PERSONA = "deployer"
"""The persona tag of CI's own identity: no person carries it."""

_TEAM_TAGS = {TEAM_TAG: "${Team}"}
_JOB = (
    learning.BE_A_JOB,
    learning.LOOK,
    learning.READ_PARAMETERS,
    learning.START,
    data.READ_DATA,
    data.WRITE_DATA,
    data.READ_ARTIFACTS,
    data.WRITE_ARTIFACTS,
    data.READ_LAKE,
    registry.PULL_IMAGES,
    registry.PULL_AWS_IMAGES,
    registry.READ_SHARED,
    registry.READ_REGISTRY,
    registry.SEND_EVENTS,
)
_DEPLOYER = (
    delivery.DEPLOY,
    delivery.READ_STACKS,
    data.READ_ARTIFACTS,
    data.WRITE_ARTIFACTS,
    learning.LOOK,
    learning.READ_LOGS,
    learning.READ_PARAMETERS,
    learning.DEFINE,
    learning.START,
    registry.READ_SHARED,
)
_PROMOTION = (
    delivery.DEPLOY,
    delivery.READ_STACKS,
    delivery.CALL_FUNCTIONS,
    delivery.START_MACHINES,
    delivery.WATCH_ALARMS,
    delivery.WRITE_PARAMETERS,
    data.READ_ARTIFACTS,
    data.WRITE_ARTIFACTS,
    learning.LOOK,
    learning.READ_LOGS,
    learning.READ_PARAMETERS,
    learning.SERVE,
    learning.INVOKE,
    registry.READ_REGISTRY,
    registry.READ_SHARED,
    registry.SEND_EVENTS,
)
_SEND = Capability(
    "deliver events",
    "hand events of the account to tooling, to pipelines and to the place's state machines",
    (
        *registry.SEND_EVENTS.statements,
        *delivery.START_MACHINES.statements,
        *delivery.CALL_FUNCTIONS.statements,
        *learning.START.statements,
    ),
)
_RUN_PROMOTION = Capability(
    "run promotion",
    "run the promotion state machines and their functions, and tell people",
    (
        *delivery.START_MACHINES.statements,
        *delivery.CALL_FUNCTIONS.statements,
        *platform.LOG_MACHINE.statements,
        Statement("WriteOwnLogs", ("logs:CreateLogStream", "logs:PutLogEvents"), (resources.FUNCTION_LOGS,)),
        Statement("TellPeople", ("sns:Publish",), (resources.TOOLING_TOPICS,)),
        Statement(
            "TellWithToolingKey",
            data.ENCRYPT,
            (resources.TOOLING_KEYS,),
            {"StringEquals": {"kms:ViaService": f"sns.{resources.HOME}.amazonaws.com"}},
        ),
        Statement("SendOwnEvents", ("events:PutEvents",), (resources.TOOLING_BUS,)),
    ),
)


def roles_of_machines() -> tuple[Role, ...]:
    """The machines of environments and of tooling; CloudFormation's roles are in `cloudformation`."""
    return (*_of_environments(), *_of_tooling(), *_of_accounts())


def _of_environments() -> tuple[Role, ...]:
    return (
        in_environments(
            "deployer",
            "CI's way into the environment: stacks and pipelines of the team's projects",
            trust.named_with_team("deployer", "headgate-tooling-deployer", account=resources.TOOLING, team="${Team}"),
            # What dev trains is registered in tooling: its code and outputs lie there from the start.
            {**dict.fromkeys(ENVIRONMENTS, _DEPLOYER), "dev": (*_DEPLOYER, registry.WRITE_SHARED)},
            _TEAM_TAGS,
        ),
        in_environments(
            "execution",
            "what SageMaker's jobs, pipelines and endpoints run as",
            trust.service(
                "execution",
                "sagemaker.amazonaws.com",
                source=f"arn:{resources.PARTITION}:sagemaker:*:{resources.ACCOUNT}:*",
            ),
            _executions(),
            {**_TEAM_TAGS, DATA_SETS_TAG: "${DataSets}"},
        ),
        in_environments(
            "promotion",
            "what promotion acts as where models are put into service",
            trust.named("promotion", "headgate-tooling-promotion", account=resources.TOOLING),
            dict.fromkeys(("dev", "preprod", "prod"), _PROMOTION),
            _TEAM_TAGS,
        ),
        in_environments(
            "events",
            "what EventBridge and its scheduler deliver as",
            trust.service("events", "events.amazonaws.com", "scheduler.amazonaws.com"),
            dict.fromkeys(ENVIRONMENTS, (_SEND,)),
            _TEAM_TAGS,
        ),
    )


def _executions() -> Mapping[str, tuple[Capability, ...]]:
    """Models are registered from dev only: what leaves an environment of experiments is code."""
    return {
        place: (*_JOB, registry.REGISTER, registry.WRITE_SHARED) if place == "dev" else _JOB for place in ENVIRONMENTS
    }


def _of_tooling() -> tuple[Role, ...]:
    kind, place = Kind.TOOLING, "tooling"
    return (
        in_account(
            "deployer",
            kind,
            place,
            "CI: publishes a team's code and images, and becomes the deployer of its environments",
            trust.members("deployer/tooling", DEPLOYER_PERSONA),
            (
                registry.READ_REGISTRY,
                registry.ANNOTATE,
                registry.PULL_IMAGES,
                registry.PUSH_IMAGES,
                registry.READ_SHARED,
                registry.WRITE_SHARED,
                registry.SEND_EVENTS,
                delivery.assume("deployer", "headgate-*-deployer"),
            ),
        ),
        in_account(
            "promotion",
            kind,
            place,
            "promotion's state machines and functions: becomes the promotion role of every environment",
            trust.service("promotion/tooling", "lambda.amazonaws.com", "states.amazonaws.com"),
            (
                registry.READ_ALL_PACKAGES,
                registry.TAG_PACKAGES,
                _RUN_PROMOTION,
                delivery.assume("promotion", "headgate-*-promotion"),
            ),
        ),
        in_account(
            "events",
            kind,
            place,
            "what the bus delivers as",
            trust.service("events/tooling", "events.amazonaws.com", "scheduler.amazonaws.com"),
            (delivery.START_MACHINES, delivery.CALL_FUNCTIONS),
        ),
    )


def _of_accounts() -> tuple[Role, ...]:
    flow_logs = Capability(
        "write flow logs",
        "write the VPC's flow logs",
        (
            Statement(
                "WriteFlowLogs",
                ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"),
                (resources.ACCOUNT_LOGS,),
            ),
            Statement("FindLogGroup", ("logs:DescribeLogGroups",)),
        ),
    )
    lake = (
        Statement("ListLake", data.LIST_BUCKETS, (resources.LAKE_BUCKET,)),
        Statement("ReadLake", data.READ_OBJECTS, (resources.objects(resources.LAKE_BUCKET),)),
        Statement("DecryptLake", data.DECRYPT, (resources.LAKE_KEYS,)),
    )
    crawl = Capability(
        "crawl data sets",
        "read data sets and keep their tables up to date",
        (
            *lake,
            Statement(
                "KeepTables",
                (
                    *data.READ_TABLES,
                    "glue:BatchCreatePartition",
                    "glue:BatchGetPartition",
                    "glue:CreateTable",
                    "glue:UpdateTable",
                ),
                (resources.LAKE_CATALOG, resources.LAKE_DATABASES, resources.LAKE_TABLES),
            ),
            Statement(
                "WriteCrawlerLogs",
                ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
                (resources.arn("logs", "log-group:/aws-glue/crawlers*"),),
            ),
        ),
    )
    place = "data-lake"
    return (
        in_account(
            "flow-logs",
            Kind.ACCOUNT,
            "account",
            "what the VPC's flow logs are written as",
            trust.service("flow-logs", "vpc-flow-logs.amazonaws.com"),
            (flow_logs,),
        ),
        in_account(
            "crawler",
            Kind.DATA_LAKE,
            place,
            "what Glue's crawlers read data sets as",
            trust.service("crawler", "glue.amazonaws.com"),
            (crawl,),
        ),
    )
