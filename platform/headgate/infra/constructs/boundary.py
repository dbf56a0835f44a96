"""The permission boundary as a managed policy."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from headgate.infra.permissions.boundary import boundary
from headgate.infra.permissions.places import BOUNDARY, ROLE_PATH
from headgate.infra.tokens import filled


def boundary_policy(scope: Construct) -> iam.CfnManagedPolicy:
    """`headgate-boundary`; roles depend on it, so it stays as long as its account does."""
    document = boundary()
    policy = iam.CfnManagedPolicy(
        scope,
        "Boundary",
        managed_policy_name=BOUNDARY,
        path=ROLE_PATH,
        description=document.what,
        policy_document=filled(document.body),
    )
    policy.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    return policy
