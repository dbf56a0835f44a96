from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from headgate.localcloud.cloudformation.types import Physical, ResourceError
from headgate.localcloud.seams import Json
from unit.localcloud.cloudformation.resources.bench import Bench

pytestmark = pytest.mark.slow  # needs a daemon

VPC, SUBNET, TABLE = "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::RouteTable"
ROUTE, ASSOCIATION = "AWS::EC2::Route", "AWS::EC2::SubnetRouteTableAssociation"
GATEWAY, ATTACHMENT, ADDRESS = "AWS::EC2::InternetGateway", "AWS::EC2::VPCGatewayAttachment", "AWS::EC2::EIP"
NAT, GROUP, ENDPOINT, LOG = (
    "AWS::EC2::NatGateway",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::VPCEndpoint",
    "AWS::EC2::FlowLog",
)
INGRESS, EGRESS = "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"

CIDR = {"CidrBlock": "10.1.0.0/16"}


def name(text: str) -> list[Json]:
    return [{"Key": "Name", "Value": text}]


def tags(found: Json) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in found["Tags"] if not tag["Key"].startswith("aws:")}


def vpc(bench: Bench) -> str:
    return bench.create(VPC, CIDR, "Vpc").id


def subnet(bench: Bench, vpc_id: str, number: int = 0) -> Physical:
    wanted = {"VpcId": vpc_id, "CidrBlock": f"10.1.{number}.0/24", "AvailabilityZone": f"eu-west-1{'abc'[number]}"}
    return bench.create(SUBNET, wanted, f"Subnet{number}")


def test_a_vpc_has_dns_as_asked_for_and_its_default_group(bench: Bench) -> None:
    old = {**CIDR, "EnableDnsHostnames": True, "EnableDnsSupport": True, "Tags": name("one")}
    new = {**CIDR, "EnableDnsSupport": False, "Tags": name("two")}
    made = bench.create(VPC, old)
    client = bench.client("ec2")

    def dns(attribute: str) -> bool:
        found = client.describe_vpc_attribute(VpcId=made.id, Attribute=attribute)
        return bool(found[attribute[0].upper() + attribute[1:]]["Value"])

    assert (dns("enableDnsHostnames"), dns("enableDnsSupport")) == (True, True)
    (group,) = client.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [made.id]}])["SecurityGroups"]
    assert made.attributes["DefaultSecurityGroup"] == group["GroupId"]
    assert made.attributes["CidrBlock"] == "10.1.0.0/16"
    assert made.attributes["DefaultNetworkAcl"].startswith("acl-")
    bench.update(VPC, made, old, new)
    assert (dns("enableDnsHostnames"), dns("enableDnsSupport")) == (False, False)
    assert tags(client.describe_vpcs(VpcIds=[made.id])["Vpcs"][0]) == {"team": "forecasting", "Name": "two"}
    bench.delete(VPC, made, new)
    with pytest.raises(ClientError, match=r"InvalidVpcID.NotFound"):
        client.describe_vpcs(VpcIds=[made.id])


def test_an_interrupted_vpc_is_found_but_not_the_one_that_is_being_replaced(bench: Bench) -> None:
    made = bench.create(VPC, CIDR)
    found = bench.find(VPC, CIDR)
    assert found is not None
    assert found.id == made.id
    assert bench.find(VPC, {"CidrBlock": "10.2.0.0/16"}) is None
    assert bench.find(VPC, CIDR, "Other") is None


def test_a_subnet_is_private_unless_it_asks(bench: Bench) -> None:
    made = subnet(bench, vpc(bench))
    client = bench.client("ec2")

    def public() -> bool:
        return bool(client.describe_subnets(SubnetIds=[made.id])["Subnets"][0]["MapPublicIpOnLaunch"])

    assert not public()
    assert made.attributes["AvailabilityZone"] == "eu-west-1a"
    assert made.attributes["NetworkAclAssociationId"].startswith("aclassoc-")
    where = {"VpcId": made.attributes["VpcId"], "CidrBlock": "10.1.0.0/24"}
    bench.update(SUBNET, made, where, {**where, "MapPublicIpOnLaunch": True})
    assert public()
    again = bench.find(SUBNET, where, "Subnet0")
    assert again is not None
    assert again.id == made.id
    bench.delete(SUBNET, made, where)
    assert bench.find(SUBNET, where, "Subnet0") is None


