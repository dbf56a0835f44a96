"""Notices over a document store, with a bus that remembers what is put on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.notices.announcer import Announcer
from headgate.localcloud.notices.changes import Notice
from headgate.localcloud.seams import Json

ACCOUNT = "111122223333"
REGION = "eu-west-1"


def key(kind: str, name: str) -> Key:
    return Key(ACCOUNT, REGION, kind, name)


def arn(resource: str, service: str = "sagemaker") -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@dataclass
class Bus:
    """Listens when told to."""

    listens: bool = True
    notices: list[Notice] = field(default_factory=list)

    def heard(self, account: str, region: str) -> bool:
        return self.listens and (account, region) == (ACCOUNT, REGION)

    def publish(
        self, account: str, region: str, source: str, detail_type: str, detail: Json, resources: tuple[str, ...]
    ) -> None:
        assert (account, region) == (ACCOUNT, REGION)
        self.notices.append(Notice(source, detail_type, detail, resources))

    def take(self) -> list[Notice]:
        taken, self.notices = self.notices, []
        return taken


@dataclass
class Bench:
    documents: Documents
    bus: Bus

    def put(self, kind: str, name: str, body: Json) -> list[Notice]:
        """Write a document; what was announced of it."""
        self.documents.put(key(kind, name), body)
        return self.bus.take()

    def delete(self, kind: str, name: str) -> list[Notice]:
        self.documents.delete(key(kind, name))
        return self.bus.take()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    documents = Documents(tmp_path / "state.db")
    bus = Bus()
    Announcer(documents, bus)
    yield Bench(documents, bus)
    documents.close()
