from __future__ import annotations

from pathlib import Path

import pytest

from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError
from headgate.localcloud.server.identity import Identities, own_principal, root_key
from headgate.localcloud.sts.sessions import Session, Sessions
from unit.localcloud.http_harness import FakeClock

USER_KEY = "AKIA0000000000000001"
ROLE = "arn:aws:sts::222222222222:assumed-role/r/s"


class World:
    """Identities over an empty folder; `users` and `members` are what moto and the organization hold."""

    def __init__(self, folder: Path) -> None:
        self.clock = FakeClock()
        self.documents = Documents(folder / "state.db")
        self.sessions = Sessions(self.documents, self.clock)
        self.users: dict[str, tuple[str, str]] = {}
        self.asked: list[str] = []
        self.members: set[str] = set()
        self.identities = Identities(self.sessions, self._user, self.members.__contains__, self.clock)

    def _user(self, key: str) -> tuple[str, str] | None:
        self.asked.append(key)
        return self.users.get(key)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def session(world: World, **more: object) -> Session:
    values = {
        "issued": world.clock.now(),
        "expires": world.clock.now() + 900,
        "role": "arn:aws:iam::222222222222:role/r",
    }
    made = Session("ASIA0000000000000001", "s", "t", "222222222222", ROLE, "AROA:s", **(values | more))  # type: ignore[arg-type]
    world.sessions.add(made)
    return made


def test_a_root_key_spells_its_account_and_needs_no_moto(world: World) -> None:
    caller = world.identities.caller(root_key("111122223333"), "eu-west-1")
    assert (caller.account, caller.principal) == ("111122223333", "arn:aws:iam::111122223333:root")
    assert not world.asked


@pytest.mark.parametrize("account", ["1", "abcdefghijkl", "1234567890123", ""])
def test_a_root_key_is_of_an_account_id(account: str) -> None:
    with pytest.raises(ValueError, match="twelve digits"):
        root_key(account)


def test_the_execution_roles_own_key_is_an_assumed_role() -> None:
    assert own_principal("HEADGATEROLE111122223333") == (
        "111122223333",
        "arn:aws:sts::111122223333:assumed-role/headgate-execution/headgate",
    )


def test_unknown_keys_are_the_default_accounts_root_in_a_sandbox(world: World) -> None:
    assert world.identities.caller("test", "us-east-1").principal == "arn:aws:iam::123456789012:root"
    assert not world.asked
    assert world.identities.caller("AKIAIOSFODNN7EXAMPLE", "us-east-1").account == "123456789012"
    assert world.asked == ["AKIAIOSFODNN7EXAMPLE"]


def test_unknown_keys_are_nobody_once_the_default_account_is_in_an_organization(world: World) -> None:
    world.members.add("123456789012")
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        world.identities.caller("test", "us-east-1")
    assert world.identities.caller("", "us-east-1").principal == "", "anonymous"


def test_an_assumed_role_acts_in_its_own_account_until_it_expires(world: World) -> None:
    session(world)
    caller = world.identities.caller("ASIA0000000000000001", "eu-west-1")
    assert (caller.account, caller.principal, caller.access_key) == ("222222222222", ROLE, "ASIA0000000000000001")
    world.clock.time += 900
    with pytest.raises(AwsError, match="ExpiredToken"):
        world.identities.caller("ASIA0000000000000001", "eu-west-1")


def test_what_a_service_runs_keeps_its_credentials(world: World) -> None:
    session(world, by_service="sagemaker.amazonaws.com")
    world.clock.time += 86_400
    assert world.identities.caller("ASIA0000000000000001", "eu-west-1").principal == ROLE


def test_sessions_survive_and_old_ones_are_forgotten(world: World) -> None:
    made = session(world, tags={"team": "a"}, policies=("{}",))
    assert Sessions(world.documents, world.clock).find(made.access_key) == made
    world.clock.time += 900 + 3601
    assert Sessions(world.documents, world.clock).find(made.access_key) is None
    assert not world.documents.list("sts-session")


def test_a_users_key_names_the_user_as_long_as_it_is_there(world: World) -> None:
    world.users[USER_KEY] = ("333333333333", "arn:aws:iam::333333333333:user/ann")
    caller = world.identities.caller(USER_KEY, "eu-west-1")
    assert (caller.account, caller.principal) == ("333333333333", "arn:aws:iam::333333333333:user/ann")
    world.users.clear()
    assert world.identities.caller(USER_KEY, "eu-west-1").account == "123456789012"


def test_a_service_has_a_key_per_context(world: World) -> None:
    context = {"aws:SourceArn": "arn:aws:events:eu-west-1:111122223333:rule/r"}
    key = world.identities.service_key("events.amazonaws.com", "111122223333", context)
    assert world.identities.service_key("events.amazonaws.com", "111122223333", dict(context)) == key
    assert world.identities.service_key("events.amazonaws.com", "111122223333", {}) != key
    caller = world.identities.caller(key, "eu-west-1")
    assert (caller.account, caller.region, caller.principal) == ("111122223333", "eu-west-1", "")
    assert (caller.service, caller.context) == ("events.amazonaws.com", context)


def test_a_made_up_service_key_is_refused(world: World) -> None:
    with pytest.raises(AwsError, match="InvalidClientTokenId"):
        world.identities.caller("HEADGATESERVICE0000", "eu-west-1")
