"""Sharing with the organization through RAM: the management account alone switches it on."""

from __future__ import annotations

import io
import json

import pytest

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse
from unit.localcloud.organizations.conftest import MANAGEMENT, World


def asked(world: World, account: str, path: str = "/enablesharingwithawsorganization") -> HttpResponse | None:
    caller = Caller(account, "us-east-1", f"arn:aws:iam::{account}:root")
    return world.service.sharing.handle(HttpRequest("POST", path, (), {}, io.BytesIO(b"{}"), "ram", caller))


def test_the_management_account_trusts_ram_by_it(world: World) -> None:
    answer = asked(world, MANAGEMENT)
    assert answer is not None
    assert isinstance(answer.body, bytes)
    assert json.loads(answer.body) == {"returnValue": True}
    trusted = world.call("ListAWSServiceAccessForOrganization")["EnabledServicePrincipals"]
    assert [each["ServicePrincipal"] for each in trusted] == ["ram.amazonaws.com"]


def test_a_member_may_not(world: World) -> None:
    with pytest.raises(AwsError, match="Unable to enable sharing") as raised:
        asked(world, world.create_account())
    assert raised.value.code == "OperationNotPermittedException"


def test_other_operations_are_motos(world: World) -> None:
    assert asked(world, MANAGEMENT, "/createresourceshare") is None
