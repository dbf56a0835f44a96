from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from headgate.localcloud.documents import Documents
from headgate.localcloud.organizations.service import Organizations
from headgate.localcloud.seams import Caller
from unit.localcloud.http_harness import FakeClock

MANAGEMENT = "111111111111"


@dataclass
class World:
    """An Organizations service over an empty folder, called in process."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    roles: list[tuple[str, str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(1)
        self.documents = Documents(self.folder / "state.db")
        self.service = self.again()

    def again(self) -> Organizations:
        """The service as it is after a restart."""
        return Organizations(self.documents, self.clock, self._make_role, random=self._random)

    def call(self, operation: str, account: str = MANAGEMENT, **parameters: Any) -> dict[str, Any]:
        caller = Caller(account, "us-east-1", f"arn:aws:iam::{account}:root")
        return self.service.operations.call(caller, operation, parameters)

    def create_account(self, name: str = "dev", **more: Any) -> str:
        """The new account's id."""
        begun = self.call("CreateAccount", Email=f"{name}@example.com", AccountName=name, **more)
        identifier = begun["CreateAccountStatus"]["Id"]
        status = self.call("DescribeCreateAccountStatus", CreateAccountRequestId=identifier)["CreateAccountStatus"]
        return str(status["AccountId"])

    @property
    def root(self) -> str:
        return str(self.call("ListRoots")["Roots"][0]["Id"])

    def _random(self, length: int) -> str:
        return f"{next(self._numbers):0{length}d}"

    def _make_role(self, account: str, name: str, trusted: str) -> None:
        self.roles.append((account, name, trusted))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """An organization with SCPs enabled."""
    made = World(tmp_path)
    made.call("CreateOrganization")
    made.call("EnablePolicyType", RootId=made.root, PolicyType="SERVICE_CONTROL_POLICY")
    return made
