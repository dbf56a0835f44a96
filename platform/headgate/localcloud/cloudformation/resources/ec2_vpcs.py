"""AWS::EC2::VPC and AWS::EC2::Subnet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import changed, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.ec2 import TAGGING, ec2, filters, made_here, specification
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_DNS = {"EnableDnsSupport": True, "EnableDnsHostnames": False}


def _make_vpc(context: Context, properties: Json) -> str:
    made = ec2(
        context,
        "CreateVpc",
        pick(properties, "CidrBlock", "InstanceTenancy"),
        TagSpecifications=specification(context, "vpc", properties),
    )
    vpc: str = made["Vpc"]["VpcId"]
    return vpc


def _converge_vpc(context: Context, vpc: str, old: Json, new: Json) -> None:
    if old and changed(old, new, "InstanceTenancy"):
        if new.get("InstanceTenancy", "default") != "default":
            raise refuse("the tenancy of a VPC can only be changed to default; give the VPC another logical id")
        ec2(context, "ModifyVpcTenancy", VpcId=vpc, InstanceTenancy="default")
    for name, default in _DNS.items():
        if old.get(name, default) != new.get(name, default):
            ec2(context, "ModifyVpcAttribute", {name: {"Value": new.get(name, default)}}, VpcId=vpc)
    TAGGING.apply(context, vpc, old, new)


def _describe_vpc(context: Context, vpc: str, properties: Json) -> Mapping[str, Any]:
    (found,) = ec2(context, "DescribeVpcs", VpcIds=[vpc])["Vpcs"]
    inside = filters({"vpc-id": vpc})
    (acl,) = ec2(context, "DescribeNetworkAcls", Filters=[*inside, *filters({"default": "true"})])["NetworkAcls"]
    groups = ec2(context, "DescribeSecurityGroups", Filters=[*inside, *filters({"group-name": "default"})])
    return {
        "VpcId": vpc,
        "CidrBlock": properties.get("CidrBlock", found["CidrBlock"]),
        "CidrBlockAssociations": [each["AssociationId"] for each in found.get("CidrBlockAssociationSet", ())],
        "DefaultNetworkAcl": acl["NetworkAclId"],
        "DefaultSecurityGroup": groups["SecurityGroups"][0]["GroupId"],
        "Ipv6CidrBlocks": [],
    }


def _remove_vpc(context: Context, vpc: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "DeleteVpc", VpcId=vpc)


def _find_vpc(context: Context, properties: Json) -> str | None:
    return made_here(context, "DescribeVpcs", "Vpcs", "VpcId", cidr=properties["CidrBlock"])


def _make_subnet(context: Context, properties: Json) -> str:
    made = ec2(
        context,
        "CreateSubnet",
        pick(properties, "VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId"),
        TagSpecifications=specification(context, "subnet", properties),
    )["Subnet"]
    subnet: str = made["SubnetId"]
    if made["MapPublicIpOnLaunch"] and not properties.get("MapPublicIpOnLaunch"):
        ec2(context, "ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": False})
    return subnet


def _converge_subnet(context: Context, subnet: str, old: Json, new: Json) -> None:
    public = new.get("MapPublicIpOnLaunch", False)
    if old.get("MapPublicIpOnLaunch", False) != public:
        ec2(context, "ModifySubnetAttribute", SubnetId=subnet, MapPublicIpOnLaunch={"Value": public})
    TAGGING.apply(context, subnet, old, new)


def _describe_subnet(context: Context, subnet: str, _: Json) -> Mapping[str, Any]:
    (found,) = ec2(context, "DescribeSubnets", SubnetIds=[subnet])["Subnets"]
    acls = ec2(context, "DescribeNetworkAcls", Filters=filters({"association.subnet-id": subnet}))["NetworkAcls"]
    associations = [each for acl in acls for each in acl["Associations"] if each["SubnetId"] == subnet]
    return {
        **pick(found, "SubnetId", "VpcId", "CidrBlock", "AvailabilityZone", "AvailabilityZoneId"),
        "NetworkAclAssociationId": associations[0]["NetworkAclAssociationId"],
        "Ipv6CidrBlocks": [],
    }


def _remove_subnet(context: Context, subnet: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "DeleteSubnet", SubnetId=subnet)


def _find_subnet(context: Context, properties: Json) -> str | None:
    where = {"vpc_id": properties["VpcId"], "cidr_block": properties["CidrBlock"]}
    return made_here(context, "DescribeSubnets", "Subnets", "SubnetId", **where)


TYPES = (
    Declared(
        "AWS::EC2::VPC",
        handled=frozenset({"CidrBlock", "InstanceTenancy", "Tags", *_DNS}),
        make=_make_vpc,
        made=frozenset({"InstanceTenancy", "Tags"}),
        converge=_converge_vpc,
        describe=_describe_vpc,
        remove=_remove_vpc,
        find_id=_find_vpc,
    ),
    Declared(
        "AWS::EC2::Subnet",
        handled=frozenset(
            {"AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "MapPublicIpOnLaunch", "Tags", "VpcId"}
        ),
        make=_make_subnet,
        made=frozenset({"Tags"}),
        converge=_converge_subnet,
        describe=_describe_subnet,
        remove=_remove_subnet,
        find_id=_find_subnet,
    ),
)
