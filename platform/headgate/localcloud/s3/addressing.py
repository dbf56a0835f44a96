"""Which bucket and key a request is about: path style or virtual-host style."""

from __future__ import annotations

import re
from urllib.parse import unquote

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import HttpRequest

_VIRTUAL_HOST = re.compile(
    r"""(?P<bucket>[^:]+?)
    \.(?: s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?   # bucket.s3.eu-west-1.amazonaws.com
        | (?:s3\.(?:[a-z0-9-]+\.)?)?localhost(?:\.localdomain)? )           # bucket.localhost, bucket.s3.localhost
    (?::\d+)?""",
    re.VERBOSE | re.IGNORECASE,
)
_SERVICE_HOST = re.compile(r"s3(?:[.-].*)?", re.IGNORECASE)


def bucket_and_key(request: HttpRequest) -> tuple[str, str]:
    """Bucket and key of a request, either of which may be empty. Raises AwsError (InvalidURI)."""
    path = _path(request)
    match = _VIRTUAL_HOST.fullmatch(request.headers.get("host", ""))
    if match and not _SERVICE_HOST.fullmatch(match["bucket"]):
        return match["bucket"], path.removeprefix("/")
    bucket, _, key = path.removeprefix("/").partition("/")
    return bucket, key


def _path(request: HttpRequest) -> str:
    """The decoded path; from the path as it was sent if there is one, which no server library has changed."""
    if not request.raw_path:
        return request.path
    try:
        return unquote(request.raw_path.partition("?")[0], errors="strict")
    except UnicodeDecodeError as error:
        raise AwsError("InvalidURI", "couldn't parse the specified URI: it is not UTF-8") from error
