"""KMS keys: used through IAM of their own account, and by AWS services on its behalf."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from headgate.infra.permissions import resource_policies
from headgate.infra.permissions.document import Statement
from headgate.infra.permissions.places import ENVIRONMENT_TAG
from headgate.infra.tokens import policy, sub

_OF_GOVERNANCE = frozenset({"assets", "governance", "trail"})


def _place(alias: str) -> str:
    """Whose a key is, as its tag says: roles use keys of their own environment, by what the key is tagged with."""
    place = alias.removeprefix("alias/headgate-")
    return "governance" if place in _OF_GOVERNANCE else place


class Key(Construct):
    """A symmetric key that rotates every year and outlives its stack, with an alias and its environment's tag.

    `owner` is what the key's own account may do: by default whatever its roles' policies say.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        alias: str,
        description: str,
        statements: Sequence[Statement] = (),
        owner: Sequence[Statement] = resource_policies.account_key(),
    ) -> None:
        super().__init__(scope, name)
        self.resource = kms.CfnKey(
            self,
            "Resource",
            description=description,
            enable_key_rotation=True,
            key_policy=policy((*owner, *statements)),
            pending_window_in_days=30,
            tags=[cdk.CfnTag(key=ENVIRONMENT_TAG, value=sub(_place(alias)))],
        )
        self.resource.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        self.arn = self.resource.attr_arn
        self.alias = kms.CfnAlias(self, "Alias", alias_name=sub(alias), target_key_id=self.resource.attr_key_id)
