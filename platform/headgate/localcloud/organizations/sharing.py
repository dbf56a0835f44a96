"""Sharing with the organization: the one operation of Resource Access Manager that changes the organization."""

from __future__ import annotations

import json

from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import HttpRequest, HttpResponse, Operation

PRINCIPAL = "ram.amazonaws.com"
_PATH = "/enablesharingwithawsorganization"


class Sharing:
    """RAM, as far as it is the organization's business; moto answers the rest."""

    def __init__(self, trust: Operation) -> None:
        self._trust = trust

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Let the management account share with its organization. Raises AwsError for everybody else."""
        if request.path != _PATH:
            return None
        try:
            self._trust(request.caller, {"ServicePrincipal": PRINCIPAL})
        except AwsError as error:
            message = f"Unable to enable sharing with AWS Organizations: {error.message}"
            raise AwsError("OperationNotPermittedException", message) from error
        body = json.dumps({"returnValue": True}).encode()
        return HttpResponse(headers={"content-type": "application/json"}, body=body)
