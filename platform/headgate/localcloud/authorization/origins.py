"""Where requests come from: the address that the local cloud has inside of a VPC, and jobs' way through it.

On AWS a request that reaches a service by a VPC's endpoint says so (`aws:SourceVpc`), and conditions can ask for it.
Here a VPC's endpoints are an address of the local cloud's own, a secret that is told to what runs in the VPC and to
nobody else: credentials that are used from elsewhere come without it. Every service is taken to have an endpoint in the
VPC, and policies of endpoints are not evaluated.
"""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.access import Acting
from headgate.localcloud.seams import Caller, Json

PREFIX = "/_vpc/"
_KIND = "vpc-address"
_TARGET = re.compile(r"/_vpc/(?P<secret>\w+)(?P<rest>/.*|\?.*|)", re.DOTALL)

VpcOf = Callable[[str, str, str], str]
"""Takes account, Region and a subnet; the VPC's id, empty if there is no such subnet."""
Require = Callable[[str, str, Mapping[str, object], Caller], str]
"""Authorizes an operation of a service. Raises AwsError."""


class Origins:
    """Addresses of VPCs. They stay the same for as long as the state folder lives."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._lock = threading.Lock()
        self._vpcs = {key.name: str(body["vpc"]) for key, body in documents.list(_KIND)}
        self._secrets = {vpc: secret for secret, vpc in self._vpcs.items()}

    def path(self, vpc: str) -> str:
        """What follows host and port in the address that a VPC knows the local cloud by."""
        with self._lock:
            if vpc not in self._secrets:
                secret = secrets.token_hex(16)
                self._documents.put(Key("", "", _KIND, secret), {"vpc": vpc})
                self._vpcs[secret] = vpc
                self._secrets[vpc] = secret
            return f"{PREFIX}{self._secrets[vpc]}"

    def read(self, target: str) -> tuple[str, Mapping[str, str]]:
        """A request's target as any other has it, and what is known of its origin. Raises AwsError (AccessDenied)."""
        found = _TARGET.fullmatch(target)
        if found is None:
            return target, {}
        vpc = self._vpcs.get(found["secret"])
        if vpc is None:
            raise AwsError("AccessDenied", "no VPC has this address", status=403)
        rest = found["rest"]
        return rest if rest.startswith("/") else f"/{rest}", {"aws:SourceVpc": vpc}


@dataclass(frozen=True, slots=True)
class JobAccess:
    """What the job engine asks for its jobs: their way to AWS, and whether their role may touch an object."""

    origins: Origins
    vpc_of: VpcOf
    require_operation: Require
    public_url: Callable[[], str]

    def endpoint_url(self, who: Acting) -> str:
        """The address of the cloud for a job: that of its VPC, if its subnets exist."""
        vpc = self._vpc(who)
        return self.public_url() + (self.origins.path(vpc) if vpc else "")

    def require(self, who: Acting, operation: str, parameters: Json) -> None:
        """Raises AwsError unless the role may do an operation of S3 from where the job runs."""
        vpc = self._vpc(who)
        account = who.role.split(":")[4] if who.role.count(":") > 4 else who.caller.account
        principal = who.role or f"arn:aws:iam::{account}:root"
        context = {"aws:SourceVpc": vpc} if vpc else {}
        caller = replace(who.caller, account=account, principal=principal, service="", context=context, access_key="")
        self.require_operation("s3", operation, parameters, caller)

    def _vpc(self, who: Acting) -> str:
        found = (self.vpc_of(who.caller.account, who.caller.region, each) for each in who.subnets)
        return next((vpc for vpc in found if vpc), "")
