"""A VPC with private subnets in two Availability Zones, made or brought; the internet only where it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from headgate.infra.tokens import sub

ZONES = ("A", "B")
EVERYWHERE = "0.0.0.0/0"
HTTPS = 443

R = TypeVar("R", bound=cdk.CfnResource)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the parameters VpcCidr, Internet and ZoneRedundant come to."""

    created: cdk.CfnCondition
    brought: cdk.CfnCondition
    internet: cdk.CfnCondition
    endpoints: cdk.CfnCondition
    redundant: cdk.CfnCondition


def conditions(scope: Construct) -> Conditions:
    """The network's conditions, in the stack of `scope`; endpoints stand where there is no internet to go through."""
    brought = cdk.Fn.condition_equals(sub("${VpcCidr}"), "")
    made = cdk.Fn.condition_not(brought)
    internet = cdk.Fn.condition_equals(sub("${Internet}"), "true")
    created = cdk.CfnCondition(scope, "CreatesVpc", expression=made)
    return Conditions(
        created=created,
        brought=cdk.CfnCondition(scope, "BringsVpc", expression=brought),
        internet=cdk.CfnCondition(scope, "HasInternet", expression=cdk.Fn.condition_and(made, internet)),
        endpoints=cdk.CfnCondition(
            scope, "HasEndpoints", expression=cdk.Fn.condition_and(made, cdk.Fn.condition_not(internet))
        ),
        redundant=cdk.CfnCondition(
            scope, "HasTwoZones", expression=cdk.Fn.condition_equals(sub("${ZoneRedundant}"), "true")
        ),
    )


