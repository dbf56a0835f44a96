"""Events of an environment that the whole organization is to know of go on to tooling's bus."""

from __future__ import annotations

from aws_cdk import aws_events as events
from constructs import Construct

from headgate.infra.permissions import resources
from headgate.infra.tokens import filled, sub


def forward_events(scope: Construct, role_arn: str) -> None:
    """Alarms of this environment and events of Headgate's own, as the role of that ARN.

    What says in its detail which environment it is of is matched by that, alarms by their names: environments that
    share an account do not forward each other's.
    """
    patterns = {
        "Alarms": {
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "detail": {"alarmName": [{"prefix": "headgate-${Environment}-"}]},
        },
        "Headgate": {
            "source": [{"prefix": "headgate"}],
            "detail": {"environment": ["${Environment}"]},
        },
    }
    for name, pattern in patterns.items():
        events.CfnRule(
            scope,
            f"Forward{name}",
            name=sub(f"headgate-${{Environment}}-forward-{name.lower()}"),
            description="To the bus of the tooling account",
            event_pattern=filled(pattern),
            targets=[
                events.CfnRule.TargetProperty(id="tooling", arn=sub(resources.TOOLING_BUS), role_arn=role_arn),
            ],
        )
