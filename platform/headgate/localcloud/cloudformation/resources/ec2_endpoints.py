"""VPCEndpoint and FlowLog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import changed, json_text, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.ec2 import TAGGING, ec2, made_here, retag, specification
from headgate.localcloud.cloudformation.types import Context, ResourceError
from headgate.localcloud.seams import Json

_ENDS = {"RouteTableIds": "RouteTableIds", "SubnetIds": "SubnetIds", "SecurityGroupIds": "SecurityGroupIds"}
_LOG = (
    "DeliverCrossAccountRole",
    "DeliverLogsPermissionArn",
    "DestinationOptions",
    "LogDestination",
    "LogDestinationType",
    "LogFormat",
    "LogGroupName",
    "MaxAggregationInterval",
    "ResourceType",
    "TrafficType",
)


def _make_endpoint(context: Context, properties: Json) -> str:
    members = pick(properties, "VpcId", "ServiceName", "PrivateDnsEnabled", "IpAddressType", *_ENDS)
    policy = properties.get("PolicyDocument")
    made = ec2(
        context,
        "CreateVpcEndpoint",
        members,
        VpcEndpointType=properties.get("VpcEndpointType", "Gateway"),
        PrivateDnsEnabled=properties.get("PrivateDnsEnabled", False),
        PolicyDocument=None if policy is None else json_text(policy),
        ClientToken=context.token,
        TagSpecifications=specification(context, "vpc-endpoint", properties),
    )
    endpoint: str = made["VpcEndpoint"]["VpcEndpointId"]
    return endpoint


def _converge_endpoint(context: Context, endpoint: str, old: Json, new: Json) -> None:
    members: Json = {}
    for name in _ENDS:
        before, after = old.get(name) or [], new.get(name) or []
        members[f"Add{name}"] = [each for each in after if each not in before] or None
        members[f"Remove{name}"] = [each for each in before if each not in after] or None
    if changed(old, new, "PolicyDocument"):
        policy = new.get("PolicyDocument")
        members |= {"ResetPolicy": True} if policy is None else {"PolicyDocument": json_text(policy)}
    if old.get("PrivateDnsEnabled", False) != new.get("PrivateDnsEnabled", False):
        members["PrivateDnsEnabled"] = new.get("PrivateDnsEnabled", False)
    if any(value is not None for value in members.values()):
        ec2(context, "ModifyVpcEndpoint", members, VpcEndpointId=endpoint)
    TAGGING.apply(context, endpoint, old, new)


def _describe_endpoint(context: Context, endpoint: str, _: Json) -> Mapping[str, Any]:
    (found,) = ec2(context, "DescribeVpcEndpoints", VpcEndpointIds=[endpoint])["VpcEndpoints"]
    names = [f"{entry.get('HostedZoneId', '')}:{entry['DnsName']}" for entry in found.get("DnsEntries", ())]
    made = found.get("CreationTimestamp")
    return {
        "Id": endpoint,
        "DnsEntries": names,
        "NetworkInterfaceIds": list(found.get("NetworkInterfaceIds", ())),
        "CreationTimestamp": made.isoformat() if made else "",
    }


def _remove_endpoint(context: Context, endpoint: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "DeleteVpcEndpoints", VpcEndpointIds=[endpoint])


def _find_endpoint(context: Context, properties: Json) -> str | None:
    also = {"vpc_id": properties["VpcId"], "service_name": properties["ServiceName"]}
    return made_here(context, "DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId", **also)


def _make_log(context: Context, properties: Json) -> str:
    made = ec2(
        context,
        "CreateFlowLogs",
        pick(properties, *_LOG),
        ResourceIds=[properties["ResourceId"]],
        ClientToken=context.token,
        TagSpecifications=specification(context, "vpc-flow-log", properties),
    )
    failed = made.get("Unsuccessful")
    if failed:
        raise ResourceError(failed[0]["Error"]["Message"], code="InvalidRequest")
    if not made["FlowLogIds"]:
        raise refuse("no flow log was made")
    log: str = made["FlowLogIds"][0]
    return log


def _remove_log(context: Context, log: str, _: Json) -> None:
    with unless_gone():
        ec2(context, "DeleteFlowLogs", FlowLogIds=[log])


def _find_log(context: Context, properties: Json) -> str | None:
    return made_here(context, "DescribeFlowLogs", "FlowLogs", "FlowLogId", resource_id=properties["ResourceId"])


TYPES = (
    Declared(
        "AWS::EC2::VPCEndpoint",
        handled=frozenset(
            {
                "IpAddressType",
                "PolicyDocument",
                "PrivateDnsEnabled",
                "ServiceName",
                "Tags",
                "VpcEndpointType",
                "VpcId",
                *_ENDS,
            }
        ),
        make=_make_endpoint,
        made=frozenset({"PolicyDocument", "PrivateDnsEnabled", "Tags", *_ENDS}),
        converge=_converge_endpoint,
        describe=_describe_endpoint,
        remove=_remove_endpoint,
        find_id=_find_endpoint,
    ),
    Declared(
        "AWS::EC2::FlowLog",
        handled=frozenset({"ResourceId", "Tags", *_LOG}),
        make=_make_log,
        made=frozenset({"Tags"}),
        converge=retag,
        describe=lambda _, log, __: {"Id": log},
        remove=_remove_log,
        find_id=_find_log,
    ),
)
