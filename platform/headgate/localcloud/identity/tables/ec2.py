"""EC2, as far as networks are built with it. What is yet to be made stands as `vpc/*`; instances are not run here."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.localcloud.identity.tables.model import Arns, Extract, Family, Keys, Need
from headgate.localcloud.identity.tables.parts import Operations, constant, pass_role, tag_names, tags_of
from headgate.localcloud.identity.tables.paths import Parameters, values
from headgate.localcloud.seams import Caller

_PREFIXES = {
    "acl": "network-acl",
    "dopt": "dhcp-options",
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "fl": "vpc-flow-log",
    "igw": "internet-gateway",
    "nat": "natgateway",
    "pcx": "vpc-peering-connection",
    "pl": "prefix-list",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vgw": "vpn-gateway",
    "vpce": "vpc-endpoint",
}
"""Kinds of resources by how their ids begin."""
_TAGS = "TagSpecifications[].Tags"


def _arn(kind: str, identifier: str, caller: Caller) -> str:
    return f"arn:aws:ec2:{caller.region}:{caller.account}:{kind}/{identifier}"


def _ids(*paths: str) -> Arns:
    """The resources that ids at some paths name; an id says itself what it is."""

    def arns(parameters: Parameters, caller: Caller) -> Iterable[str]:
        for path in paths:
            for identifier in values(parameters, path):
                kind = _PREFIXES.get(str(identifier).rpartition("-")[0])
                yield _arn(kind, str(identifier), caller) if kind else "*"

    return arns


def _new(kind: str) -> Arns:
    return lambda _, caller: (_arn(kind, "*", caller),)


def _service_owner(parameters: Parameters) -> str | None:
    """`amazon` for AWS's own endpoint services; other people's are called `com.amazonaws.vpce.<region>.vpce-svc-…`."""
    name = str(next(iter(values(parameters, "ServiceName")), ""))
    return "amazon" if name.startswith("com.amazonaws.") and ".vpce-svc-" not in name else None


_NAMES: Extract = tag_names(_TAGS)
_FAMILY: dict[str, Family] = {"aws:RequestTag/": tags_of(_TAGS)}
_ENDPOINT: Keys = {"ec2:VpceServiceName": "ServiceName", "ec2:VpceServiceOwner": _service_owner}


def _creates(operation: str, kind: str, *uses: str, keys: Keys | None = None) -> tuple[Need, ...]:
    """Making something: the action on the new thing with its tags, on what it is made in, and ec2:CreateTags."""
    action = f"ec2:{operation}"
    made = Need(action, _new(kind), {"aws:TagKeys": _NAMES, **(keys or {})}, _FAMILY)
    tagged = Need(
        "ec2:CreateTags",
        _new(kind),
        {"aws:TagKeys": _NAMES, "ec2:CreateAction": constant(operation)},
        _FAMILY,
        when=f"{_TAGS}[]",
    )
    return (made, *((Need(action, _ids(*uses), optional=True),) if uses else ()), tagged)


def _on(paths: str, operations: str) -> Operations:
    """Operations on what already exists."""
    return {name: (Need(f"ec2:{name}", _ids(*paths.split())),) for name in operations.split()}


_MAKES: Operations = {
    "CreateVpc": _creates("CreateVpc", "vpc"),
    "CreateSubnet": _creates("CreateSubnet", "subnet", "VpcId"),
    "CreateRouteTable": _creates("CreateRouteTable", "route-table", "VpcId"),
    "CreateInternetGateway": _creates("CreateInternetGateway", "internet-gateway"),
    "CreateNatGateway": _creates("CreateNatGateway", "natgateway", "SubnetId", "AllocationId"),
    "AllocateAddress": _creates("AllocateAddress", "elastic-ip"),
    "CreateSecurityGroup": _creates("CreateSecurityGroup", "security-group", "VpcId"),
    "CreateNetworkAcl": _creates("CreateNetworkAcl", "network-acl", "VpcId"),
    "CreateVpcEndpoint": _creates(
        "CreateVpcEndpoint",
        "vpc-endpoint",
        "VpcId",
        "SubnetIds[]",
        "SecurityGroupIds[]",
        "RouteTableIds[]",
        keys=_ENDPOINT,
    ),
    "CreateNetworkInterface": _creates("CreateNetworkInterface", "network-interface", "SubnetId", "Groups[]"),
    "CreateVpnGateway": _creates("CreateVpnGateway", "vpn-gateway"),
    "CreateEgressOnlyInternetGateway": _creates(
        "CreateEgressOnlyInternetGateway", "egress-only-internet-gateway", "VpcId"
    ),
    "CreateVpcPeeringConnection": _creates("CreateVpcPeeringConnection", "vpc-peering-connection", "VpcId"),
    "CreateFlowLogs": (
        *_creates("CreateFlowLogs", "vpc-flow-log", "ResourceIds[]"),
        pass_role("DeliverLogsPermissionArn", "vpc-flow-logs.amazonaws.com"),
    ),
    "CreateTags": (
        Need("ec2:CreateTags", _ids("Resources[]"), {"aws:TagKeys": tag_names()}, {"aws:RequestTag/": tags_of()}),
    ),
    "DeleteTags": (
        Need("ec2:DeleteTags", _ids("Resources[]"), {"aws:TagKeys": tag_names()}, {"aws:RequestTag/": tags_of()}),
    ),
}
_CHANGES: Operations = {
    **_on("VpcId", "DeleteVpc ModifyVpcAttribute"),
    **_on("SubnetId", "DeleteSubnet ModifySubnetAttribute"),
    **_on("RouteTableId", "CreateRoute DeleteRoute DeleteRouteTable ReplaceRoute"),
    **_on("RouteTableId SubnetId GatewayId", "AssociateRouteTable"),
    **_on("InternetGatewayId VpcId", "AttachInternetGateway DetachInternetGateway"),
    **_on("InternetGatewayId", "DeleteInternetGateway"),
    **_on("NatGatewayId", "DeleteNatGateway"),
    **_on("AllocationId", "AssociateAddress ReleaseAddress"),
    **_on("NetworkInterfaceId", "DeleteNetworkInterface"),
    **_on("VpnGatewayId VpcId", "AttachVpnGateway"),
    **_on(
        "GroupId",
        "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress DeleteSecurityGroup RevokeSecurityGroupEgress "
        "RevokeSecurityGroupIngress UpdateSecurityGroupRuleDescriptionsEgress "
        "UpdateSecurityGroupRuleDescriptionsIngress",
    ),
    **_on("VpcEndpointIds[]", "DeleteVpcEndpoints"),
    **_on("VpcEndpointId", "ModifyVpcEndpoint"),
    **_on("FlowLogIds[]", "DeleteFlowLogs"),
    **_on("NetworkAclId", "CreateNetworkAclEntry DeleteNetworkAcl DeleteNetworkAclEntry"),
    **_on("VpcPeeringConnectionId", "AcceptVpcPeeringConnection DeleteVpcPeeringConnection"),
    "DisassociateRouteTable": (Need("ec2:DisassociateRouteTable", _new("route-table")),),
}
_LOOKS = (
    "AccountAttributes Addresses AvailabilityZones DhcpOptions FlowLogs InternetGateways ManagedPrefixLists "
    "NatGateways NetworkAcls NetworkInterfaces PrefixLists Regions RouteTables SecurityGroupRules SecurityGroups "
    "Subnets Tags VpcEndpointServices VpcEndpoints VpcPeeringConnections Vpcs"
)
_READS: Operations = {
    **{f"Describe{name}": (Need(f"ec2:Describe{name}"),) for name in _LOOKS.split()},
    **_on("VpcId", "DescribeVpcAttribute"),
    "GetManagedPrefixListEntries": (Need("ec2:GetManagedPrefixListEntries", _ids("PrefixListId")),),
}

OPERATIONS: Operations = {**_MAKES, **_CHANGES, **_READS}
