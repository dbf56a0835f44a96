"""Every ARN pattern of Headgate, once.

Patterns hold CloudFormation's names as placeholders. `${Environment}` is what an environment's stack is called with;
`at(pattern, place)` gives the same pattern for another place, for `*`, or for a policy variable.
"""

from __future__ import annotations

from headgate.infra.permissions.places import BOUNDARY, PROJECT_PATH, ROLE_PATH

PARTITION = "${AWS::Partition}"
ACCOUNT = "${AWS::AccountId}"
REGION = "${AWS::Region}"
HOME = "${HomeRegion}"
TOOLING = "${ToolingAccountId}"
DATA_LAKE = "${DataLakeAccountId}"
GOVERNANCE = "${GovernanceAccountId}"
HERE = "${Environment}"
ANY = "*"


def arn(service: str, resource: str, *, account: str = ACCOUNT, region: str = REGION) -> str:
    """An ARN in this account and Region; IAM and S3 leave out what they have no use for."""
    return f"arn:{PARTITION}:{service}:{region}:{account}:{resource}"


def at(pattern: str, place: str) -> str:
    """The pattern with another place where `${Environment}` stands."""
    return pattern.replace(HERE, place)


def role(name: str, *, account: str = ACCOUNT, path: str = ROLE_PATH) -> str:
    """A role under Headgate's path."""
    return arn("iam", f"role{path}{name}", account=account, region="")


def bucket(name: str) -> str:
    """A bucket; its objects are `objects(bucket)`."""
    return f"arn:{PARTITION}:s3:::{name}"


def objects(of: str, prefix: str = "") -> str:
    """All objects of a bucket, or those under a prefix that ends with `/`."""
    return f"{of}/{prefix}*"


# An environment's own resources: the name says whose they are.
DATA_BUCKET = bucket(f"headgate-{HERE}-data-{ACCOUNT}-{REGION}")
ARTIFACTS_BUCKET = bucket(f"headgate-{HERE}-artifacts-{ACCOUNT}-{REGION}")
LOGS_BUCKET = bucket(f"headgate-{HERE}-logs-{ACCOUNT}-{REGION}")
OWN_BUCKETS = bucket(f"headgate-{HERE}-*")
PARAMETERS = arn("ssm", f"parameter/headgate/{HERE}/*")
ACCOUNT_PARAMETERS = arn("ssm", "parameter/headgate/account/*")
STACKS = arn("cloudformation", f"stack/headgate-{HERE}-*/*")
CHANGE_SETS = arn("cloudformation", f"changeSet/headgate-{HERE}-*/*")
STACKS_AND_CHANGE_SETS = arn("cloudformation", f"*/headgate-{HERE}-*/*")
FUNCTIONS = arn("lambda", f"function:headgate-{HERE}-*")
LAYERS = arn("lambda", f"layer:headgate-{HERE}-*")
TABLES = arn("dynamodb", f"table/headgate-{HERE}-*")
STATE_MACHINES = arn("states", f"stateMachine:headgate-{HERE}-*")
EXECUTIONS = arn("states", f"execution:headgate-{HERE}-*")
QUEUES = arn("sqs", f"headgate-{HERE}-*")
TOPICS = arn("sns", f"headgate-{HERE}-*")
RULES = arn("events", f"rule/headgate-{HERE}-*")
FORWARDING_RULES = arn("events", f"rule/headgate-{HERE}-forward-*")
SCHEDULES = arn("scheduler", f"schedule/*/headgate-{HERE}-*")
SCHEDULE_GROUPS = arn("scheduler", f"schedule-group/headgate-{HERE}-*")
ALARMS = arn("cloudwatch", f"alarm:headgate-{HERE}-*")
DASHBOARDS = arn("cloudwatch", f"dashboard/headgate-{HERE}-*", region="")
DATABASES = arn("glue", f"database/headgate_{HERE}_*")
SECRETS = arn("secretsmanager", f"secret:headgate-{HERE}-*")
REPOSITORIES = arn("ecr", "repository/headgate/*")
APIS = arn("apigateway", "/*", account="")
SCALABLE_TARGETS = arn("application-autoscaling", "scalable-target/*")
EVENT_SOURCES = arn("lambda", "event-source-mapping:*")
MACHINE_LOGS = arn("logs", f"log-group:/aws/vendedlogs/states/headgate-{HERE}-*")
LOG_GROUPS = arn("logs", f"log-group:/headgate/{HERE}/*")
ACCOUNT_LOGS = arn("logs", "log-group:/headgate/account/*")
FUNCTION_LOGS = arn("logs", f"log-group:/aws/lambda/headgate-{HERE}-*")
SAGEMAKER_LOGS = arn("logs", "log-group:/aws/sagemaker/*")
KEYS = arn("kms", "key/*")
KEY_ALIASES = arn("kms", f"alias/headgate-{HERE}*")
DEFAULT_BUS = arn("events", "event-bus/default")

