"""Roles of the permission model as resources: trust, tags, and each policy where it applies.

The boundary comes from `aspects`: on these as on every other role.
"""

from __future__ import annotations

from collections.abc import Iterable

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from headgate.infra.names import identifier
from headgate.infra.permissions.document import Document
from headgate.infra.permissions.places import ENVIRONMENTS
from headgate.infra.permissions.roles import Role
from headgate.infra.tokens import filled, sub

MAX_SESSION_SECONDS = 3600


class Roles(Construct):
    """Some roles of the model in one stack; `arns` has their ARNs by key, `policies` the policies of each."""

    def __init__(self, scope: Construct, name: str, roles: Iterable[Role]) -> None:
        super().__init__(scope, name)
        self._conditions: dict[frozenset[str], cdk.CfnCondition] = {}
        self.policies: dict[str, list[iam.CfnManagedPolicy]] = {}
        self.resources = {role.key: self._role(role) for role in roles}

    @property
    def arns(self) -> dict[str, str]:
        """The roles' ARNs by key, as tokens."""
        return {key: role.attr_arn for key, role in self.resources.items()}

    def where(self, environments: frozenset[str] | None) -> cdk.CfnCondition | None:
        """The condition that the stack's environment is one of these; None when there is nothing to ask."""
        if environments is None or environments == frozenset(ENVIRONMENTS):
            return None
        if environments not in self._conditions:
            names = [each for each in ENVIRONMENTS if each in environments]
            equal = [cdk.Fn.condition_equals(cdk.Fn.ref("Environment"), each) for each in names]
            self._conditions[environments] = cdk.CfnCondition(
                cdk.Stack.of(self),
                "In" + "Or".join(map(identifier, names)),
                expression=cdk.Fn.condition_or(*equal) if len(equal) > 1 else equal[0],
            )
        return self._conditions[environments]

    def _role(self, role: Role) -> iam.CfnRole:
        made = iam.CfnRole(
            self,
            identifier(role.key),
            role_name=sub(role.name),
            path=role.path,
            description=role.what,
            assume_role_policy_document=filled(role.trust.body),
            max_session_duration=MAX_SESSION_SECONDS,
            tags=[cdk.CfnTag(key=key, value=sub(value)) for key, value in sorted(role.tags.items())],
        )
        made.cfn_options.condition = self.where(role.environments)
        self.policies[role.key] = [self._policy(role, made, policy) for policy in role.policies]
        return made

    def _policy(self, role: Role, made: iam.CfnRole, policy: Document) -> iam.CfnManagedPolicy:
        last = policy.name.rpartition("/")[2]
        attached = iam.CfnManagedPolicy(
            self,
            identifier(role.key) + identifier(last),
            managed_policy_name=sub(f"{role.name}-{last}"),
            path=role.path,
            description=f"{role.key}: {last}",
            roles=[made.ref],
            policy_document=filled(policy.body),
        )
        attached.cfn_options.condition = self.where(policy.environments)
        return attached

    def settle(self, key: str, user: cdk.CfnResource) -> None:
        """What uses a role is made after the role's policies."""
        for policy in self.policies[key]:
            user.add_resource_dependency(policy)
