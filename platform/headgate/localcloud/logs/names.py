"""Names of log groups and streams as file names, reversibly.

A group is one folder: `/aws/sagemaker/TrainingJobs` is `aws.sagemaker.TrainingJobs`, and a name without the leading
slash gets a `@` in front. A stream is a file in or below it: `job/algo-1` is `job/algo-1.log`. Characters that are not
plain are percent-encoded, as is a leading dot, so no name can climb out of its folder, and names that begin with a
dot are free for our own files.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

SUFFIX = ".log"

_GROUP = re.compile(r"[A-Za-z0-9_\-/.#]{1,512}")
_STREAM = re.compile(r"[^:*]{1,512}", re.DOTALL)
_PLAIN = "#=+@,$[] "
_LONGEST = 200
"""Characters of a file name (Linux takes 255 bytes); a longer part continues in a folder below."""
CONTINUED = "%+"
"""Between the pieces of a long part; elsewhere two hex digits follow every percent sign."""


def is_group_name(name: str) -> bool:
    """Whether CloudWatch Logs takes it as a log group's name."""
    return bool(_GROUP.fullmatch(name))


def is_stream_name(name: str) -> bool:
    """Whether CloudWatch Logs takes it as a log stream's name."""
    return bool(_STREAM.fullmatch(name))


def group_path(name: str) -> Path:
    """A group's name as a relative path of its own: no two names share one, none lies below another's."""
    rooted = name.startswith("/") and len(name) > 1
    body = ".".join(_encode(part).replace(".", "%2E") for part in name.removeprefix("/").split("/"))
    return Path(*_fold(body if rooted else "@" + body))


def stream_path(name: str) -> Path:
    """A stream's name as a relative path below its group's: no two names share one."""
    *folders, last = (_hide_dot(_encode(part)) for part in name.split("/"))
    pieces: list[str] = []
    for folder in folders:
        # A stream `a` is the file `a.log`, so the folder of a stream `a.log/b` must be called something else.
        bare = folder.removesuffix(SUFFIX)
        pieces += _fold(bare if bare == folder else bare + "%2Elog")
    *before, end = _fold(last)
    return Path(*pieces, *before, end + SUFFIX)


def _encode(part: str) -> str:
    return quote(part, safe=_PLAIN, errors="surrogatepass") or "%"


def _hide_dot(part: str) -> str:
    return "%2E" + part[1:] if part.startswith(".") else part


def _fold(part: str) -> list[str]:
    if len(part) <= _LONGEST:
        return [part]
    pieces = [part[start : start + _LONGEST] for start in range(0, len(part), _LONGEST)]
    joined = (CONTINUED + "\n" + CONTINUED).join(pieces)
    return joined.split("\n")
