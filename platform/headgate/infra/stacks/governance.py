"""The management account: units and guardrails, StackSets, vending, Service Catalog, catalog, trail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aws_cdk as cdk
from constructs import Construct

from headgate.infra.constructs import catalog, settings
from headgate.infra.constructs.catalog import table
from headgate.infra.constructs.guardrails import Guardrails
from headgate.infra.constructs.keys import Key
from headgate.infra.constructs.portfolio import Portfolio, Product
from headgate.infra.constructs.roles import Roles
from headgate.infra.constructs.stack_sets import MemberStackSet
from headgate.infra.constructs.topics import Topic
from headgate.infra.constructs.trail import OrganizationTrail
from headgate.infra.constructs.units import TEAM_UNITS, Units
from headgate.infra.constructs.vending import Code, Vending
from headgate.infra.names import bucket_name, identifier
from headgate.infra.permissions import resource_policies, resources
from headgate.infra.permissions.guardrails import guardrails
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.places import ENVIRONMENTS, Kind
from headgate.infra.stacks.base import KindStack
from headgate.infra.stacks.bootstrap import LOGS
from headgate.infra.stacks.products import exported
from headgate.infra.tokens import sub

MEMBER_VALUES = (
    "OrganizationId",
    "GovernanceAccountId",
    "HomeRegion",
    "ToolingAccountId",
    "DataLakeAccountId",
    "IdentityAccountId",
    "LogRetentionDays",
    "FeatureExpiryDays",
)
"""Parameters that have the same value in every member's stacks: the StackSets' own."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What the governance stack ships. `templates` are the digests of members' and products' templates, by kind."""

    templates: Mapping[str, str]
    control: str
    machine: Path
    handlers: tuple[str, ...]


