from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from headgate.localcloud.server.identity import Identities, root_key


def fake_moto(monkeypatch: pytest.MonkeyPatch, service: str, tables: dict[str, object]) -> None:
    module = ModuleType(f"moto.{service}.models")
    setattr(module, f"{service}_backends", {account: {"aws": backend} for account, backend in tables.items()})
    monkeypatch.setitem(sys.modules, module.__name__, module)


@pytest.fixture(autouse=True)
def _no_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    fake_moto(monkeypatch, "sts", {})
    fake_moto(monkeypatch, "iam", {})


def test_a_root_key_spells_its_account_and_needs_no_moto() -> None:
    def never() -> None:
        raise AssertionError("waited")

    caller = Identities(never).caller(root_key("111122223333"), "eu-west-1")
    assert (caller.account, caller.principal) == ("111122223333", "arn:aws:iam::111122223333:root")


@pytest.mark.parametrize("account", ["1", "abcdefghijkl", "1234567890123", ""])
def test_a_root_key_is_of_an_account_id(account: str) -> None:
    with pytest.raises(ValueError, match="twelve digits"):
        root_key(account)


def test_unknown_keys_are_the_default_accounts_root() -> None:
    waited = []
    identities = Identities(lambda: waited.append(1))
    assert identities.caller("test", "us-east-1").principal == "arn:aws:iam::123456789012:root"
    assert not waited
    assert identities.caller("AKIAIOSFODNN7EXAMPLE", "us-east-1").account == "123456789012"
    assert waited


def test_an_assumed_role_acts_in_its_own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:sts::222222222222:assumed-role/r/s"
    role = SimpleNamespace(access_key_id="ASIA0000000000000001", arn=arn)
    fake_moto(monkeypatch, "sts", {"222222222222": SimpleNamespace(assumed_roles=[role])})
    identities = Identities(lambda: None)
    caller = identities.caller("ASIA0000000000000001", "eu-west-1")
    assert (caller.account, caller.principal) == ("222222222222", arn)
    fake_moto(monkeypatch, "sts", {})
    assert identities.caller("ASIA0000000000000001", "eu-west-1") == caller


def test_a_users_key_names_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"AKIA0000000000000001": SimpleNamespace(user_name="ann")}
    fake_moto(monkeypatch, "iam", {"333333333333": SimpleNamespace(access_keys=keys)})
    caller = Identities(lambda: None).caller("AKIA0000000000000001", "eu-west-1")
    assert (caller.account, caller.principal) == ("333333333333", "arn:aws:iam::333333333333:user/ann")


def test_a_deleted_users_key_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    identities = Identities(lambda: None)
    keys = {"AKIA0000000000000001": SimpleNamespace(user_name="ann")}
    fake_moto(monkeypatch, "iam", {"333333333333": SimpleNamespace(access_keys=keys)})
    assert identities.caller("AKIA0000000000000001", "eu-west-1").account == "333333333333"
    keys.clear()
    assert identities.caller("AKIA0000000000000001", "eu-west-1").account == "123456789012"
