"""The organization that is up, and everybody in it, in one value for tests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from botocore import xform_name

from e2e.organization.callers import REGION, Callers
from e2e.organization.furnishing import RUNTIME, furnish
from e2e.organization.hosting import HostedCloud
from e2e.organization.names import Names, accounts_of, names_of
from e2e.organization.verdicts import Verdict, verdict_of

_CLIENTS = {"states": "stepfunctions"}
_INLINE = re.compile(r"inline policy (?P<policy>\S+) of role (?P<role>\S+)")


@dataclass
class Proofs:
    """Calls made as anybody, and the documents that decide them as they are in the cloud."""

    cloud: HostedCloud
    callers: Callers
    names: Names

    def call(
        self,
        who: str,
        service: str,
        operation: str,
        parameters: Mapping[str, Any],
        *,
        region: str = REGION,
        context: Mapping[str, str] | None = None,
    ) -> Verdict:
        """Make a call as a row of the table has it, with real names for its made-up ones."""
        account = _account(who)
        known = self.names.real(account, context or {})
        client = self.callers.client(who, _CLIENTS.get(service, service), region, known)
        method = getattr(client, xform_name(operation))
        return verdict_of(lambda: method(**self.names.real(account, parameters)))

    def statements(self, verdict: Verdict, who: str) -> frozenset[str]:
        """The ids of the statements in the document that `who` was refused by, as it is in the cloud now."""
        if verdict.layer == "scp":
            return self._guardrails[verdict.policy]
        inline = _INLINE.fullmatch(verdict.policy)
        if inline:
            iam = self.administrator(_account(who), "iam")
            found = iam.get_role_policy(RoleName=inline["role"], PolicyName=inline["policy"])["PolicyDocument"]
        elif verdict.policy.startswith("policy of bucket "):
            bucket = verdict.policy.rpartition(" ")[2]
            owner = next(name for name, number in self.names.accounts.items() if f"-{number}-" in bucket)
            found = json.loads(self.administrator(owner, "s3").get_bucket_policy(Bucket=bucket)["Policy"])
        else:
            iam = self.administrator(_account(who), "iam")
            version = iam.get_policy(PolicyArn=verdict.policy)["Policy"]["DefaultVersionId"]
            answer = iam.get_policy_version(PolicyArn=verdict.policy, VersionId=version)
            found = answer["PolicyVersion"]["Document"]
        return _sids(found)

    def administrator(self, account: str, service: str) -> Any:
        """A client of who may look at everything in an account: governance's root, StackSets' role elsewhere."""
        governs = self.names.accounts[account] == self.names.accounts["governance"]
        return self.callers.client("root@governance" if governs else f"stacksets-exec-x@{account}", service)

    @cached_property
    def _guardrails(self) -> Mapping[str, frozenset[str]]:
        organizations = self.administrator("governance", "organizations")
        pages = organizations.get_paginator("list_policies").paginate(Filter="SERVICE_CONTROL_POLICY")
        contents = {
            policy["Name"]: organizations.describe_policy(PolicyId=policy["Id"])["Policy"]["Content"]
            for page in pages
            for policy in page["Policies"]
        }
        return {name: _sids(json.loads(content)) for name, content in contents.items()}


def proofs_of(cloud: HostedCloud) -> Proofs:
    """Everything that tests need, in accounts in which teams are at work."""
    accounts = accounts_of(cloud)
    callers = Callers(cloud, accounts)
    names = names_of(cloud, callers, accounts)
    cloud.cloud.replace_runtimes([RUNTIME])
    furnish(callers, names)
    return Proofs(cloud, callers, names)


def _account(who: str) -> str:
    return who.partition("@")[2].partition(" ")[0]


def _sids(document: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(each.get("Sid", "") for each in document["Statement"])
