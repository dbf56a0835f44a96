"""Vending: the functions of the control package, the state machine that calls them, and who hears of its failures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from headgate.infra.constructs.logs import log_group
from headgate.infra.constructs.roles import Roles
from headgate.infra.names import identifier
from headgate.infra.tokens import sub

MACHINE = "headgate-vending"
RUNTIME = "python3.13"
_SECONDS = 60
_MEGABYTES = 256
_STARTS = frozenset({"request", "ended"})
"""Handlers that work outside of the machine: all they are told is which it is."""


@dataclass(frozen=True, slots=True)
class Code:
    """Where the zip of the control package is."""

    bucket: str
    key: str


class Vending(Construct):
    """`functions` are the Lambda functions by handler, `machine` is the state machine.

    `definition` is the Amazon States Language file; its `${<Handler>FunctionArn}` are filled in with the functions'.
    """

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        handlers: tuple[str, ...],
        definition: Path,
        code: Code,
        variables: Mapping[str, str],
        roles: Roles,
        key_arn: str,
        failures_topic: str,
    ) -> None:
        super().__init__(scope, name)
        self._code = code
        self._key_arn = key_arn
        self._roles = roles
        self._machine_arn = sub(
            f"arn:${{AWS::Partition}}:states:${{AWS::Region}}:${{AWS::AccountId}}:stateMachine:{MACHINE}"
        )
        self.functions = {
            handler: self._function(
                handler,
                {"HEADGATE_STATE_MACHINE_ARN": self._machine_arn} if handler in _STARTS else variables,
            )
            for handler in handlers
        }
        self.machine = self._machine(definition)
        self._failures(failures_topic)

    def _function(self, handler: str, variables: Mapping[str, str]) -> lambda_.CfnFunction:
        function_name = f"{MACHINE}-{handler}"
        group = log_group(self, f"Logs{identifier(handler)}", f"/aws/lambda/{function_name}", self._key_arn)
        function = lambda_.CfnFunction(
            self,
            f"Function{identifier(handler)}",
            function_name=function_name,
            description=f"Vending: {handler}",
            runtime=RUNTIME,
            handler=f"headgate.control.vending.handlers.{handler}",
            code=lambda_.CfnFunction.CodeProperty(s3_bucket=self._code.bucket, s3_key=self._code.key),
            role=self._roles.arns[f"vending-{handler}"],
            timeout=_SECONDS,
            memory_size=_MEGABYTES,
            environment=lambda_.CfnFunction.EnvironmentProperty(variables=dict(sorted(variables.items()))),
            kms_key_arn=self._key_arn,
        )
        function.add_resource_dependency(group)
        self._roles.settle(f"vending-{handler}", function)
        return function

    def _machine(self, definition: Path) -> stepfunctions.CfnStateMachine:
        written = json.dumps(json.loads(definition.read_text()), indent=1)
        group: logs.CfnLogGroup = log_group(self, "LogsMachine", f"/aws/vendedlogs/states/{MACHINE}", self._key_arn)
        named = {f"{identifier(handler)}FunctionArn": function for handler, function in self.functions.items()}
        machine = stepfunctions.CfnStateMachine(
            self,
            "Machine",
            state_machine_name=MACHINE,
            definition_string=written,
            definition_substitutions={
                name: function.attr_arn for name, function in named.items() if f"${{{name}}}" in written
            },
            role_arn=self._roles.arns["vending-machine"],
            logging_configuration=stepfunctions.CfnStateMachine.LoggingConfigurationProperty(
                level="ALL",
                include_execution_data=True,
                destinations=[
                    stepfunctions.CfnStateMachine.LogDestinationProperty(
                        cloud_watch_logs_log_group=stepfunctions.CfnStateMachine.CloudWatchLogsLogGroupProperty(
                            log_group_arn=group.attr_arn
                        )
                    )
                ],
            ),
        )
        self._roles.settle("vending-machine", machine)
        return machine

    def _failures(self, topic: str) -> None:
        """An execution that ends without an answer of its own is answered for, and people are told."""
        ended = self.functions["ended"]
        rule = events.CfnRule(
            self,
            "Ended",
            name=f"{MACHINE}-ended",
            description="Executions of vending that could not answer CloudFormation themselves",
            event_pattern={
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": {"stateMachineArn": [self._machine_arn], "status": ["FAILED", "TIMED_OUT", "ABORTED"]},
            },
            targets=[
                events.CfnRule.TargetProperty(id="answer", arn=ended.attr_arn),
                events.CfnRule.TargetProperty(id="tell", arn=topic),
            ],
        )
        lambda_.CfnPermission(
            self,
            "EndedPermission",
            action="lambda:InvokeFunction",
            function_name=ended.ref,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
            source_account=sub("${AWS::AccountId}"),
        )
