"""What the vending functions are told by their environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from headgate.control.errors import Refused

UNITS = ("Experimentation", "Dev", "Preprod", "Prod")
"""The organizational units below `Headgate/Teams`, as the declaration names them."""

VARIABLES: Mapping[str, str] = {
    "HEADGATE_ORGANIZATION": "the organization's name",
    "HEADGATE_PARTITION": "the AWS partition: aws, aws-cn or aws-us-gov",
    "HEADGATE_GOVERNANCE_ACCOUNT": "the account id of the governance account, where vending runs",
    "HEADGATE_TOOLING_ACCOUNT": "the account id of the tooling account",
    "HEADGATE_DATA_LAKE_ACCOUNT": "the account id of the data lake account",
    "HEADGATE_CATALOG_TABLE": "the DynamoDB table with one item per account",
    "HEADGATE_AUDIT_TABLE": "the DynamoDB table that is only ever appended to",
    "HEADGATE_DECLARATION_PARAMETER": "the SSM parameter that holds the S3 URI of the applied declaration",
    "HEADGATE_GUARD_STACK_SET": "the StackSet with automatic deployment that must be there before anything else",
    "HEADGATE_ACCOUNT_STACK_SET": "the StackSet with one instance per account",
    "HEADGATE_ENVIRONMENT_STACK_SET": "the prefix of the StackSets per environment, as in PREFIX-dev",
    **{
        f"HEADGATE_GUARDRAILS_{unit.upper()}": f"ids of the service control policies that must be in force in {unit}"
        for unit in UNITS
    },
    "HEADGATE_OU_HEADGATE": "the id of the OU that holds every account of Headgate",
    "HEADGATE_OU_EXPERIMENTATION": "the id of the OU Headgate/Teams/Experimentation",
    "HEADGATE_OU_DEV": "the id of the OU Headgate/Teams/Dev",
    "HEADGATE_OU_PREPROD": "the id of the OU Headgate/Teams/Preprod",
    "HEADGATE_OU_PROD": "the id of the OU Headgate/Teams/Prod",
    "HEADGATE_OU_QUARANTINE": "the id of the OU whose service control policy denies all but auditing",
    "HEADGATE_OU_RETIRED": "the id of the OU of retired accounts",
    "HEADGATE_MEMBER_ROLE": "path and name of the role that vending assumes in other accounts",
    "HEADGATE_CLOSE_ACCOUNTS": "true when retiring closes accounts that vending has created",
    "AWS_REGION": "the home Region; Lambda sets it",
}
"""Every variable and what it says. All are required in every function of the machine."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The variables as values. By the name of an OU, `units` has its id and `guardrails` the ids of the service
    control policies that must be in force in it.
    """

    organization: str
    partition: str
    region: str
    governance: str
    tooling: str
    data_lake: str
    catalog: str
    audit: str
    declaration_parameter: str
    guard: str
    account: str
    environment: str
    guardrails: Mapping[str, tuple[str, ...]]
    everything: str
    quarantine: str
    retired: str
    units: Mapping[str, str]
    member_role: str
    closes_accounts: bool

    @property
    def durable(self) -> Mapping[str, str]:
        """The durable accounts' names by their ids: no team ever owns one of these."""
        return {self.governance: "governance", self.tooling: "tooling", self.data_lake: "data-lake"}

    def environment_stack_set(self, environment: str) -> str:
        """The StackSet of an environment: an account may hold several environments, a StackSet one stack of it."""
        return f"{self.environment}-{environment}"

    def member_role_arn(self, account: str) -> str:
        """The role that vending assumes in a member account."""
        return f"arn:{self.partition}:iam::{account}:role/{self.member_role}"


def load(variables: Mapping[str, str]) -> Settings:
    """The settings in environment variables; raises Refused with every name that is missing."""
    missing = sorted(name for name in VARIABLES if not variables.get(name))
    if missing:
        raise Refused(f"the function lacks the environment variables {', '.join(missing)}")
    closes = variables["HEADGATE_CLOSE_ACCOUNTS"]
    if closes not in ("true", "false"):
        raise Refused(f"HEADGATE_CLOSE_ACCOUNTS is {closes!r}: it is either true or false")
    return Settings(
        organization=variables["HEADGATE_ORGANIZATION"],
        partition=variables["HEADGATE_PARTITION"],
        region=variables["AWS_REGION"],
        governance=variables["HEADGATE_GOVERNANCE_ACCOUNT"],
        tooling=variables["HEADGATE_TOOLING_ACCOUNT"],
        data_lake=variables["HEADGATE_DATA_LAKE_ACCOUNT"],
        catalog=variables["HEADGATE_CATALOG_TABLE"],
        audit=variables["HEADGATE_AUDIT_TABLE"],
        declaration_parameter=variables["HEADGATE_DECLARATION_PARAMETER"],
        guard=variables["HEADGATE_GUARD_STACK_SET"],
        account=variables["HEADGATE_ACCOUNT_STACK_SET"],
        environment=variables["HEADGATE_ENVIRONMENT_STACK_SET"],
        guardrails={unit: tuple(variables[f"HEADGATE_GUARDRAILS_{unit.upper()}"].split(",")) for unit in UNITS},
        everything=variables["HEADGATE_OU_HEADGATE"],
        quarantine=variables["HEADGATE_OU_QUARANTINE"],
        retired=variables["HEADGATE_OU_RETIRED"],
        units={unit: variables[f"HEADGATE_OU_{unit.upper()}"] for unit in UNITS},
        member_role=variables["HEADGATE_MEMBER_ROLE"],
        closes_accounts=closes == "true",
    )
