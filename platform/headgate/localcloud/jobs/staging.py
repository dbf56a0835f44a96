"""Bring S3 objects into a host's folder without copying them.

Large objects are hard-linked: that takes no time and no disk, whatever their size. They are read-only then, since
the link *is* the object store's file. Small ones are copied and stay writable, as on SageMaker.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from headgate.localcloud.errors import AwsError, validation
from headgate.localcloud.jobs.access import Objects
from headgate.localcloud.jobs.failures import JobFailure, client_error, no_objects
from headgate.localcloud.s3.store import ObjectInfo, ObjectStore, parse_s3_uri

COPY_BELOW = 1 << 20
"""Bytes: smaller objects are copied, others linked."""
COPY_BUDGET = 64 << 20
"""Bytes that one input may copy; past it the rest is linked, so that many small files start a job as fast as few."""

DataType = Literal["S3Prefix", "ManifestFile"]


@dataclass(frozen=True, slots=True)
class Source:
    """An input as a request names it."""

    uri: str
    data_type: DataType = "S3Prefix"
    sharded: bool = False

    def check(self) -> None:
        """Raises AwsError (ValidationException) if the address is not an S3 URI."""
        parse_s3_uri(self.uri)


@dataclass(frozen=True, slots=True)
class Item:
    """One object of an input and its path relative to the input's folder."""

    path: str
    info: ObjectInfo


@dataclass(frozen=True, slots=True)
class Stager:
    """Resolves and fetches inputs for one job; region and role are for its failure texts."""

    objects: Objects
    region: str
    role: str

    def resolve(self, source: Source) -> list[Item]:
        """The objects of an input in the order of their keys. Raises JobFailure if there are none."""
        bucket, prefix = parse_s3_uri(source.uri)
        if source.data_type == "ManifestFile":
            return self._manifest(source.uri, bucket, prefix)
        if not self.objects.bucket_exists(bucket):
            raise no_objects(source.uri, bucket, self.region, self.role)
        items = [
            Item(relative_path(prefix, info.key), info)
            for info in self.objects.list(bucket, prefix)
            if not info.key.endswith("/")
        ]
        if not items:
            raise no_objects(source.uri, bucket, self.region, self.role)
        return items

    def _manifest(self, uri: str, bucket: str, key: str) -> list[Item]:
        found = self.objects.find(bucket, key)
        if found is None:
            raise no_objects(uri, bucket, self.region, self.role)
        try:
            entries = json.loads(found.path.read_text())
            prefix = str(entries[0]["prefix"])
            names = [str(name) for name in entries[1:]]
            base_bucket, base_key = parse_s3_uri(prefix)
        except (ValueError, KeyError, TypeError, IndexError, AwsError) as error:
            raise client_error(
                f"Data download failed: manifest {uri} is not a JSON list that starts with "
                f'{{"prefix": "s3://bucket/prefix/"}} and goes on with relative paths ({error})'
            ) from error
        items = []
        for name in names:
            info = self.objects.find(base_bucket, base_key + name)
            if info is None:
                raise client_error(f"Data download failed: manifest {uri} names {prefix}{name}, which does not exist")
            items.append(Item(name.lstrip("/"), info))
        if not items:
            raise no_objects(uri, bucket, self.region, self.role)
        return items

    def fetch(self, uri: str, target: Path) -> None:
        """Copy one object to a file. Raises JobFailure if it is not there."""
        bucket, key = parse_s3_uri(uri)
        info = self.objects.find(bucket, key)
        if info is None:
            raise client_error(f"Data download failed: NoSuchKey (404): {uri} does not exist")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(info.path, target)


def relative_path(prefix: str, key: str) -> str:
    """The path below an input's folder of an object that an S3 prefix matched.

    The prefix itself is the object's name alone; `data/train` and `data/train/` both make `data/train/a/b.csv` into
    `a/b.csv`; a prefix that ends within a name keeps that name whole.
    """
    if key == prefix or not key.startswith((prefix.rstrip("/") + "/") if prefix else ""):
        return key[len(prefix.rpartition("/")[0]) :].lstrip("/")
    return key[len(prefix) :].lstrip("/")


def shard(items: Sequence[Item], index: int, count: int) -> list[Item]:
    """The part of an input that one of `count` hosts gets under ShardedByS3Key; `index` counts from 0."""
    return list(items[index::count])


def place(items: Sequence[Item], folder: Path, *, writable: bool = False) -> None:
    """Put objects into a folder, by copy or link; only by copy if all must be `writable`.

    Raises JobFailure when two need the same path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = {folder}
    budget = COPY_BUDGET
    for item in items:
        target = _inside(folder, item.path)
        parent = target.parent
        try:
            if parent not in made:
                parent.mkdir(parents=True, exist_ok=True)
                made.add(parent)
            if writable or (item.info.size < COPY_BELOW and item.info.size <= budget):
                budget -= item.info.size
                shutil.copyfile(item.info.path, target)
            else:
                link_or_copy(item.info.path, target)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise client_error(
                f"Data download failed: s3://{item.info.bucket}/{item.info.key} would be both a file and a folder, "
                "or is there twice"
            ) from error


def _inside(folder: Path, path: str) -> Path:
    if ".." in path.split("/"):
        raise client_error(f"Data download failed: key '{path}' climbs out of its folder")
    return folder / path


def link_or_copy(source: Path, target: Path) -> None:
    """Link a file; copy it where the file system cannot."""
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP):
            raise
        shutil.copyfile(source, target)


def total_size(items: Sequence[Item]) -> int:
    """Bytes of an input."""
    return sum(item.info.size for item in items)


def check_fits(size: int, volume_gb: int) -> None:
    """Raises JobFailure when the inputs alone are larger than the volume that was asked for."""
    if size > volume_gb << 30:
        raise JobFailure(
            f"ClientError: Data download failed: the inputs are {size / (1 << 30):.1f} GB and the volume is "
            f"{volume_gb} GB (VolumeSizeInGB); ask for a larger volume"
        )


def check_bucket(objects: ObjectStore, uri: str, what: str) -> None:
    """Raises AwsError (ValidationException) when the address that `what` writes to is not in a bucket."""
    bucket, _ = parse_s3_uri(uri)
    if not objects.bucket_exists(bucket):
        raise validation(f"{what}: the bucket '{bucket}' of {uri} does not exist")
