"""The role that AWS makes in every account which an organization creates."""

from __future__ import annotations

import json

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, Service
from headgate.localcloud.server.internal import ask_form

_IAM = "2010-05-08"
_ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def make_account_role(moto: Service, account: str, name: str, trusted: str) -> None:
    """A role with AdministratorAccess that the management account may assume; one that exists stays as it is."""
    statement = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{trusted}:root"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    caller = Caller(account, "us-east-1")
    try:
        form = {"RoleName": name, "AssumeRolePolicyDocument": trust}
        ask_form(moto, "iam", _IAM, caller, "CreateRole", form)
    except AwsError as error:
        if error.code != "EntityAlreadyExists":
            raise
    attachment = {"RoleName": name, "PolicyArn": _ADMINISTRATOR}
    ask_form(moto, "iam", _IAM, caller, "AttachRolePolicy", attachment)
