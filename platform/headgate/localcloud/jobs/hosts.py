"""The folders of one host of a job: its `/opt/ml`, its `/tmp`, its `/etc/hosts`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from headgate.localcloud.errors import validation
from headgate.localcloud.jobs.isolation import ML

NETWORK_INTERFACE = "lo"


@dataclass(frozen=True, slots=True)
class HostFolder:
    """A host's private folders on this machine, and its name (`algo-1`)."""

    root: Path
    name: str

    @property
    def ml(self) -> Path:
        return self.root / "ml"

    @property
    def tmp(self) -> Path:
        return self.root / "tmp"

    @property
    def hosts_file(self) -> Path:
        return self.root / "hosts"

    def path(self, inner: str) -> Path:
        """Where a path that the job sees (`/opt/ml/...`) is on this machine."""
        return self.ml / PurePosixPath(inner).relative_to(ML)

    def write_json(self, inner: str, value: object) -> None:
        file = self.path(inner)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(value, indent=2) + "\n")


def host_names(count: int) -> tuple[str, ...]:
    """`algo-1`, `algo-2`, …"""
    return tuple(f"algo-{number}" for number in range(1, count + 1))


def make_hosts(root: Path, names: Sequence[str], folders: Sequence[str]) -> list[HostFolder]:
    """Make the folders of every host; `folders` are those below `/opt/ml` that it finds at its start."""
    addresses = _hosts_file(names)
    made = []
    for name in names:
        host = HostFolder(root / name, name)
        (host.tmp / "home").mkdir(parents=True)
        host.ml.mkdir()
        for folder in folders:
            (host.ml / folder).mkdir(parents=True, exist_ok=True)
        host.hosts_file.write_text(addresses)
        made.append(host)
    return made


def _hosts_file(names: Sequence[str]) -> str:
    lines = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
    lines += [f"127.0.0.{number} {name}" for number, name in enumerate(names, start=1)]
    return "\n".join(lines) + "\n"


def resource_config(names: Sequence[str], current: str, groups: Mapping[str, tuple[str, Sequence[str]]]) -> object:
    """`resourceconfig.json` of a training job; `groups` maps an instance group to its instance type and hosts."""
    mine = next(name for name, (_, hosts) in groups.items() if current in hosts)
    return {
        "current_host": current,
        "current_instance_type": groups[mine][0],
        "current_group_name": mine,
        "hosts": list(names),
        "instance_groups": [
            {"instance_group_name": name, "instance_type": kind, "hosts": list(hosts)}
            for name, (kind, hosts) in groups.items()
        ],
        "network_interface_name": NETWORK_INTERFACE,
    }


def checked_local_path(path: str, what: str) -> str:
    """A LocalPath of a request, made plain. Raises AwsError (ValidationException) unless it lies below /opt/ml."""
    plain = os.path.normpath(path)
    if not plain.startswith(f"{ML}/"):
        raise validation(f"{what}: LocalPath '{path}' must be an absolute path below {ML}")
    return plain
