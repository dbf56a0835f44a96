"""The way to the internet: InternetGateway, VPCGatewayAttachment, EIP and NatGateway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import changed, code_of, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.ec2 import ec2, filters, made_here, retag, specification
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json


def _make_internet(context: Context, properties: Json) -> str:
    tags = specification(context, "internet-gateway", properties)
    gateway: str = ec2(context, "CreateInternetGateway", TagSpecifications=tags)["InternetGateway"]["InternetGatewayId"]
    return gateway


def _remove_internet(context: Context, gateway: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "DeleteInternetGateway", InternetGatewayId=gateway)


def _find_internet(context: Context, _: Json) -> str | None:
    return made_here(context, "DescribeInternetGateways", "InternetGateways", "InternetGatewayId")


def _attachment_id(properties: Json) -> str:
    return f"IGW|{properties['VpcId']}"


def _make_attachment(context: Context, properties: Json) -> str:
    if not properties.get("InternetGatewayId"):
        raise refuse("a VPCGatewayAttachment without InternetGatewayId is not supported in the local cloud")
    ec2(context, "AttachInternetGateway", pick(properties, "InternetGatewayId", "VpcId"))
    return _attachment_id(properties)


def _converge_attachment(context: Context, _: str, old: Json, new: Json) -> None:
    if old and changed(old, new, "InternetGatewayId"):
        _remove_attachment(context, "", old)
        _make_attachment(context, new)


def _remove_attachment(context: Context, _: str, properties: Json) -> None:
    with unless_gone("Gateway.NotAttached"):
        ec2(context, "DetachInternetGateway", pick(properties, "InternetGatewayId", "VpcId"))


def _find_attachment(context: Context, properties: Json) -> str | None:
    wanted = filters({"attachment.vpc-id": properties["VpcId"]})
    found = ec2(context, "DescribeInternetGateways", Filters=wanted)["InternetGateways"]
    attached = {gateway["InternetGatewayId"] for gateway in found}
    return _attachment_id(properties) if properties.get("InternetGatewayId") in attached else None


def _make_address(context: Context, properties: Json) -> str:
    if properties.get("Domain", "vpc") != "vpc":
        raise refuse(f"the Domain of an EIP has to be vpc, not {properties['Domain']}")
    tags = specification(context, "elastic-ip", properties)
    address: str = ec2(context, "AllocateAddress", Domain="vpc", TagSpecifications=tags)["PublicIp"]
    return address


def _converge_address(context: Context, address: str, old: Json, new: Json) -> None:
    retag(context, _allocation(context, address), old, new)


def _allocation(context: Context, address: str) -> str:
    allocation: str = ec2(context, "DescribeAddresses", PublicIps=[address])["Addresses"][0]["AllocationId"]
    return allocation


def _describe_address(context: Context, address: str, _: Json) -> Mapping[str, Any]:
    return {"PublicIp": address, "AllocationId": _allocation(context, address)}


def _remove_address(context: Context, address: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "ReleaseAddress", AllocationId=_allocation(context, address))


def _find_address(context: Context, _: Json) -> str | None:
    return made_here(context, "DescribeAddresses", "Addresses", "PublicIp")


def _make_nat(context: Context, properties: Json) -> str:
    made = ec2(
        context,
        "CreateNatGateway",
        pick(properties, "SubnetId", "AllocationId", "ConnectivityType"),
        ClientToken=context.token,
        TagSpecifications=specification(context, "natgateway", properties),
    )
    gateway: str = made["NatGateway"]["NatGatewayId"]
    return gateway


def _stand(context: Context, gateway: str) -> Json | None:
    from botocore.exceptions import ClientError

    try:
        found = ec2(context, "DescribeNatGateways", NatGatewayIds=[gateway])["NatGateways"]
    except ClientError as error:
        if code_of(error) != "NatGatewayNotFound":
            raise
        found = []
    return found[0] if found else None


def _converge_nat(context: Context, gateway: str, old: Json, new: Json) -> None:
    def available() -> bool | None:
        return ((_stand(context, gateway) or {}).get("State") == "available") or None

    context.wait(available, seconds=600, what=f"the NAT gateway {gateway} becoming available")
    retag(context, gateway, old, new)


def _describe_nat(context: Context, gateway: str, _: Json) -> Mapping[str, Any]:
    addresses = (_stand(context, gateway) or {}).get("NatGatewayAddresses") or [{}]
    return {"NatGatewayId": gateway, **pick(addresses[0], EniId="NetworkInterfaceId")}


def _remove_nat(context: Context, gateway: str, _: Json) -> None:
    def ended() -> bool | None:
        return (_stand(context, gateway) or {"State": "deleted"})["State"] == "deleted" or None

    if ended():
        return
    ec2(context, "DeleteNatGateway", NatGatewayId=gateway)
    context.wait(ended, seconds=600, what=f"the end of the NAT gateway {gateway}")


def _find_nat(context: Context, properties: Json) -> str | None:
    return made_here(
        context, "DescribeNatGateways", "NatGateways", "NatGatewayId", subnet_id=properties.get("SubnetId", "")
    )


TYPES = (
    Declared(
        "AWS::EC2::InternetGateway",
        handled=frozenset({"Tags"}),
        make=_make_internet,
        made=frozenset({"Tags"}),
        converge=retag,
        describe=lambda _, gateway, __: {"InternetGatewayId": gateway},
        remove=_remove_internet,
        find_id=_find_internet,
    ),
    Declared(
        "AWS::EC2::VPCGatewayAttachment",
        handled=frozenset({"InternetGatewayId", "VpcId"}),
        make=_make_attachment,
        made=frozenset({"InternetGatewayId"}),
        converge=_converge_attachment,
        describe=lambda *_: {"AttachmentType": "IGW"},
        remove=_remove_attachment,
        find_id=_find_attachment,
    ),
    Declared(
        "AWS::EC2::EIP",
        handled=frozenset({"Domain", "Tags"}),
        make=_make_address,
        made=frozenset({"Tags"}),
        converge=_converge_address,
        describe=_describe_address,
        remove=_remove_address,
        find_id=_find_address,
    ),
    Declared(
        "AWS::EC2::NatGateway",
        handled=frozenset({"AllocationId", "ConnectivityType", "SubnetId", "Tags"}),
        make=_make_nat,
        made=frozenset({"Tags"}),
        converge=_converge_nat,
        describe=_describe_nat,
        remove=_remove_nat,
        find_id=_find_nat,
    ),
)
