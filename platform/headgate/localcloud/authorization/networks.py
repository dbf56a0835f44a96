"""How requests from a VPC reach a service: by an endpoint of the VPC, whose policy has a say, or over the internet.

Conditions learn of the VPC only from an endpoint (`aws:SourceVpc`, `aws:SourceVpce`); what goes over the internet comes
from nowhere in particular. Where there is neither, nothing arrives. Sources: AWS PrivateLink guide, 'Access AWS
services through AWS PrivateLink' and 'Gateway endpoints'; IAM user guide, 'Properties of the network'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from headgate.localcloud.authorization.network_facts import SubnetFacts
from headgate.localcloud.authorization.origins import Origins
from headgate.localcloud.errors import AwsError
from headgate.localcloud.identity.directory import Document
from headgate.localcloud.jobs.access import Acting
from headgate.localcloud.seams import Caller, HttpRequest, Json, Place

UNREACHABLE = "ServiceUnreachable"
_ENDPOINTS = {
    "dynamodbstreams": "dynamodb-streams",
    "ecr": "ecr.api",
    "sagemaker": "sagemaker.api",
    "sagemaker-runtime": "sagemaker.runtime",
}
"""Names of endpoint services that differ from the name that requests are signed for."""

SubnetOf = Callable[[Place], SubnetFacts | None]


def endpoint_service(service: str, region: str) -> str:
    """The endpoint service of a service, by the name that requests to it are signed for."""
    return f"com.amazonaws.{region}.{_ENDPOINTS.get(service, service)}"


class Require(Protocol):
    """Authorizes an operation of a service. Raises AwsError."""

    def __call__(
        self,
        service: str,
        operation: str,
        parameters: Mapping[str, object],
        caller: Caller,
        endpoint: Document | None = None,
    ) -> str: ...


@dataclass(frozen=True, slots=True)
class Way:
    """How something gets to a service: what conditions learn of it, and the policy of the endpoint if it passes one."""

    context: Mapping[str, str] = field(default_factory=dict)
    endpoint: Document | None = None


class Networks:
    """The ways from subnets to services."""

    def __init__(self, origins: Origins, subnet_of: SubnetOf) -> None:
        self._origins = origins
        self._subnet_of = subnet_of

    def way(self, place: Place, service: str, region: str) -> Way:
        """The way to a service of a Region. Raises AwsError (ServiceUnreachable)."""
        subnet = self._subnet_of(place)
        name = endpoint_service(service, region)
        endpoint = subnet.endpoint(name) if subnet is not None else None
        if subnet is not None and endpoint is not None:
            context = {
                "aws:SourceVpc": subnet.vpc,
                "aws:SourceVpcArn": f"arn:aws:ec2:{place.region}:{place.account}:vpc/{subnet.vpc}",
                "aws:SourceVpce": endpoint.id,
                "aws:VpceAccount": place.account,
                "aws:VpcSourceIp": subnet.address,
            }
            return Way(context, endpoint.policy)
        if subnet is not None and subnet.has_internet:
            return Way()
        where = f"{place.subnet} of {subnet.vpc}" if subnet is not None else f"{place.subnet}, which is gone,"
        raise AwsError(
            UNREACHABLE,
            f"there is no way from {where} to {service} in {region}: no endpoint {name} by its usual name, and no "
            "route to the internet; on AWS the call would wait for a connection until it times out",
            status=403,
        )

    def arrive(self, request: HttpRequest) -> tuple[HttpRequest, Document | None]:
        """A request as its service sees it, and the policy of the endpoint that it came by. Raises AwsError."""
        if request.place is None:
            return request, None
        caller = request.caller
        way = self.way(request.place, request.service, caller.region)
        return replace(request, caller=replace(caller, context={**caller.context, **way.context})), way.endpoint

    def address(self, public_url: str, account: str, region: str, subnets: Iterable[str]) -> str:
        """The cloud's address for what runs in some subnets: that of the first that exists, else the public one."""
        place = self.place(account, region, subnets)
        return public_url + (self._origins.path(place) if place is not None else "")

    def place(self, account: str, region: str, subnets: Iterable[str]) -> Place | None:
        """The first of some subnets that exists."""
        places = (Place(account, region, subnet) for subnet in subnets)
        return next((place for place in places if self._subnet_of(place) is not None), None)


@dataclass(frozen=True, slots=True)
class JobAccess:
    """What the job engine asks for its jobs: their way to AWS, and whether their role may touch an object."""

    networks: Networks
    require_operation: Require
    public_url: Callable[[], str]

    def endpoint_url(self, who: Acting) -> str:
        """The address of the cloud for a job: that of its subnet, if it exists."""
        return self.networks.address(self.public_url(), who.caller.account, who.caller.region, who.subnets)

    def require(self, who: Acting, operation: str, parameters: Json) -> None:
        """Raises AwsError unless the role may do an operation of S3 from where the job runs."""
        place = self.networks.place(who.caller.account, who.caller.region, who.subnets)
        way = self.networks.way(place, "s3", who.caller.region) if place is not None else Way()
        account = who.role.split(":")[4] if who.role.count(":") > 4 else who.caller.account
        principal = who.role or f"arn:aws:iam::{account}:root"
        caller = replace(
            who.caller, account=account, principal=principal, service="", context=way.context, access_key=""
        )
        self.require_operation("s3", operation, parameters, caller, way.endpoint)
