"""EC2's networks where moto keeps them wrongly: descriptions of rules, and changes of VPC endpoints.

moto takes a rule between security groups for another one when its description differs, so that it cannot be revoked;
a change of an endpoint loses its private DNS, its reset policy, its routes and its network interfaces; an endpoint
whose type was left out has none, and cannot be deleted.
Held by tests/contract/test_moto_networks.py.
"""

from __future__ import annotations

import json
from typing import Any

from headgate.localcloud.server.moto_determinism import once_imported, patch


def install() -> None:
    """Patch EC2 as soon as somebody uses it."""
    once_imported("moto.ec2.responses", _patch)


def _patch() -> None:
    from moto.ec2.models.security_groups import SecurityGroupRule
    from moto.ec2.models.vpcs import VPCEndPoint
    from moto.ec2.responses.vpcs import VPCs

    patch(SecurityGroupRule, "__eq__", _same_rule)
    patch(SecurityGroupRule, "description", property(_description))
    original: Any = VPCs.modify_vpc_endpoint
    if getattr(original, "headgate", False):
        return

    def modify(self: Any) -> Any:
        return _modify_endpoint(self, original)

    made: Any = VPCEndPoint.__init__

    def initialize(self: Any, *args: Any, **more: Any) -> None:
        made(self, *args, **more)
        self.vpc_endpoint_type = self.vpc_endpoint_type or "Gateway"

    modify.headgate = True  # type: ignore[attr-defined]
    patch(VPCs, "modify_vpc_endpoint", modify)
    patch(VPCEndPoint, "__init__", initialize)


def _rule_key(rule: Any) -> tuple[Any, ...]:
    """What makes a rule the same as another one: everything but its id, its tags and its description."""
    ports = () if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    group = {name: value for name, value in rule.source_group.items() if name != "Description"}
    ends = (rule.ip_range.get("CidrIp"), rule.ip_range.get("CidrIpv6"), rule.prefix_list_id)
    return (rule.ip_protocol, *ports, *ends, *sorted(group.items()))


def _same_rule(self: Any, other: Any) -> bool:
    return _rule_key(self) == _rule_key(other)


def _description(self: Any) -> str | None:
    found: str | None = self.ip_range.get("Description") or self.source_group.get("Description")
    return found


def _modify_endpoint(response: Any, original: Any) -> Any:
    backend, endpoint_id = response.ec2_backend, response._get_param("VpcEndpointId")  # noqa: SLF001 - the seam
    endpoint = backend.describe_vpc_endpoints([endpoint_id])[0]
    tables, subnets = list(endpoint.route_table_ids), list(endpoint.subnet_ids or ())
    answer = original(response)
    private = response._get_bool_param("PrivateDnsEnabled")  # noqa: SLF001
    if private is not None:
        endpoint.private_dns_enabled = private
    if response._get_bool_param("ResetPolicy"):  # noqa: SLF001
        endpoint.policy_document = json.dumps(endpoint.DEFAULT_POLICY)
    if endpoint.destination_prefix_list_id:
        _route(backend, endpoint, tables)
    elif endpoint.network_interface_ids:
        _stand(backend, endpoint, subnets)
    return answer


def _route(backend: Any, endpoint: Any, before: list[str]) -> None:
    """A gateway endpoint has a route in each of its route tables and in no other."""
    prefix = endpoint.destination_prefix_list_id
    for table in endpoint.route_table_ids:
        if table not in before:
            backend.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix)
    for table in before:
        if table not in endpoint.route_table_ids:
            backend.delete_route(table, prefix)


def _stand(backend: Any, endpoint: Any, before: list[str]) -> None:
    """An interface endpoint has a network interface in each of its subnets and in no other."""
    from moto.ec2.utils import random_private_ip

    for subnet in endpoint.subnet_ids:
        if subnet not in before:
            made = backend.create_network_interface(subnet, random_private_ip())
            endpoint.network_interface_ids.append(made.id)
    for interface in list(endpoint.network_interface_ids):
        if backend.enis[interface].subnet.id not in endpoint.subnet_ids:
            backend.enis.pop(interface)
            endpoint.network_interface_ids.remove(interface)
