"""Whom a StackSet acts as: the administration role, and from there the execution role of each account.

With SERVICE_MANAGED permissions both are AWS's own: a service-linked role in the management account, and
`stacksets-exec-<digest>` with AdministratorAccess in every member, made when it is first needed.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from headgate.localcloud.cloudformation.stacks.acting import PRINCIPAL, Access
from headgate.localcloud.cloudformation.stacksets.model import SERVICE_MANAGED, StackSet
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Clock

TRUSTED = "member.org.stacksets.cloudformation.amazonaws.com"
SERVICE = "stacksets.cloudformation.amazonaws.com"
LINKED_ROLE = "AWSServiceRoleForCloudFormationStackSetsOrgAdmin"
_ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"
EXECUTION = "AWSCloudFormationStackSetExecutionRole"
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
_DURATION = 3600
_MARGIN = 600.0

Keys = Mapping[str, str]
AskIam = Callable[[str, str, Mapping[str, str]], object]
"""IAM as AWS itself uses it inside an account: account, operation, form. Raises AwsError."""


class Roles(Protocol):
    """Sessions in the accounts of a StackSet."""

    def session(self, stack_set: StackSet, account: str) -> Keys:
        """Credentials of the execution role in an account. Raises ClientError, AwsError."""
        ...


def execution_role(stack_set: StackSet) -> str:
    """The name of the role that a StackSet has in its accounts."""
    if stack_set.permission_model == SERVICE_MANAGED:
        return service_managed_role(stack_set.account)
    return stack_set.execution_role_name or EXECUTION


def service_managed_role(management_account: str) -> str:
    """`stacksets-exec-<32 hexadecimal digits>`: one for all StackSets of an organization."""
    return f"stacksets-exec-{hashlib.sha256(management_account.encode()).hexdigest()[:32]}"


def linked_role_arn(management_account: str) -> str:
    return f"arn:aws:iam::{management_account}:role/aws-service-role/{SERVICE}/{LINKED_ROLE}"


class StackSetRoles:
    """Assumes, and for SERVICE_MANAGED makes, the roles. Sessions are shared until they expire."""

    def __init__(self, access: Access, ask_iam: AskIam, clock: Clock) -> None:
        self._access = access
        self._ask_iam = ask_iam
        self._clock = clock
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._sessions: dict[tuple[str, str, str], tuple[float, Keys]] = {}

    def session(self, stack_set: StackSet, account: str) -> Keys:
        key = (stack_set.account, stack_set.administration_role_arn, f"{account}/{execution_role(stack_set)}")
        with self._lock:
            until, keys = self._sessions.get(key, (0.0, {}))
        if until - _MARGIN > self._clock.now():
            return keys
        role = f"arn:aws:iam::{account}:role/{execution_role(stack_set)}"
        if stack_set.permission_model == SERVICE_MANAGED:
            with self._making:  # nobody is to act as a role that is not whole yet
                self._make_linked_role(stack_set.account)
                self._make_execution_role(stack_set.account, account)
        sts = self._access.session_client("sts", self._administration(stack_set), stack_set.region)
        answer = sts.assume_role(
            RoleArn=role, RoleSessionName=f"StackSet-{stack_set.name}"[:64], DurationSeconds=_DURATION
        )
        keys = answer["Credentials"]
        with self._lock:
            self._sessions[key] = self._clock.now() + _DURATION, keys
        return dict(keys)

    def _administration(self, stack_set: StackSet) -> Keys:
        caller = Caller(stack_set.account, stack_set.region)
        context = {"aws:SourceAccount": stack_set.account, "aws:SourceArn": stack_set.arn}
        managed = stack_set.permission_model == SERVICE_MANAGED
        sts = self._access.service_client(SERVICE if managed else PRINCIPAL, caller, "sts", context)
        role = linked_role_arn(stack_set.account)
        if not managed:
            own = f"arn:aws:iam::{stack_set.account}:role/{_ADMINISTRATION}"
            role = stack_set.administration_role_arn or own
        answer = sts.assume_role(RoleArn=role, RoleSessionName="StackSets", DurationSeconds=_DURATION)
        keys: Keys = answer["Credentials"]
        return keys

    def _make_linked_role(self, account: str) -> None:
        trust = _trust({"Service": SERVICE})
        path = f"/aws-service-role/{SERVICE}/"
        form = {"RoleName": LINKED_ROLE, "Path": path, "AssumeRolePolicyDocument": trust}
        self._create(account, form)
        policy = _policy(
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "arn:*:iam::*:role/stacksets-exec-*"}
        )
        given = {"RoleName": LINKED_ROLE, "PolicyName": "StackSetsOrgAdmin", "PolicyDocument": policy}
        self._ask_iam(account, "PutRolePolicy", given)

    def _make_execution_role(self, management_account: str, account: str) -> None:
        name = service_managed_role(management_account)
        trust = _trust({"AWS": linked_role_arn(management_account)})
        self._create(account, {"RoleName": name, "AssumeRolePolicyDocument": trust})
        self._ask_iam(account, "AttachRolePolicy", {"RoleName": name, "PolicyArn": _ADMINISTRATOR})

    def _create(self, account: str, form: Mapping[str, str]) -> None:
        """Create a role, unless it is there."""
        try:
            self._ask_iam(account, "CreateRole", form)
        except AwsError as error:
            if error.code != "EntityAlreadyExists":
                raise


def _trust(principal: Mapping[str, str]) -> str:
    return _policy({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})


def _policy(statement: Mapping[str, object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
