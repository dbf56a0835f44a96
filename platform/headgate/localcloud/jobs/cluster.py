"""The hosts of a training job: one instance type, or instance groups of a heterogeneous cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from headgate.localcloud.errors import validation
from headgate.localcloud.jobs.hosts import host_names
from headgate.localcloud.seams import Json

_ONE_GROUP = "homogeneousCluster"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Host names, and per instance group its type and hosts. `volume_gb` is None when none was asked for."""

    hosts: tuple[str, ...]
    groups: Mapping[str, tuple[str, Sequence[str]]]
    volume_gb: int | None

    @property
    def instance_type(self) -> str:
        return next(iter(self.groups.values()))[0]


def parse_cluster(config: Json) -> Cluster:
    """ResourceConfig as hosts. Raises AwsError (ValidationException) if it names neither a type nor groups."""
    volume = int(config["VolumeSizeInGB"]) if config.get("VolumeSizeInGB") else None
    if config.get("InstanceGroups"):
        counts = [int(group["InstanceCount"]) for group in config["InstanceGroups"]]
        hosts = host_names(sum(counts))
        groups: dict[str, tuple[str, Sequence[str]]] = {}
        start = 0
        for group, count in zip(config["InstanceGroups"], counts, strict=True):
            groups[str(group["InstanceGroupName"])] = (str(group["InstanceType"]), hosts[start : start + count])
            start += count
        return Cluster(hosts, groups, volume)
    if not config.get("InstanceType"):
        raise validation("ResourceConfig needs InstanceType and InstanceCount, or InstanceGroups")
    hosts = host_names(int(config.get("InstanceCount", 1)))
    return Cluster(hosts, {_ONE_GROUP: (str(config["InstanceType"]), hosts)}, volume)
