"""STS where moto does not know the caller: GetCallerIdentity of an account's root."""

from __future__ import annotations

from urllib.parse import parse_qsl

from headgate.localcloud.seams import HttpRequest, HttpResponse


class RootIdentity:
    """Answers GetCallerIdentity for root keys, without waiting for moto; everything else is moto's."""

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        if not request.caller.principal.endswith(":root"):
            return None
        body = request.body.read()
        action = dict(request.query).get("Action") or dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action")
        if action != "GetCallerIdentity":
            return None
        caller = request.caller
        text = (
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
            f"<Arn>{caller.principal}</Arn><UserId>{caller.account}</UserId><Account>{caller.account}</Account>"
            "</GetCallerIdentityResult><ResponseMetadata><RequestId>headgate</RequestId></ResponseMetadata>"
            "</GetCallerIdentityResponse>"
        )
        return HttpResponse(200, {"content-type": "text/xml"}, text.encode())
