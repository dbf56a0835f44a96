"""A job's access to the cloud: to objects as its role, and from the subnets that it runs in.

SageMaker brings inputs and takes outputs away with the credentials of the job's role, through the job's own network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.failures import Refused
from headgate.localcloud.s3.store import ObjectInfo
from headgate.localcloud.seams import Caller, Json


@dataclass(frozen=True, slots=True)
class Acting:
    """Who a job acts as: a role (by ARN) in the caller's Region, within subnets if its VpcConfig names some."""

    caller: Caller
    role: str
    subnets: tuple[str, ...] = ()


def acting(caller: Caller, role: str, vpc_config: Json | None) -> Acting:
    """As a request with this VpcConfig says."""
    return Acting(caller, role, tuple(map(str, (vpc_config or {}).get("Subnets", ()))))


class Access(Protocol):
    """What the cloud around the jobs knows of who may do what, and of networks."""

    def endpoint_url(self, who: Acting) -> str:
        """Where this job finds AWS: the endpoints of its VPC, or the public ones."""
        ...

    def require(self, who: Acting, operation: str, parameters: Json) -> None:
        """Raises AwsError unless the job's role may do this operation of S3."""
        ...


class Unguarded:
    """Jobs on their own, in a cloud in which everybody may do everything."""

    def __init__(self, endpoint_url: Callable[[], str]) -> None:
        self._endpoint_url = endpoint_url

    def endpoint_url(self, who: Acting) -> str:  # noqa: ARG002 - there are no networks
        return self._endpoint_url()

    def require(self, who: Acting, operation: str, parameters: Json) -> None:
        """Everybody may."""


class Objects(Protocol):
    """What jobs do with objects; the object store itself, or a role's view of it."""

    def bucket_exists(self, bucket: str) -> bool: ...

    def list(self, bucket: str, prefix: str = "") -> list[ObjectInfo]: ...

    def find(self, bucket: str, key: str) -> ObjectInfo | None: ...

    def put_file(self, bucket: str, key: str, source: Path, *, move: bool = False) -> object: ...


@dataclass(frozen=True, slots=True)
class RoleObjects:
    """The objects of a store as far as a role may see and write them. Refusals are the job's failure (`Refused`)."""

    store: Objects
    access: Access
    who: Acting

    def bucket_exists(self, bucket: str) -> bool:
        return self.store.bucket_exists(bucket)

    def list(self, bucket: str, prefix: str = "") -> list[ObjectInfo]:
        """The objects under a prefix, each of which the role has to be allowed to read."""
        self._require("ListObjectsV2", "Data download failed", {"Bucket": bucket, "Prefix": prefix})
        found = self.store.list(bucket, prefix)
        for info in found:
            self._require("GetObject", "Data download failed", {"Bucket": info.bucket, "Key": info.key})
        return found

    def find(self, bucket: str, key: str) -> ObjectInfo | None:
        self._require("GetObject", "Data download failed", {"Bucket": bucket, "Key": key})
        return self.store.find(bucket, key)

    def put_file(self, bucket: str, key: str, source: Path, *, move: bool = False) -> object:
        self._require("PutObject", "Data upload failed", {"Bucket": bucket, "Key": key})
        return self.store.put_file(bucket, key, source, move=move)

    def _require(self, operation: str, what: str, parameters: Json) -> None:
        try:
            self.access.require(self.who, operation, parameters)
        except AwsError as error:
            raise Refused(f"ClientError: {what}: {error.code} (403): {error.message}") from error
