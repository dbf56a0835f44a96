"""A training or serving script's source: `sourcedir.tar.gz` fetched and unpacked into `/opt/ml/code`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from headgate.localcloud.archive import CorruptArchiveError, unpack_tar_gz
from headgate.localcloud.runtimes import RuntimeUnavailableError


def unpack_source(location: str, target: Path, ml_root: Path, fetch: Callable[[str, Path], None]) -> None:
    """Put the source that `sagemaker_submit_directory` names into a folder; a folder that holds files is left alone.

    Args:
        location: `s3://bucket/key` of a gzipped tar, or a path inside the job (`/opt/ml/...`) of a tar or a folder.
        target: the folder to fill.
        ml_root: what the job will see as `/opt/ml`.
        fetch: copies an S3 object to a file.

    Raises:
        RuntimeUnavailableError: the archive is not there, not a gzipped tar, cut short, or reaches outside the folder.
    """
    target.mkdir(parents=True, exist_ok=True)
    if any(target.iterdir()):
        return
    if location.startswith("s3://"):
        archive = ml_root / ".headgate" / "sourcedir.tar.gz"
        archive.parent.mkdir(exist_ok=True)
        fetch(location, archive)
        _extract(archive, location, target)
        archive.unlink()
        return
    local = _inside(location, ml_root)
    if local.is_dir():
        if local.resolve() != target.resolve():
            shutil.copytree(local, target, dirs_exist_ok=True)
    elif local.is_file():
        _extract(local, location, target)
    else:
        raise RuntimeUnavailableError(
            f"sagemaker_submit_directory '{location}' does not exist: give the s3:// URI of a sourcedir.tar.gz, or a "
            "path below /opt/ml that one of the job's channels provides"
        )


def _inside(location: str, ml_root: Path) -> Path:
    path = location.removeprefix("file://")
    if path == "/opt/ml" or path.startswith("/opt/ml/"):
        return ml_root / path.removeprefix("/opt/ml").lstrip("/")
    return Path(path)


def _extract(archive: Path, location: str, target: Path) -> None:
    try:
        unpack_tar_gz(archive, target)
    except CorruptArchiveError as error:
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        raise RuntimeUnavailableError(
            f"source archive {location} cannot be unpacked ({archive.stat().st_size} bytes): {error}; it must be a "
            "complete gzipped tar whose members stay inside it (`tar -tzf` lists one that is right)"
        ) from error
