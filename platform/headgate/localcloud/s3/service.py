"""S3 over HTTP: from a request to a handler, and from an error to XML."""

from __future__ import annotations

import errno
import sqlite3
from datetime import UTC, datetime

from headgate.localcloud.errors import AwsError
from headgate.localcloud.s3.access import require
from headgate.localcloud.s3.addressing import bucket_and_key
from headgate.localcloud.s3.changes import Requester, requester
from headgate.localcloud.s3.errors import access_denied, invalid_argument, render
from headgate.localcloud.s3.headers import refuse_unsupported
from headgate.localcloud.s3.names import check_key
from headgate.localcloud.s3.request import RefusedDestination, S3Request, lets_everything_in
from headgate.localcloud.s3.routes import action_of, find_route
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import HttpRequest, HttpResponse

_LONGEST_PRESIGNED = 7 * 86400
_DISK_FULL = AwsError(
    "InsufficientStorage", "the disk that holds the local cloud's state is full; nothing was stored", status=507
)


class S3Service:
    """The S3 API over an ObjectStore. Errors leave as XML, so `handle` raises none of AWS's.

    `refused` tries a destination of notifications and says why it takes none.
    """

    def __init__(self, store: ObjectStore, refused: RefusedDestination = lets_everything_in) -> None:
        self._store = store
        self._refused = refused

    def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request; signatures are taken as they are, expired presigned URLs are refused."""
        request_id = self._store.new_id()[:16].upper()
        who = Requester(request.caller.service or request.caller.account, request.caller.principal, request_id)
        token = requester.set(who)
        try:
            response = self._answer(request)
        except AwsError as error:
            response = render(error, request.method, request.path, request_id)
        except (OSError, sqlite3.OperationalError) as error:
            if not _is_disk_full(error):
                raise
            response = render(_DISK_FULL, request.method, request.path, request_id)
        finally:
            requester.reset(token)
        response.headers["x-amz-request-id"] = request_id
        return response

    def _answer(self, http: HttpRequest) -> HttpResponse:
        bucket, key = bucket_and_key(http)
        request = S3Request(http, self._store, bucket, key, dict(http.query), self._refused)
        if key:
            check_key(key)
        route = find_route(request)
        refuse_unsupported(http.headers)
        _check_presigned(request, self._store.clock.now())
        if not route.public:
            require(request, bucket, key, action_of(request, route))
        _check_expected_owner(request)
        return route.handler(request)


def _is_disk_full(error: OSError | sqlite3.OperationalError) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return error.sqlite_errorcode == sqlite3.SQLITE_FULL


def _check_presigned(request: S3Request, now: float) -> None:
    """Raises AwsError (AccessDenied) for a presigned URL whose time is over."""
    query = {name.lower(): value for name, value in request.query.items()}
    try:
        if "x-amz-expires" in query:
            lifetime = int(query["x-amz-expires"])
            signed = datetime.strptime(query.get("x-amz-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            if not 0 <= lifetime <= _LONGEST_PRESIGNED:
                raise invalid_argument("X-Amz-Expires must be between 0 and 604800 seconds", "X-Amz-Expires")
            end = signed.timestamp() + lifetime
        elif "signature" in query:
            end = float(query["expires"])
        else:
            return
    except (ValueError, KeyError) as error:
        raise AwsError("AuthorizationQueryParametersError", f"the presigned URL is not valid: {error}") from error
    if now > end:
        raise access_denied("request has expired")


def _check_expected_owner(request: S3Request) -> None:
    """Raises AwsError (AccessDenied) when the bucket is not whose the caller thinks it is."""
    expected = request.headers.get("x-amz-expected-bucket-owner")
    bucket = request.store.buckets.find(request.bucket) if expected else None
    if bucket is not None and bucket.account != expected:
        raise access_denied(f"the bucket '{bucket.name}' does not belong to account {expected}")
