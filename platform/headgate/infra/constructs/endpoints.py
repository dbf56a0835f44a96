"""VPC endpoints: how what runs without internet reaches AWS, and only this organization's part of it."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from headgate.infra.constructs.network import HTTPS, Conditions, Network
from headgate.infra.permissions.perimeter import GATEWAYS, INTERFACES, endpoint_policy
from headgate.infra.tokens import filled, sub


class Endpoints(Construct):
    """Gateway endpoints in every VPC that is created, interface endpoints where there is no internet."""

    def __init__(self, scope: Construct, name: str, network: Network, when: Conditions) -> None:
        super().__init__(scope, name)
        for service in GATEWAYS:
            endpoint = ec2.CfnVPCEndpoint(
                self,
                _identifier(service),
                vpc_id=network.created.ref,
                service_name=sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                vpc_endpoint_type="Gateway",
                route_table_ids=[each.ref for each in network.route_tables],
                policy_document=filled(endpoint_policy(service).body),
            )
            endpoint.cfn_options.condition = when.created
        group = self._group(network, when)
        first, second = (each.ref for each in network.private)
        subnets = cdk.Token.as_list(
            cdk.Fn.condition_if(when.redundant.logical_id, [first, second], [first]),
        )
        for service in INTERFACES:
            interface = ec2.CfnVPCEndpoint(
                self,
                _identifier(service),
                vpc_id=network.created.ref,
                service_name=sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=subnets,
                security_group_ids=[group.attr_group_id],
                policy_document=filled(endpoint_policy(service).body),
            )
            interface.cfn_options.condition = when.endpoints

    def _group(self, network: Network, when: Conditions) -> ec2.CfnSecurityGroup:
        group = ec2.CfnSecurityGroup(
            self,
            "Group",
            group_description="Endpoints of the VPC: TLS from jobs",
            vpc_id=network.created.ref,
            security_group_ingress=[
                ec2.CfnSecurityGroup.IngressProperty(
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    source_security_group_id=network.jobs.attr_group_id,
                    description="from jobs",
                )
            ],
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    destination_security_group_id=network.jobs.attr_group_id,
                    description="to jobs",
                )
            ],
            tags=[cdk.CfnTag(key="Name", value="headgate-endpoints")],
        )
        group.cfn_options.condition = when.endpoints
        return group


def _identifier(service: str) -> str:
    return "".join(part.title() for part in service.split("."))