# SageMaker names jobs itself, so that whose a resource is stands in its tags.
SAGEMAKER = arn("sagemaker", "*")
JOBS = arn("sagemaker", "*-job/*")
"""Training, processing, transform, hyper-parameter-tuning and automl jobs."""
PIPELINES = arn("sagemaker", "pipeline/*")
MODELS = arn("sagemaker", "model/*")
ENDPOINTS = arn("sagemaker", "endpoint/*")
ENDPOINT_CONFIGS = arn("sagemaker", "endpoint-config/*")
SERVING = (MODELS, ENDPOINTS, ENDPOINT_CONFIGS)
FEATURE_GROUPS = arn("sagemaker", "feature-group/*")

# What stands once in an account.
ALARMS_TOPIC = arn("sns", "headgate-alarms")
BUDGETS = arn("budgets", "budget/headgate-*", region="")
ENDPOINTS_OF_VPCS = arn("ec2", "vpc-endpoint/*")
BASELINE_STACKS = arn("cloudformation", "stack/StackSet-headgate-*")

# Roles and the boundary.
DEPLOYER_ROLE = role(f"headgate-{HERE}-deployer")
EXECUTION_ROLE = role(f"headgate-{HERE}-execution")
EVENTS_ROLE = role(f"headgate-{HERE}-events")
PROMOTION_ROLE = role(f"headgate-{HERE}-promotion")
CLOUDFORMATION_ROLE = role(f"headgate-{HERE}-cloudformation")
PROJECT_ROLES = role(f"headgate-{HERE}-*", path=PROJECT_PATH)
HEADGATE_ROLES = role("*")
HEADGATE_POLICIES = arn("iam", f"policy{ROLE_PATH}*", region="")
SERVICE_ROLES = role("*", path="/aws-service-role/")
PROJECT_POLICIES = arn("iam", f"policy{PROJECT_PATH}headgate-{HERE}-*", region="")
BOUNDARY_POLICY = arn("iam", f"policy{ROLE_PATH}{BOUNDARY}", region="")
VENDING_ROLE = role("headgate-vending")
STACK_SET_ROLES = role("stacksets-exec-*", path="/")
MANAGEMENT_ROLE = role("OrganizationAccountAccessRole", path="/")

# Tooling.
TOOLING_ARTIFACTS = bucket(f"headgate-tooling-artifacts-{TOOLING}-{HOME}")
TOOLING_BUS = arn("events", "event-bus/headgate", account=TOOLING, region=HOME)
TOOLING_TOPICS = arn("sns", "headgate-*", account=TOOLING, region=HOME)
TOOLING_IMAGES = arn("ecr", "repository/headgate/*", account=TOOLING, region=HOME)
MODEL_PACKAGE_GROUPS = arn("sagemaker", "model-package-group/*", account=TOOLING, region=HOME)
MODEL_PACKAGES = arn("sagemaker", "model-package/*", account=TOOLING, region=HOME)
TOOLING_KEYS = arn("kms", "key/*", account=TOOLING, region=HOME)

