"""Seam: what EC2's networks keep of rules and endpoints (`moto_networks.py`)."""

from __future__ import annotations

from typing import Any

import pytest

from contract.local_daemon import LocalDaemon

pytestmark = pytest.mark.slow  # each starts processes of its own


@pytest.fixture
def ec2(daemon: LocalDaemon) -> Any:
    return daemon.client("ec2")


@pytest.fixture
def network(ec2: Any) -> str:
    return str(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])


def test_a_rule_between_groups_keeps_its_description_and_is_revoked_without_it(ec2: Any, network: str) -> None:
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=network)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": group}]}
    said = {**rule, "UserIdGroupPairs": [{"GroupId": group, "Description": "tls"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[said])
    where = [{"Name": "group-id", "Values": [group]}]

    def inward() -> list[Any]:
        found = ec2.describe_security_group_rules(Filters=where)["SecurityGroupRules"]
        return [each["Description"] for each in found if not each["IsEgress"]]

    assert inward() == ["tls"]
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[rule])
    assert inward() == []


def test_a_gateway_endpoints_routes_follow_its_tables(ec2: Any, network: str) -> None:
    tables = [ec2.create_route_table(VpcId=network)["RouteTable"]["RouteTableId"] for _ in range(2)]
    made = ec2.create_vpc_endpoint(VpcId=network, ServiceName="com.amazonaws.eu-west-1.s3", RouteTableIds=tables[:1])
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddRouteTableIds=tables[1:], RemoveRouteTableIds=tables[:1])
    found = ec2.describe_route_tables(RouteTableIds=tables)["RouteTables"]
    routed = [any(route.get("GatewayId") == endpoint for route in table["Routes"]) for table in found]
    assert routed == [False, True]


def test_an_interface_endpoint_follows_its_subnets_and_switches_its_names_and_policy(ec2: Any, network: str) -> None:
    subnets = [
        ec2.create_subnet(VpcId=network, CidrBlock=f"10.9.{number}.0/24")["Subnet"]["SubnetId"] for number in range(2)
    ]
    endpoint = ec2.create_vpc_endpoint(
        VpcId=network,
        ServiceName="com.amazonaws.eu-west-1.ssm",
        VpcEndpointType="Interface",
        SubnetIds=subnets[:1],
        PolicyDocument='{"Statement": []}',
    )["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, AddSubnetIds=subnets[1:], PrivateDnsEnabled=False, ResetPolicy=True)
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, RemoveSubnetIds=subnets[:1])
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert found["SubnetIds"] == subnets[1:]
    assert not found["PrivateDnsEnabled"]
    assert "Allow" in found["PolicyDocument"]
    (interface,) = found["NetworkInterfaceIds"]
    placed = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    assert [each["SubnetId"] for each in placed] == subnets[1:]


def test_a_flow_log_goes_below_a_prefix_of_a_bucket(daemon: LocalDaemon, ec2: Any, network: str) -> None:
    daemon.client("s3").create_bucket(Bucket="flow-logs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    made = ec2.create_flow_logs(
        ResourceIds=[network],
        ResourceType="VPC",
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination="arn:aws:s3:::flow-logs/vpc/",
    )
    assert made["Unsuccessful"] == []
    daemon.kill_and_restart()
    assert daemon.client("ec2").describe_flow_logs()["FlowLogs"][0]["LogDestination"] == "arn:aws:s3:::flow-logs/vpc/"


def test_an_endpoint_is_a_gateway_unless_it_says_otherwise_and_can_be_deleted(ec2: Any, network: str) -> None:
    made = ec2.create_vpc_endpoint(VpcId=network, ServiceName="com.amazonaws.eu-west-1.s3")["VpcEndpoint"]
    assert made["VpcEndpointType"] == "Gateway"
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[made["VpcEndpointId"]])["Unsuccessful"] == []
