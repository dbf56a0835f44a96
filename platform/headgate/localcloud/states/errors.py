"""Errors of the Step Functions API, in its words."""

from __future__ import annotations

from headgate.localcloud.errors import AwsError


def no_machine(arn: str) -> AwsError:
    return AwsError("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def no_execution(arn: str) -> AwsError:
    return AwsError("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def bad_arn(arn: str) -> AwsError:
    return AwsError("InvalidArn", f"Invalid Arn: '{arn}'")


def bad_name(name: str) -> AwsError:
    return AwsError("InvalidName", f"Invalid Name: '{name}'")


def not_redrivable(reason: str) -> AwsError:
    return AwsError("ExecutionNotRedrivable", f"Execution Not Redrivable: '{reason}'")