class Network(Construct):
    """The VPC, its subnets and routes, and the security group that jobs run in.

    `vpc_id`, `subnet_ids` and `security_group_ids` are those of the VPC that is used, created or brought; the others
    exist only under `conditions.created`.
    """

    def __init__(self, scope: Construct, name: str, when: Conditions) -> None:
        super().__init__(scope, name)
        self._when = when
        self.created = _on(
            ec2.CfnVPC(
                self,
                "Vpc",
                cidr_block=sub("${VpcCidr}"),
                enable_dns_hostnames=True,
                enable_dns_support=True,
                tags=[_name("headgate")],
            ),
            when.created,
        )
        self.private = [self._subnet("Private", zone, index) for index, zone in enumerate(ZONES)]
        self.route_tables = [
            self._route_table("Private", zone, subnet, when.created)
            for zone, subnet in zip(ZONES, self.private, strict=True)
        ]
        self.jobs = self._jobs_group()
        self._internet()
        chosen = when.created.logical_id
        self.vpc_id = cdk.Fn.condition_if(chosen, self.created.ref, sub("${VpcId}")).to_string()
        self.subnet_ids = cdk.Fn.condition_if(
            chosen, cdk.Fn.join(",", [each.ref for each in self.private]), _joined("SubnetIds")
        ).to_string()
        self.security_group_ids = cdk.Fn.condition_if(
            chosen, self.jobs.attr_group_id, _joined("SecurityGroupIds")
        ).to_string()

    def _subnet(self, kind: str, zone: str, index: int) -> ec2.CfnSubnet:
        blocks = cdk.Fn.cidr(sub("${VpcCidr}"), 2 * len(ZONES), sub("${SubnetBits}"))
        subnet = ec2.CfnSubnet(
            self,
            f"{kind}{zone}",
            vpc_id=self.created.ref,
            availability_zone=cdk.Fn.select(ZONES.index(zone), cdk.Fn.get_azs()),
            cidr_block=cdk.Fn.select(index, blocks),
            map_public_ip_on_launch=False,
            tags=[_name(f"headgate-{kind.lower()}-{zone.lower()}")],
        )
        return _on(subnet, self._when.created)

    def _route_table(self, kind: str, zone: str, subnet: ec2.CfnSubnet, when: cdk.CfnCondition) -> ec2.CfnRouteTable:
        table = ec2.CfnRouteTable(
            self,
            f"{kind}{zone}Routes",
            vpc_id=self.created.ref,
            tags=[_name(f"headgate-{kind.lower()}-{zone.lower()}")],
        )
        association = ec2.CfnSubnetRouteTableAssociation(
            self, f"{kind}{zone}RoutesAssociation", route_table_id=table.ref, subnet_id=subnet.ref
        )
        _on(association, when)
        return _on(table, when)

    def _jobs_group(self) -> ec2.CfnSecurityGroup:
        group = ec2.CfnSecurityGroup(
            self,
            "Jobs",
            group_description="Jobs, endpoints and notebooks: among themselves, and out over TLS",
            vpc_id=self.created.ref,
            security_group_egress=[
                ec2.CfnSecurityGroup.EgressProperty(
                    ip_protocol="tcp",
                    from_port=HTTPS,
                    to_port=HTTPS,
                    cidr_ip=EVERYWHERE,
                    description="TLS to the VPC's endpoints; the route tables decide what else there is",
                )
            ],
            tags=[_name("headgate-jobs")],
        )
        for rule in (_from_jobs(self, group), _to_jobs(self, group)):
            _on(rule, self._when.created)
        return _on(group, self._when.created)

    def _internet(self) -> None:
        """A NAT gateway in one public subnet: nothing comes in, and only under `HasInternet`."""
        when = self._when.internet
        gateway = _on(ec2.CfnInternetGateway(self, "Internet", tags=[_name("headgate")]), when)
        attached = _on(
            ec2.CfnVPCGatewayAttachment(
                self, "InternetAttachment", vpc_id=self.created.ref, internet_gateway_id=gateway.ref
            ),
            when,
        )
        public = _on(self._subnet("Public", ZONES[0], len(ZONES)), when)
        table = self._route_table("Public", ZONES[0], public, when)
        out = ec2.CfnRoute(
            self,
            "PublicRoute",
            route_table_id=table.ref,
            destination_cidr_block=EVERYWHERE,
            gateway_id=gateway.ref,
        )
        _on(out, when).add_resource_dependency(attached)
        address = _on(ec2.CfnEIP(self, "NatAddress", domain="vpc", tags=[_name("headgate-nat")]), when)
        address.add_resource_dependency(attached)
        nat = ec2.CfnNatGateway(
            self, "Nat", allocation_id=address.attr_allocation_id, subnet_id=public.ref, tags=[_name("headgate")]
        )
        _on(nat, when).add_resource_dependency(out)
        for zone, private in zip(ZONES, self.route_tables, strict=True):
            route = ec2.CfnRoute(
                self,
                f"Private{zone}Route",
                route_table_id=private.ref,
                destination_cidr_block=EVERYWHERE,
                nat_gateway_id=nat.ref,
            )
            _on(route, when)


def _from_jobs(scope: Construct, group: ec2.CfnSecurityGroup) -> cdk.CfnResource:
    return ec2.CfnSecurityGroupIngress(
        scope,
        "JobsIn",
        group_id=group.attr_group_id,
        ip_protocol="-1",
        source_security_group_id=group.attr_group_id,
        description="between the instances of a job",
    )


def _to_jobs(scope: Construct, group: ec2.CfnSecurityGroup) -> cdk.CfnResource:
    return ec2.CfnSecurityGroupEgress(
        scope,
        "JobsOut",
        group_id=group.attr_group_id,
        ip_protocol="-1",
        destination_security_group_id=group.attr_group_id,
        description="between the instances of a job",
    )


def _on(resource: R, condition: cdk.CfnCondition) -> R:
    """The resource, which exists only under a condition."""
    resource.cfn_options.condition = condition
    return resource


def _name(name: str) -> cdk.CfnTag:
    return cdk.CfnTag(key="Name", value=name)


def _joined(parameter: str) -> str:
    """A list parameter as one text, which is what a condition can choose between."""
    return cdk.Fn.join(",", cdk.Token.as_list({"Ref": parameter}))
