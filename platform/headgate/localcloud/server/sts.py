"""STS where moto does not know the caller: GetCallerIdentity of the local cloud's own keys."""

from __future__ import annotations

from urllib.parse import parse_qsl

from headgate.localcloud.seams import Caller, HttpRequest, HttpResponse
from headgate.localcloud.server.identity import EXECUTION_ROLE


class OwnIdentity:
    """Answers GetCallerIdentity for the keys of `own_principal`, without waiting for moto; the rest is moto's."""

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        user = _user_id(request.caller)
        if user is None:
            return None
        body = request.body.read()
        action = dict(request.query).get("Action") or dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action")
        if action != "GetCallerIdentity":
            return None
        caller = request.caller
        text = (
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            f"<Arn>{caller.principal}</Arn><UserId>{user}</UserId><Account>{caller.account}</Account>"
            "</GetCallerIdentityResult><ResponseMetadata><RequestId>headgate</RequestId></ResponseMetadata>"
            "</GetCallerIdentityResponse>"
        )
        return HttpResponse(200, {"content-type": "text/xml"}, text.encode())


def _user_id(caller: Caller) -> str | None:
    """UserId of a root or of whoever has the execution role's own key."""
    if caller.principal.endswith(":root"):
        return caller.account
    if caller.principal.endswith(f":assumed-role/{EXECUTION_ROLE}/headgate"):
        return "AROAHEADGATEEXECUTION:headgate"
    return None
