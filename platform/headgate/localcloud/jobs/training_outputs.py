"""What a training job leaves: the model's archive, output data, and folders that are synchronized while it runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from headgate.localcloud.archive import write_tar_gz
from headgate.localcloud.jobs.access import Objects
from headgate.localcloud.jobs.hosts import HostFolder
from headgate.localcloud.jobs.uploads import join_uri, move_folder, written_files
from headgate.localcloud.s3.store import parse_s3_uri
from headgate.localcloud.seams import Json

_MODEL = "/opt/ml/model"
_DATA = "/opt/ml/output/data"


@dataclass(frozen=True, slots=True)
class SyncedFolder:
    """A folder whose changes go to S3 while the job runs; a `restored` one first gets what is there already."""

    what: str
    local_path: str
    uri: str
    restored: bool


def synced_folders(request: Json) -> list[SyncedFolder]:
    """Checkpoints and TensorBoard output of a request."""
    found = []
    checkpoints = request.get("CheckpointConfig")
    if checkpoints:
        path = str(checkpoints.get("LocalPath") or "/opt/ml/checkpoints").rstrip("/")
        found.append(SyncedFolder("CheckpointConfig", path, str(checkpoints["S3Uri"]), restored=True))
    board = request.get("TensorBoardOutputConfig")
    if board:
        path = str(board.get("LocalPath") or "/opt/ml/output/tensorboard").rstrip("/")
        uri = join_uri(str(board["S3OutputPath"]), str(request["TrainingJobName"]), "tensorboard-output")
        found.append(SyncedFolder("TensorBoardOutputConfig", path, uri, restored=False))
    return found


@dataclass(frozen=True, slots=True)
class TrainingOutputs:
    """Uploads to `<S3OutputPath>/<job>/output/`; the hosts' folders are merged, the last host winning a name."""

    objects: Objects
    hosts: Sequence[HostFolder]
    config: Json
    job: str

    def has_model(self) -> bool:
        return any(next(written_files(host.path(_MODEL)), None) for host in self.hosts)

    def upload_model(self, scratch: Path) -> str:
        """Upload the model, as `model.tar.gz` or (CompressionType NONE) as a folder; returns its address."""
        return self._upload("model", _MODEL, scratch)

    def upload_data(self, scratch: Path) -> None:
        """Upload `/opt/ml/output/data` if the job wrote anything there."""
        if any(next(written_files(host.path(_DATA)), None) for host in self.hosts):
            self._upload("output", _DATA, scratch)

    def _upload(self, name: str, inner: str, scratch: Path) -> str:
        base = join_uri(str(self.config["S3OutputPath"]), self.job, "output")
        folders = [host.path(inner) for host in self.hosts]
        if self.config.get("CompressionType") == "NONE":
            uri = join_uri(base, name) + "/"
            for folder in folders:
                move_folder(self.objects, folder, uri)
            return uri
        archive = scratch / f"{name}.tar.gz"
        write_tar_gz(archive, folders)
        uri = join_uri(base, archive.name)
        bucket, key = parse_s3_uri(uri)
        self.objects.put_file(bucket, key, archive, move=True)
        return uri
