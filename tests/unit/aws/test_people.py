"""People of the local cloud: signed in once, however many commands start together."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.aws.people import sign_in


@dataclass
class Iam:
    """Counts keys."""

    made: list[str] = field(default_factory=list)
    tags: dict[str, Any] = field(default_factory=dict)

    def create_user(self, *, UserName: str, Path: str, Tags: list[Mapping[str, str]]) -> None:  # noqa: N803
        self.tags[UserName] = {tag["Key"]: tag["Value"] for tag in Tags}

    def put_user_policy(self, **_: str) -> None:
        pass

    def create_access_key(self, *, UserName: str) -> dict[str, Any]:  # noqa: N803
        self.made.append(UserName)
        return {"AccessKey": {"AccessKeyId": f"AKIA{len(self.made)}", "SecretAccessKey": "s"}}


@dataclass
class Session:
    iam: Iam
    target: str = "local"
    account: str = "111111111111"

    def client(self, service: str) -> Iam:
        assert service == "iam"
        return self.iam

    def with_keys(self, account: str, key: str, secret: str) -> tuple[str, str, str]:
        return account, key, secret


def test_a_person_carries_persona_and_team(tmp_path: Path) -> None:
    session: Any = Session(Iam())
    assert sign_in(session, "it", tmp_path) == ("111111111111", "AKIA1", "s")
    sign_in(session, "auditor", tmp_path, "churn")
    assert session.iam.tags == {
        "it": {"headgate:persona": "it"},
        "auditor-churn": {"headgate:persona": "auditor", "headgate:team": "churn"},
    }


def test_commands_that_start_together_make_one_key(tmp_path: Path) -> None:
    session: Any = Session(Iam())
    barrier, signed = threading.Barrier(4), []

    def start() -> None:
        barrier.wait(10)
        signed.append(sign_in(session, "it", tmp_path))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert session.iam.made == ["it"]
    assert signed == [("111111111111", "AKIA1", "s")] * 4


def test_on_aws_credentials_are_what_they_are(tmp_path: Path) -> None:
    session: Any = Session(Iam(), target="aws")
    assert sign_in(session, "it", tmp_path) is session
    assert list(tmp_path.iterdir()) == []
