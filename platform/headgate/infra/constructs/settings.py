"""SSM parameters: where projects and deployments find what a stack has made."""

from __future__ import annotations

from collections.abc import Mapping

import aws_cdk as cdk
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from headgate.infra.tokens import sub


def publish(
    scope: Construct, folder: str, values: Mapping[str, tuple[str, str]], when: cdk.CfnCondition | None = None
) -> None:
    """A parameter `folder/name` for each name: (value, description); folder and value may have placeholders.

    With `when` they are there only under that condition.
    """
    for name, (value, description) in values.items():
        identifier = "".join(part.title() for part in name.split("-"))
        parameter = ssm.CfnParameter(
            scope,
            f"Parameter{identifier}",
            name=sub(f"{folder}/{name}"),
            type="String",
            value=sub(value),
            description=description,
        )
        if when is not None:
            parameter.cfn_options.condition = when
