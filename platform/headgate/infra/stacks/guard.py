"""What stands in an account before anything else can run in it: the boundary that every role must carry."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from headgate.infra.constructs.boundary import boundary_policy
from headgate.infra.constructs.roles import Roles
from headgate.infra.permissions.model import roles_of
from headgate.infra.permissions.places import Kind
from headgate.infra.stacks.base import KindStack


class GuardStack(KindStack):
    """Boundary, and vending's role; StackSets deploy it to every account that enters one of Headgate's units."""

    def __init__(self, scope: Construct, synthesizer: cdk.IStackSynthesizer) -> None:
        super().__init__(scope, "guard", synthesizer)
        self.boundary = boundary_policy(self)
        self.roles = Roles(self, "Role", roles_of(Kind.GUARD))
        self.roles.node.add_dependency(self.boundary)
