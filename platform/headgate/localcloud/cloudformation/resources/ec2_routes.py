"""RouteTable, SubnetRouteTableAssociation and Route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import changed, pick, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.ec2 import ec2, filters, made_here, retag, specification
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_DESTINATIONS = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
_TARGETS = (
    "GatewayId",
    "InstanceId",
    "NatGatewayId",
    "NetworkInterfaceId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
)


def _make_table(context: Context, properties: Json) -> str:
    tags = specification(context, "route-table", properties)
    made = ec2(context, "CreateRouteTable", VpcId=properties["VpcId"], TagSpecifications=tags)
    table: str = made["RouteTable"]["RouteTableId"]
    return table


def _remove_table(context: Context, table: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "DeleteRouteTable", RouteTableId=table)


def _find_table(context: Context, properties: Json) -> str | None:
    return made_here(context, "DescribeRouteTables", "RouteTables", "RouteTableId", vpc_id=properties["VpcId"])


def _associate(context: Context, properties: Json) -> str:
    made = ec2(context, "AssociateRouteTable", pick(properties, "RouteTableId", "SubnetId"))
    association: str = made["AssociationId"]
    return association


def _disassociate(context: Context, association: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "DisassociateRouteTable", AssociationId=association)


def _find_association(context: Context, properties: Json) -> str | None:
    wanted = filters({"association.subnet-id": properties["SubnetId"]})
    for table in ec2(context, "DescribeRouteTables", Filters=wanted)["RouteTables"]:
        for association in table["Associations"]:
            if (association.get("SubnetId"), table["RouteTableId"]) == (
                properties["SubnetId"],
                properties["RouteTableId"],
            ):
                return str(association["RouteTableAssociationId"])
    return None


def _destination(properties: Json) -> str:
    return str(next(properties[name] for name in _DESTINATIONS if properties.get(name)))


def _route_id(properties: Json) -> str:
    return f"{properties['RouteTableId']}|{_destination(properties)}"


def _make_route(context: Context, properties: Json) -> str:
    ec2(context, "CreateRoute", pick(properties, "RouteTableId", *_DESTINATIONS, *_TARGETS))
    return _route_id(properties)


def _converge_route(context: Context, _: str, old: Json, new: Json) -> None:
    if old and changed(old, new, *_TARGETS):
        ec2(context, "ReplaceRoute", pick(new, "RouteTableId", *_DESTINATIONS, *_TARGETS))


def _describe_route(_: Context, __: str, properties: Json) -> Mapping[str, Any]:
    return {"CidrBlock": _destination(properties)}


def _remove_route(context: Context, _: str, properties: Json) -> None:
    with unless_gone():
        ec2(context, "DeleteRoute", pick(properties, "RouteTableId", *_DESTINATIONS))


def _find_route(context: Context, properties: Json) -> str | None:
    tables = ec2(context, "DescribeRouteTables", Filters=filters({"route-table-id": properties["RouteTableId"]}))
    found = [route.get(name) for table in tables["RouteTables"] for route in table["Routes"] for name in _DESTINATIONS]
    return _route_id(properties) if _destination(properties) in found else None


TYPES = (
    Declared(
        "AWS::EC2::RouteTable",
        handled=frozenset({"Tags", "VpcId"}),
        make=_make_table,
        made=frozenset({"Tags"}),
        converge=retag,
        describe=lambda _, table, __: {"RouteTableId": table},
        remove=_remove_table,
        find_id=_find_table,
    ),
    Declared(
        "AWS::EC2::SubnetRouteTableAssociation",
        handled=frozenset({"RouteTableId", "SubnetId"}),
        make=_associate,
        describe=lambda _, association, __: {"Id": association},
        remove=_disassociate,
        find_id=_find_association,
    ),
    Declared(
        "AWS::EC2::Route",
        handled=frozenset({"RouteTableId", *_DESTINATIONS, *_TARGETS}),
        make=_make_route,
        made=frozenset(_TARGETS),
        converge=_converge_route,
        describe=_describe_route,
        remove=_remove_route,
        find_id=_find_route,
    ),
)
