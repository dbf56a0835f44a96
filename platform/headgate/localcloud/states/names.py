"""ARNs and names of state machines and executions."""

from __future__ import annotations

import re

from headgate.localcloud.documents import Key
from headgate.localcloud.seams import Caller
from headgate.localcloud.states.errors import bad_arn, bad_name
from headgate.localcloud.states.records import MACHINE, execution_key

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")
_MACHINE = re.compile(r"arn:aws:states:(?P<region>[\w-]+):(?P<account>\d{12}):stateMachine:(?P<name>[^:]+)")
_EXECUTION = re.compile(
    r"arn:aws:states:(?P<region>[\w-]+):(?P<account>\d{12}):execution:(?P<machine>[^:]+):(?P<name>[^:]+)"
)


def check_name(name: str) -> str:
    """The name, if a machine or an execution can have it. Raises AwsError (InvalidName)."""
    if not _NAME.fullmatch(name):
        raise bad_name(name)
    return name


def machine_key(caller: Caller, arn: str) -> Key:
    """The key of a machine of the caller's account and region. Raises AwsError (InvalidArn)."""
    match = _MACHINE.fullmatch(arn)
    if match is None or match["account"] != caller.account:
        raise bad_arn(arn)
    return Key(match["account"], match["region"], MACHINE, match["name"])


def execution_of(caller: Caller, arn: str) -> Key:
    """The key of an execution in the caller's account. Raises AwsError (InvalidArn)."""
    match = _EXECUTION.fullmatch(arn)
    if match is None or match["account"] != caller.account:
        raise bad_arn(arn)
    return execution_key(match["account"], match["region"], match["machine"], match["name"])


def machine_arn(key: Key) -> str:
    return f"arn:aws:states:{key.region}:{key.account}:stateMachine:{key.name}"


def execution_arn(machine: Key, name: str) -> str:
    return f"arn:aws:states:{machine.region}:{machine.account}:execution:{machine.name}:{name}"
