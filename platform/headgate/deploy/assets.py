"""Publishing what templates refer to: zips of code and the templates themselves, under their digests.

A key holds its content's digest, so an asset that is there is the right one and is never uploaded twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Upload:
    """A file and the key it belongs under."""

    path: Path
    key: str


def publish(s3: Any, bucket: str, uploads: Iterable[Upload], tell: Callable[[str], None] = lambda _: None) -> int:
    """Put what is missing into the bucket; returns how many files that were. `tell` gets each uploaded key.

    An interrupted upload leaves no object behind, so repeating it is safe.
    """
    with ThreadPoolExecutor(_PARALLEL) as pool:
        return sum(pool.map(lambda upload: _publish(s3, bucket, upload, tell), uploads))


def _publish(s3: Any, bucket: str, upload: Upload, tell: Callable[[str], None]) -> bool:
    if _exists(s3, bucket, upload.key):
        return False
    s3.upload_file(str(upload.path), bucket, upload.key)
    tell(upload.key)
    return True


def _exists(s3: Any, bucket: str, key: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True
