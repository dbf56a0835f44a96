"""Where requests come from: the address that the local cloud has inside of a subnet.

On AWS a request from a VPC says so by the network that it comes through. Here a subnet has an address of the local
cloud of its own, a secret that is told to what runs in the subnet and to nobody else: credentials that are used from
elsewhere come without it.
"""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import asdict

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.seams import Place

PREFIX = "/_vpc/"
_KIND = "subnet-address"
_TARGET = re.compile(r"/_vpc/(?P<secret>\w+)(?P<rest>/.*|\?.*|)", re.DOTALL)


class Origins:
    """Addresses of subnets. They stay the same for as long as the state folder lives."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self._places = {key.name: Place(**body) for key, body in documents.list(_KIND)}
        self._secrets = {place: secret for secret, place in self._places.items()}

    def path(self, place: Place) -> str:
        """What follows host and port in the address that a subnet knows the local cloud by."""
        with self._lock:
            if place not in self._secrets:
                secret = secrets.token_hex(16)
                self._documents.put(Key("", "", _KIND, secret), asdict(place))
                self._places[secret] = place
                self._secrets[place] = secret
            return f"{PREFIX}{self._secrets[place]}"

    def read(self, target: str) -> tuple[str, Place | None]:
        """A request's target as any other has it, and where it comes from. Raises AwsError (AccessDenied)."""
        found = _TARGET.fullmatch(target)
        if found is None:
            return target, None
        place = self._places.get(found["secret"])
        if place is None:
            raise AwsError("AccessDenied", "no subnet has this address", status=403)
        rest = found["rest"]
        return rest if rest.startswith("/") else f"/{rest}", place
