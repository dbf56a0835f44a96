"""What moto holds about networks: where a subnet's traffic goes, by which endpoints. Call it in moto's turn."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from headgate.localcloud.authorization.arns import Arn
from headgate.localcloud.authorization.moto_facts import backend_of
from headgate.localcloud.identity.directory import Document

_EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})
_RESERVED = 4
"""AWS keeps the first four addresses of a subnet for itself (VPC user guide, 'Subnet sizing for IPv4')."""


@dataclass(frozen=True, slots=True)
class VpcEndpoint:
    """An endpoint that a subnet's traffic goes through; `service` as in `com.amazonaws.eu-west-1.s3`."""

    id: str
    service: str
    policy: Document


@dataclass(frozen=True, slots=True)
class SubnetFacts:
    """A subnet: the address that something in it has, whether it has a route out, and the endpoints that it reaches."""

    vpc: str
    address: str
    has_internet: bool
    endpoints: tuple[VpcEndpoint, ...]

    def endpoint(self, service: str) -> VpcEndpoint | None:
        """The endpoint of a service, or None."""
        return next((each for each in self.endpoints if each.service == service), None)


def subnet(account: str, region: str, name: str) -> SubnetFacts | None:
    """A subnet by its id, or None."""
    backend = backend_of("ec2", Arn("", "ec2", region, account, ""))
    zones = dict.values(backend.subnets) if backend is not None else ()
    found: Any = next((zone[name] for zone in zones if name in zone), None)
    if backend is None or found is None:
        return None
    table = _route_table(backend.route_tables.values(), found)
    tables = {table.id} if table is not None else set()
    reached = [each for each in backend.vpc_end_points.values() if _reaches(each, found.vpc_id, tables)]
    reached.sort(key=lambda each: not each.private_dns_enabled)  # names are resolved before a route is looked for
    return SubnetFacts(
        str(found.vpc_id),
        str(ipaddress.ip_network(found.cidr_block, strict=False)[_RESERVED]),
        # AWS's default VPC has an internet gateway, which moto leaves out.
        _leads_out(table) or bool(backend.vpcs[found.vpc_id].is_default),
        tuple(_endpoint(each) for each in reached),
    )


def _route_table(tables: Iterable[Any], subnet: Any) -> Any:
    """The table that is associated with a subnet, or its VPC's main one."""
    own = [table for table in tables if table.vpc_id == subnet.vpc_id]
    associated = (table for table in own if subnet.id in table._associations.values())  # noqa: SLF001 - the seam
    return next(associated, next((table for table in own if table.main_association_id is not None), None))


def _leads_out(table: Any) -> bool:
    """Whether a route goes everywhere, by whatever: a NAT gateway, a transit gateway, a firewall's interface."""
    routes = table.routes if table is not None else ()
    return any({route.destination_cidr_block, route.destination_ipv6_cidr_block} & _EVERYWHERE for route in routes)


def _reaches(endpoint: Any, vpc: str, tables: set[str]) -> bool:
    """Whether the usual name of the endpoint's service leads to it from a VPC, by these route tables."""
    if endpoint.vpc_id != vpc or endpoint.state != "available":
        return False
    if endpoint.vpc_endpoint_type == "Interface":
        return bool(endpoint.private_dns_enabled)
    return bool(tables.intersection(endpoint.route_table_ids or ()))


def _endpoint(endpoint: Any) -> VpcEndpoint:
    policy = Document(f"policy of endpoint {endpoint.id}", str(endpoint.policy_document))
    return VpcEndpoint(str(endpoint.id), str(endpoint.service_name), policy)
