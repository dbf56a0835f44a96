"""Seam: what moto's EC2 holds of subnets, routes and endpoints decides which way a job's requests take, and by what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.local_daemon import LocalDaemon

pytestmark = pytest.mark.slow

WHERE = (
    "import boto3, urllib.parse\n"
    "def handler(event, context):\n"
    "    service, operation, given = event\n"
    "    try:\n"
    "        getattr(boto3.client(service), operation)(**given)\n"
    "    except Exception as error:\n"
    "        return str(error)\n"
)


@dataclass(frozen=True)
class Network:
    """A closed VPC with a subnet that a function runs in; `ask` gives what came of its call, empty for an answer."""

    daemon: LocalDaemon
    vpc: str
    subnet: str
    table: str

    def endpoint(self, service: str, **settings: Any) -> str:
        made = self.daemon.client("ec2").create_vpc_endpoint(
            VpcId=self.vpc, ServiceName=f"com.amazonaws.eu-west-1.{service}", **settings
        )
        return str(made["VpcEndpoint"]["VpcEndpointId"])

    def ask(self, service: str, operation: str, **given: Any) -> str:
        answer, _ = self.daemon.invoke("inside", [service, operation, given])
        return answer or ""


@pytest.fixture(scope="module")
def network(daemon: LocalDaemon) -> Iterator[Network]:
    ec2 = daemon.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="jobs", Description="jobs", VpcId=vpc)["GroupId"]
    (main,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    inside = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    daemon.function("inside", WHERE, VpcConfig=inside, Timeout=30)
    yield Network(daemon, vpc, subnet, main["RouteTableId"])
    daemon.client("lambda").delete_function(FunctionName="inside")


def test_a_function_in_a_closed_vpc_reaches_what_has_an_endpoint_as_far_as_its_policy_goes(network: Network) -> None:
    s3 = network.daemon.client("s3")
    for bucket in ("ours-8", "theirs-8"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert "no way from subnet-" in network.ask("s3", "put_object", Bucket="ours-8", Key="x")

    statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::ours-8/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = network.endpoint("s3", RouteTableIds=[network.table], PolicyDocument=policy)
    assert network.ask("s3", "put_object", Bucket="ours-8", Key="x") == ""
    refused = network.ask("s3", "put_object", Bucket="theirs-8", Key="x")
    assert "because no VPC endpoint policy allows the s3:PutObject action" in refused
    s3.put_object(Bucket="theirs-8", Key="x")

    own = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ours-8/*"}
    only = {**own, "Condition": {"StringNotEquals": {"aws:SourceVpce": made}}}
    s3.put_bucket_policy(Bucket="ours-8", Policy=json.dumps({"Version": "2012-10-17", "Statement": [only]}))
    assert network.ask("s3", "get_object", Bucket="ours-8", Key="x") == ""
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        s3.get_object(Bucket="ours-8", Key="x")
    network.daemon.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made])
    assert "no way from subnet-" in network.ask("s3", "get_object", Bucket="ours-8", Key="x")


def test_an_interface_endpoint_answers_to_the_usual_name_only_with_private_dns(network: Network) -> None:
    made = network.endpoint("ssm", VpcEndpointType="Interface", SubnetIds=[network.subnet], PrivateDnsEnabled=False)
    assert "no endpoint com.amazonaws.eu-west-1.ssm" in network.ask("ssm", "describe_parameters")
    ec2 = network.daemon.client("ec2")
    ec2.modify_vpc_endpoint(VpcEndpointId=made, PrivateDnsEnabled=True)
    assert network.ask("ssm", "describe_parameters") == ""


def test_a_route_out_leads_everywhere_from_nowhere_in_particular(network: Network) -> None:
    ec2 = network.daemon.client("ec2")
    assert "no way from subnet-" in network.ask("sqs", "list_queues")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    ec2.create_route(RouteTableId=network.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    assert network.ask("sqs", "list_queues") == ""
    ec2.delete_route(RouteTableId=network.table, DestinationCidrBlock="0.0.0.0/0")
    assert "no way from subnet-" in network.ask("sqs", "list_queues")


def test_the_default_vpc_has_a_way_out_as_on_aws(network: Network) -> None:
    ec2 = network.daemon.client("ec2")
    (first, *_) = ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [first["VpcId"]]}])["SecurityGroups"]
    inside = {"SubnetIds": [first["SubnetId"]], "SecurityGroupIds": [groups[0]["GroupId"]]}
    client = network.daemon.client("lambda")
    client.update_function_configuration(FunctionName="inside", VpcConfig=inside)
    assert network.ask("sqs", "list_queues") == ""
