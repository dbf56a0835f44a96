"""What every stack is: a template for any account, with the parameters of its kind and readable logical ids."""

from __future__ import annotations

import aws_cdk as cdk
from constructs import Construct

from headgate.infra import aspects
from headgate.infra.kinds import KINDS, PARAMETERS, Parameter


class KindStack(cdk.Stack):
    """The template of one kind of stack, in no account in particular.

    A logical id is the path of the construct, joined: stable, and readable in a diff and in the stack's events.
    """

    def __init__(self, scope: Construct, kind: str, synthesizer: cdk.IStackSynthesizer) -> None:
        described = KINDS[kind]
        super().__init__(
            scope,
            kind,
            stack_name=described.stack_name,
            description=f"Headgate: {described.description[0].lower()}{described.description[1:]}",
            synthesizer=synthesizer,
            analytics_reporting=False,
            suppress_template_indentation=True,
        )
        self.kind = kind
        for name in described.parameters:
            _parameter(self, PARAMETERS[name])
        aspects.apply(self, described.parameters)

    def _allocate_logical_id(self, cfn_element: cdk.CfnElement) -> str:
        inside = cfn_element.node.scopes[len(self.node.scopes) :]
        parts = [each.node.id for each in inside if each.node.id not in {"Default", "Resource"}]
        return "".join("".join(character for character in part if character.isalnum()) for part in parts)


def _parameter(scope: Construct, parameter: Parameter) -> cdk.CfnParameter:
    return cdk.CfnParameter(
        scope,
        parameter.name,
        type=parameter.type,
        description=parameter.description,
        default=parameter.default,
        allowed_pattern=parameter.pattern,
        allowed_values=list(parameter.allowed) or None,
        constraint_description=parameter.wrong,
    )