# Data lake.
LAKE_BUCKET = bucket(f"headgate-data-lake-data-{DATA_LAKE}-{HOME}")
LAKE_CATALOG = arn("glue", "catalog", account=DATA_LAKE, region=HOME)
LAKE_DATABASES = arn("glue", "database/headgate*", account=DATA_LAKE, region=HOME)
LAKE_TABLES = arn("glue", "table/headgate*/*", account=DATA_LAKE, region=HOME)
LAKE_CRAWLERS = arn("glue", "crawler/headgate-*", account=DATA_LAKE, region=HOME)
LAKE_KEYS = arn("kms", "key/*", account=DATA_LAKE, region=HOME)

# Governance.
GOVERNANCE_BUCKET = bucket(f"headgate-governance-{GOVERNANCE}-{HOME}")
ASSETS = f"{GOVERNANCE_BUCKET}/assets/*"
DECLARATIONS = f"{GOVERNANCE_BUCKET}/organization/*"
TRAIL_BUCKET = bucket(f"headgate-governance-trail-{GOVERNANCE}-{HOME}")
GOVERNANCE_KEYS = arn("kms", "key/*", account=GOVERNANCE, region=HOME)
TRAIL = arn("cloudtrail", "trail/headgate", account=GOVERNANCE, region=HOME)
CATALOG_TABLE = arn("dynamodb", "table/headgate-catalog", account=GOVERNANCE, region=HOME)
AUDIT_TABLE = arn("dynamodb", "table/headgate-audit", account=GOVERNANCE, region=HOME)
DEPLOYMENT_LEASE = f"{GOVERNANCE_BUCKET}/leases/deployment.json"
DECLARATION_PARAMETER = arn("ssm", "parameter/headgate/organization/*", account=GOVERNANCE, region=HOME)
VENDING_MACHINE = arn("states", "stateMachine:headgate-vending", account=GOVERNANCE, region=HOME)
VENDING_EXECUTIONS = arn("states", "execution:headgate-vending:*", account=GOVERNANCE, region=HOME)
VENDING_FUNCTIONS = arn("lambda", "function:headgate-vending-*", account=GOVERNANCE, region=HOME)
STACK_SETS = arn("cloudformation", "stackset/headgate-*:*", account=GOVERNANCE, region=HOME)
STACK_SET_TARGETS = arn("cloudformation", "stackset-target/headgate-*", account=GOVERNANCE, region=HOME)
STACK_SET_TYPES = arn("cloudformation", "type/resource/*", account=GOVERNANCE, region=HOME)
BOOTSTRAP_STACK = arn("cloudformation", "stack/headgate-bootstrap/*", account=GOVERNANCE, region=HOME)
GOVERNANCE_STACKS = arn("cloudformation", "stack/headgate-governance*/*", account=GOVERNANCE, region=HOME)
LAUNCH_STACKS = arn("cloudformation", "stack/SC-*/*", account=GOVERNANCE, region=HOME)
LAUNCH_ROLE = role("headgate-launch", account=GOVERNANCE)
VENDING_ROLES = role("headgate-vending-*", account=GOVERNANCE)
VENDING_REQUEST = arn("lambda", "function:headgate-vending-request", account=GOVERNANCE, region=HOME)
PROJECT_STACK_SETS = arn("cloudformation", "stackset/headgate-project-*:*", account=GOVERNANCE, region=HOME)
ANY_STACK_SET_TARGET = (STACK_SET_TARGETS, STACK_SET_TYPES)
PORTFOLIOS = arn("catalog", "portfolio/*", account=GOVERNANCE, region=HOME)
PRODUCTS = arn("catalog", "product/*", account=GOVERNANCE, region=HOME)
MEMBER_ACCOUNTS = arn("organizations", "account/${OrganizationId}/*", account=GOVERNANCE, region="")
ORGANIZATIONAL_UNITS = arn("organizations", "ou/${OrganizationId}/*", account=GOVERNANCE, region="")
ORGANIZATION_ROOT = arn("organizations", "root/${OrganizationId}/*", account=GOVERNANCE, region="")
ORGANIZATION = arn("organizations", "organization/${OrganizationId}", account=GOVERNANCE, region="")
ORGANIZATION_POLICIES = arn("organizations", "policy/${OrganizationId}/*", account=GOVERNANCE, region="")
