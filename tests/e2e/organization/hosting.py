"""A local cloud in the tests' own process, on a state folder: the same server, with AWS's services within reach.

Machines become their roles when an AWS service takes them. From outside of the local cloud nobody can be such a
service; in here a test has the credentials that the local cloud itself works with, over HTTP, authorized like any.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from headgate import __version__
from headgate.aws.sessions import STATE_FOLDER, Session, connect
from headgate.localcloud.cloud import LocalCloud, SystemClock
from headgate.localcloud.folder import Daemon, Folder
from headgate.localcloud.seams import Caller, HttpResponse, Place, StateFolder
from headgate.localcloud.server.http import HttpServer, WireRequest
from headgate.localcloud.server.identity import DEFAULT_ACCOUNT

_TOKEN = "of-the-tests"


class HostedCloud:
    """Listens until it is closed; the `headgate` command finds it by `root`, the folder that holds its state folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        folder = Folder(root / STATE_FOLDER)
        folder.prepare()
        lock = folder.claim()
        assert lock is not None, f"another cloud runs on {root}"
        self._lock = lock
        self._server = HttpServer(0, self._handle)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self.cloud = LocalCloud(StateFolder(folder.root), clock=SystemClock(), endpoint_url=lambda: self.url)
        self._application = self.cloud.application(_TOKEN, lambda: None)
        self.cloud.start()
        self._thread = threading.Thread(target=self._server.serve_forever, name="accept", daemon=True)
        self._thread.start()
        folder.publish(Daemon(os.getpid(), self.url, DEFAULT_ACCOUNT, __version__, _TOKEN), self._server.port)
        self._folder = folder

    def _handle(self, wire: WireRequest) -> HttpResponse:
        return self._application.handle(wire)

    def session(self, account: str, region: str) -> Session:
        """A session as an account's root."""
        return connect(self.root, "local", account=account, region=region)

    def service_keys(self, principal: str, account: str, context: Mapping[str, str]) -> Mapping[str, str]:
        """Credentials as an AWS service that works for an account, which the local cloud gives to itself only."""
        key = self.cloud.identities.service_key(principal, account, context)
        return self.cloud.credentials.variables(Caller(account, ""), key)

    def address_in(self, vpc: str) -> str:
        """The cloud's address for what runs in a private subnet of a VPC."""
        from moto.ec2.models import ec2_backends

        def find() -> Place:
            wanted = {"vpc-id": [vpc], "tag:Name": ["headgate-private-a"]}
            found = (
                (account, region, subnet)
                for account, regions in list(ec2_backends.items())
                for region, backend in list(regions.items())
                for subnet in backend.describe_subnets(filters=wanted)
            )
            account, region, subnet = next(found)
            return Place(account, region, str(subnet.id))

        return f"{self.url}{self.cloud.access.origins.path(self.cloud.moto.look(find))}"

    def close(self) -> None:
        """Stop, and let go of the folder. The next cloud finds moto empty, as it does in a process of its own."""
        from moto.core.base_backend import BackendDict

        self._server.drain(1)
        self.cloud.close()
        for used in list(BackendDict._instances):
            used.clear()
        self._folder.daemon_file.unlink(missing_ok=True)
        os.close(self._lock)