def test_the_way_to_the_internet_is_made_and_taken_down(bench: Bench) -> None:
    client, network = bench.client("ec2"), vpc(bench)
    public = subnet(bench, network)
    gateway = bench.create(GATEWAY, {"Tags": name("headgate")}, "Internet")
    joined = {"VpcId": network, "InternetGatewayId": gateway.id}
    attachment = bench.create(ATTACHMENT, joined, "Attachment")
    assert bench.find(ATTACHMENT, joined) == attachment
    asked = {"Domain": "vpc", "Tags": name("nat")}
    address = bench.create(ADDRESS, asked, "Address")
    assert bench.find(ADDRESS, asked, "Address") == address
    assert bench.find(GATEWAY, {"Tags": name("headgate")}, "Internet") == gateway
    assert address.id == address.attributes["PublicIp"]
    wanted = {"AllocationId": address.attributes["AllocationId"], "SubnetId": public.id, "Tags": name("nat")}
    nat = bench.create(NAT, wanted, "Nat")
    assert nat.attributes["EniId"].startswith("eni-")
    found_nat = bench.find(NAT, wanted, "Nat")
    assert found_nat is not None
    assert found_nat.id == nat.id
    table = bench.create(TABLE, {"VpcId": network}, "Table")
    out = {"RouteTableId": table.id, "DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gateway.id}
    through = {"RouteTableId": table.id, "DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": nat.id}
    route = bench.create(ROUTE, out)
    assert route.attributes["CidrBlock"] == "0.0.0.0/0"
    assert goal(client, table.id) == (gateway.id, None)
    bench.update(ROUTE, route, out, through)
    assert goal(client, table.id) == (None, nat.id)
    assert bench.find(ROUTE, through) == route
    bench.delete(ROUTE, route, through)
    assert goal(client, table.id) is None
    bench.delete(NAT, nat, wanted)
    bench.delete(ADDRESS, address, {})
    assert client.describe_addresses()["Addresses"] == []
    bench.delete(ATTACHMENT, attachment, joined)
    bench.delete(GATEWAY, gateway, {})
    gateways = client.describe_internet_gateways()["InternetGateways"]
    assert gateway.id not in [found["InternetGatewayId"] for found in gateways]


def goal(client: Any, table: str) -> Any:
    """Gateway and NAT gateway of the default route."""
    (found,) = client.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    for route in found["Routes"]:
        if route.get("DestinationCidrBlock") == "0.0.0.0/0":
            return route.get("GatewayId"), route.get("NatGatewayId")
    return None


def test_an_attachment_moves_to_another_gateway(bench: Bench) -> None:
    client, network = bench.client("ec2"), vpc(bench)
    one, two = (bench.create(GATEWAY, {}, f"Gateway{number}").id for number in range(2))
    old, new = ({"VpcId": network, "InternetGatewayId": gateway} for gateway in (one, two))
    made = bench.create(ATTACHMENT, old)
    bench.update(ATTACHMENT, made, old, new)
    found = client.describe_internet_gateways(InternetGatewayIds=[one, two])["InternetGateways"]
    assert {each["InternetGatewayId"]: len(each["Attachments"]) for each in found} == {one: 0, two: 1}
    with pytest.raises(ResourceError, match="without InternetGatewayId"):
        bench.create(ATTACHMENT, {"VpcId": network, "VpnGatewayId": "vgw-1"}, "Other")
    with pytest.raises(ResourceError, match="has to be vpc, not standard"):
        bench.create(ADDRESS, {"Domain": "standard"})


def test_a_route_table_is_associated_with_a_subnet_and_let_go(bench: Bench) -> None:
    client, network = bench.client("ec2"), vpc(bench)
    inside = subnet(bench, network)
    table = bench.create(TABLE, {"VpcId": network, "Tags": name("private")}, "Table")
    joined = {"RouteTableId": table.id, "SubnetId": inside.id}
    association = bench.create(ASSOCIATION, joined)

    def subnets() -> list[str]:
        (found,) = client.describe_route_tables(RouteTableIds=[table.id])["RouteTables"]
        return [each["SubnetId"] for each in found["Associations"]]

    assert subnets() == [inside.id]
    assert bench.find(ASSOCIATION, joined) == association
    bench.delete(ASSOCIATION, association, joined)
    assert subnets() == []
    bench.delete(TABLE, table, {})
    with pytest.raises(ClientError, match=r"InvalidRouteTableID.NotFound"):
        client.describe_route_tables(RouteTableIds=[table.id])


def rules(bench: Bench, group: str) -> set[tuple[Any, ...]]:
    """Direction, protocol, port, the other end and the description."""
    found = bench.client("ec2").describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return {
        (
            "out" if rule["IsEgress"] else "in",
            rule["IpProtocol"],
            rule.get("FromPort"),
            rule.get("CidrIpv4") or rule.get("ReferencedGroupInfo", {}).get("GroupId"),
            rule.get("Description"),
        )
        for rule in found["SecurityGroupRules"]
    }


def tls(end: Json, said: str = "tls") -> Json:
    return {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Description": said, **end}


def test_a_security_group_lets_through_what_it_says_and_nothing_else(bench: Bench) -> None:
    network = vpc(bench)
    base = {"GroupDescription": "jobs", "VpcId": network, "Tags": name("jobs")}
    open_out = bench.create(GROUP, base, "Open")
    assert {rule[:4] for rule in rules(bench, open_out.id)} == {("out", "-1", -1, "0.0.0.0/0")}
    old = {**base, "SecurityGroupEgress": [tls({"CidrIp": "0.0.0.0/0"})]}
    new = {
        **base,
        "SecurityGroupIngress": [tls({"SourceSecurityGroupId": open_out.id})],
        "SecurityGroupEgress": [tls({"CidrIp": "10.1.0.0/16"}, "inside")],
    }
    made = bench.create(GROUP, old)
    assert made.attributes["GroupId"] == made.id
    assert rules(bench, made.id) == {("out", "tcp", 443, "0.0.0.0/0", "tls")}
    bench.update(GROUP, made, old, new)
    assert rules(bench, made.id) == {
        ("in", "tcp", 443, open_out.id, "tls"),
        ("out", "tcp", 443, "10.1.0.0/16", "inside"),
    }
    bench.update(GROUP, made, new, base)
    assert {rule[:4] for rule in rules(bench, made.id)} == {("out", "-1", -1, "0.0.0.0/0")}
    found = bench.find(GROUP, base)
    assert found is not None
    assert found.id == made.id
    bench.delete(GROUP, made, base)
    assert bench.find(GROUP, base) is None


@pytest.mark.parametrize(
    ("kind", "end", "way"),
    [(INGRESS, "SourceSecurityGroupId", "in"), (EGRESS, "DestinationSecurityGroupId", "out")],
)
def test_a_rule_stands_by_itself(bench: Bench, kind: str, end: str, way: str) -> None:
    group = bench.create(GROUP, {"GroupDescription": "jobs", "VpcId": vpc(bench)}, "Group").id
    wanted = {"GroupId": group, "IpProtocol": "-1", end: group, "Description": "among themselves"}
    before = rules(bench, group)
    made = bench.create(kind, wanted)
    assert rules(bench, group) - before == {(way, "-1", -1, group, "among themselves")}
    assert bench.find(kind, wanted) == made
    bench.delete(kind, made, wanted)
    assert rules(bench, group) == before
    assert bench.find(kind, wanted) is None


def test_a_gateway_endpoint_routes_from_the_tables_it_names(bench: Bench) -> None:
    client, network = bench.client("ec2"), vpc(bench)
    one, two = (bench.create(TABLE, {"VpcId": network}, f"Table{number}").id for number in range(2))
    policy = {"Version": "2012-10-17", "Statement": []}
    old = {
        "VpcId": network,
        "ServiceName": "com.amazonaws.eu-west-1.s3",
        "VpcEndpointType": "Gateway",
        "RouteTableIds": [one],
    }
    new = {**old, "RouteTableIds": [two], "PolicyDocument": policy}
    made = bench.create(ENDPOINT, old)

    def state() -> Any:
        (found,) = client.describe_vpc_endpoints(VpcEndpointIds=[made.id])["VpcEndpoints"]
        return found["RouteTableIds"], prefixed(client, one), prefixed(client, two)

    assert state() == ([one], True, False)
    bench.update(ENDPOINT, made, old, new)
    assert state() == ([two], False, True)
    bench.delete(ENDPOINT, made, new)
    assert prefixed(client, two) is False
    assert bench.find(ENDPOINT, new) is None


def prefixed(client: Any, table: str) -> bool:
    (found,) = client.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    return any(route.get("DestinationPrefixListId") for route in found["Routes"])


def test_an_interface_endpoint_stands_in_its_subnets_with_its_groups_and_policy(bench: Bench) -> None:
    client, network = bench.client("ec2"), vpc(bench)
    first, second = (subnet(bench, network, number).id for number in range(2))
    groups = [
        bench.create(GROUP, {"GroupDescription": "g", "VpcId": network}, f"Group{number}").id for number in range(2)
    ]
    old = {
        "VpcId": network,
        "ServiceName": "com.amazonaws.eu-west-1.sagemaker.api",
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "SubnetIds": [first, second],
        "SecurityGroupIds": [groups[0]],
        "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]},
    }
    new = {**old, "PrivateDnsEnabled": False, "SubnetIds": [first], "SecurityGroupIds": [groups[1]]}
    del new["PolicyDocument"]
    made = bench.create(ENDPOINT, old)
    assert len(made.attributes["NetworkInterfaceIds"]) == 2
    assert "sagemaker" in made.attributes["DnsEntries"][0]

    def state() -> Any:
        (found,) = client.describe_vpc_endpoints(VpcEndpointIds=[made.id])["VpcEndpoints"]
        return (
            found["SubnetIds"],
            [group["GroupId"] for group in found["Groups"]],
            found["PrivateDnsEnabled"],
            "Effect" in found.get("PolicyDocument", ""),
            len(found["NetworkInterfaceIds"]),
        )

    assert state() == ([first, second], [groups[0]], True, True, 2)
    bench.update(ENDPOINT, made, old, new)
    assert state()[:3] == ([first], [groups[1]], False)
    bench.delete(ENDPOINT, made, new)
    assert bench.find(ENDPOINT, new) is None


def test_flow_logs_go_to_a_bucket_or_to_a_log_group(bench: Bench) -> None:
    client, network = bench.client("ec2"), vpc(bench)
    bucket = bench.create("AWS::S3::Bucket", {}, "Logs").id
    wanted = {
        "ResourceId": network,
        "ResourceType": "VPC",
        "TrafficType": "ALL",
        "LogDestinationType": "s3",
        "LogDestination": f"arn:aws:s3:::{bucket}/flow/",
        "Tags": name("flow"),
    }
    made = bench.create(LOG, wanted)
    (found,) = client.describe_flow_logs()["FlowLogs"]
    assert (found["FlowLogId"], found["ResourceId"], found["DeliverLogsStatus"]) == (made.id, network, "SUCCESS")
    assert tags(found) == {"team": "forecasting", "Name": "flow"}
    again = bench.find(LOG, wanted)
    assert again == made
    bench.update(LOG, made, wanted, {**wanted, "Tags": name("other")})
    assert tags(client.describe_flow_logs()["FlowLogs"][0])["Name"] == "other"
    bench.delete(LOG, made, wanted)
    assert client.describe_flow_logs()["FlowLogs"] == []
    with pytest.raises(ClientError, match="NoSuchBucket"):
        bench.create(LOG, {**wanted, "LogDestination": "arn:aws:s3:::no-such-bucket-anywhere"})
    bench.client("logs").create_log_group(logGroupName="/flow")
    grouped = {
        "ResourceId": network,
        "ResourceType": "VPC",
        "TrafficType": "REJECT",
        "LogGroupName": "/flow",
        "DeliverLogsPermissionArn": f"arn:aws:iam::{bench.account}:role/flow",
    }
    bench.create(LOG, grouped)
    assert client.describe_flow_logs()["FlowLogs"][0]["LogGroupName"] == "/flow"