class GovernanceStack(KindStack):
    """One of a kind: it is deployed once, in the organization's management account."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer, contents: Contents) -> None:
        super().__init__(scope, "governance", synthesizer)
        self._contents = contents
        self.governance_key = Key(
            self,
            "Key",
            alias="alias/headgate-governance",
            description="Catalog, audit, vending and their logs",
            statements=[
                resource_policies.log_groups_use_key("*"),
                resource_policies.services_use_key("cloudwatch.amazonaws.com", "events.amazonaws.com"),
            ],
        )
        self.roles = Roles(self, "Role", roles_of(Kind.GOVERNANCE))
        self.units = Units(self, "Unit", sub("${OrganizationRootId}"))
        self.guardrails = Guardrails(self, "Guardrail", guardrails(), self.units.ids)
        self.trail = OrganizationTrail(self, "Trail", bucket_name(LOGS))
        self.stack_sets = self._stack_sets()
        self.vending = self._vending()
        self.portfolio = self._products()
        self._catalog()
        self._settings()

    def template_url(self, kind: str) -> str:
        """Where the template of a kind is, once it is published."""
        return template_url(self._contents.templates[kind])

    def _catalog(self) -> None:
        """Tables come last: protected from deletion as they are, a creation that fails could not be rolled back."""
        key = self.governance_key.arn
        tables = (
            table(self, "Catalog", table_name=catalog.CATALOG, partition="team", sort="account_name", key_arn=key),
            table(self, "Audit", table_name=catalog.AUDIT, partition="subject", sort="at#id", key_arn=key),
        )
        before = (self.vending.machine, *self.portfolio.constraints, *(each.resource for each in self.stack_sets))
        for each in tables:
            for other in (self.trail.resource, *before):
                each.add_resource_dependency(other)

    def _stack_sets(self) -> list[MemberStackSet]:
        ids = self.units.ids
        values = {name: sub(f"${{{name}}}") for name in MEMBER_VALUES}

        def stack_set(name: str, kind: str, more: Mapping[str, str] | None = None, *units: str) -> MemberStackSet:
            made = MemberStackSet(
                self,
                f"StackSet{identifier(name)}",
                kind=kind,
                stack_set_name=f"headgate-{name}",
                template_url=self.template_url(kind),
                values={**values, **(more or {})},
                units=units,
            )
            made.node.add_dependency(*self.guardrails.always)
            return made

        return [
            stack_set("guard", "guard", None, ids["Durable"], ids["Teams"], ids["Quarantine"]),
            *(stack_set(kind, kind) for kind in ("account", "tooling", "data-lake")),
            *(stack_set(f"environment-{name}", "environment", {"Environment": name}) for name in ENVIRONMENTS),
        ]

    def _vending(self) -> Vending:
        topic = Topic(
            self,
            "Alarms",
            topic_name="headgate-alarms",
            key_arn=self.governance_key.arn,
            publishers=("cloudwatch.amazonaws.com", "events.amazonaws.com"),
        )
        return Vending(
            self,
            "Vending",
            handlers=self._contents.handlers,
            definition=self._contents.machine,
            code=Code(sub(bucket_name(resources.GOVERNANCE_BUCKET)), f"assets/{self._contents.control}.zip"),
            variables=self._variables(),
            roles=self.roles,
            key_arn=self.governance_key.arn,
            failures_topic=topic.arn,
        )

    def _variables(self) -> dict[str, str]:
        ids = self.units.ids
        return {
            "HEADGATE_ORGANIZATION": sub("${OrganizationName}"),
            "HEADGATE_PARTITION": sub("${AWS::Partition}"),
            "HEADGATE_GOVERNANCE_ACCOUNT": sub("${AWS::AccountId}"),
            "HEADGATE_TOOLING_ACCOUNT": sub("${ToolingAccountId}"),
            "HEADGATE_DATA_LAKE_ACCOUNT": sub("${DataLakeAccountId}"),
            "HEADGATE_CATALOG_TABLE": catalog.CATALOG,
            "HEADGATE_AUDIT_TABLE": catalog.AUDIT,
            "HEADGATE_DECLARATION_PARAMETER": "/headgate/organization/declaration",
            "HEADGATE_GUARD_STACK_SET": "headgate-guard",
            "HEADGATE_ACCOUNT_STACK_SET": "headgate-account",
            "HEADGATE_ENVIRONMENT_STACK_SET": "headgate-environment",
            **{
                f"HEADGATE_GUARDRAILS_{unit.upper()}": self.guardrails.over("Headgate", "Teams", unit)
                for unit in TEAM_UNITS
            },
            "HEADGATE_OU_HEADGATE": ids["Headgate"],
            **{f"HEADGATE_OU_{unit.upper()}": ids[unit] for unit in (*TEAM_UNITS, "Quarantine", "Retired")},
            "HEADGATE_MEMBER_ROLE": "headgate/headgate-vending",
            "HEADGATE_CLOSE_ACCOUNTS": sub("${CloseAccounts}"),
        }

    def _products(self) -> Portfolio:
        def product(key: str, name: str, description: str) -> Product:
            kind = f"product-{key}"
            return Product(key, name, description, self.template_url(kind), self._contents.templates[kind][:12])

        return Portfolio(
            self,
            "Portfolio",
            products=[
                product("account-set", "ML account set", "A team's accounts, from experimentation to prod"),
                product("project", "ML project", "A project's model package group and images in tooling"),
            ],
            launch_role=self.roles.arns["launch"],
            requesters={"it": self.roles.arns["it"]},
        )

    def _settings(self) -> None:
        ids = self.units.ids
        settings.publish(
            self,
            "/headgate/organization/units",
            {name.lower(): (unit, f"The organizational unit {name}") for name, unit in ids.items()},
        )
        values = {
            "organization-id": sub("${OrganizationId}"),
            "durable-unit": ids["Durable"],
            "tooling-account": sub("${ToolingAccountId}"),
        }
        for name, value in values.items():
            cdk.CfnOutput(self, f"Exported{identifier(name)}", value=value, export_name=exported(name))


def template_url(digest: str) -> str:
    """The address of a published template, as CloudFormation and Service Catalog want it."""
    bucket = bucket_name(resources.GOVERNANCE_BUCKET).replace(resources.GOVERNANCE, resources.ACCOUNT)
    bucket = bucket.replace(resources.HOME, resources.REGION)
    return sub(f"https://{bucket}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/assets/{digest}.json")
