"""Guardrails of teams: instance types, and in closed environments the VPC, encryption and isolation of jobs."""

from __future__ import annotations

from headgate.infra.permissions import resources
from headgate.infra.permissions.document import Ref, Statement
from headgate.infra.permissions.guardrails.model import anywhere, deny
from headgate.infra.permissions.sagemaker_requests import (
    IN_VPC,
    ISOLATED,
    WITH_INSTANCES,
    WITH_OUTPUT_KEY,
    WITH_VOLUME_KEY,
)


def machine_learning() -> tuple[Statement, ...]:
    return (
        deny(
            "ApprovedInstanceTypesOnly",
            WITH_INSTANCES,
            {"ForAnyValue:StringNotLike": {"sagemaker:InstanceTypes": Ref("ApprovedInstanceTypes")}},
        ),
        deny(
            "NotebooksWithoutRoot",
            ("sagemaker:CreateNotebookInstance",),
            {"StringNotEquals": {"sagemaker:RootAccess": "Disabled"}},
        ),
        deny(
            "NotebooksStayWithoutRoot",
            ("sagemaker:UpdateNotebookInstance",),
            {"StringEquals": {"sagemaker:RootAccess": "Enabled"}},
        ),
        deny(
            "DomainsInTheVpc",
            ("sagemaker:CreateDomain",),
            {"StringNotEquals": {"sagemaker:AppNetworkAccessType": "VpcOnly"}},
        ),
        deny(
            "DomainsStayInTheVpc",
            ("sagemaker:UpdateDomain",),
            {"StringEquals": {"sagemaker:AppNetworkAccessType": "PublicInternetOnly"}},
        ),
        deny("NoMarketplace", ("aws-marketplace:Subscribe",)),
    )


def private() -> tuple[Statement, ...]:
    return (
        deny(
            "NoWayToTheInternet",
            (
                "ec2:AcceptVpcPeeringConnection",
                "ec2:AllocateAddress",
                "ec2:AssociateAddress",
                "ec2:AttachInternetGateway",
                "ec2:AttachVpnGateway",
                "ec2:CreateCarrierGateway",
                "ec2:CreateClientVpnEndpoint",
                "ec2:CreateEgressOnlyInternetGateway",
                "ec2:CreateInstanceConnectEndpoint",
                "ec2:CreateInternetGateway",
                "ec2:CreateNatGateway",
                "ec2:CreateTransitGatewayPeeringAttachment",
                "ec2:CreateTransitGatewayVpcAttachment",
                "ec2:CreateVpcEndpointServiceConfiguration",
                "ec2:CreateVpcPeeringConnection",
                "ec2:CreateVpnConnection",
                "ec2:CreateVpnGateway",
                "globalaccelerator:Create*",
            ),
        ),
        deny(
            "OnlyEndpointsOfAws",
            ("ec2:CreateVpcEndpoint",),
            {"StringNotEquals": {"ec2:VpceServiceOwner": "amazon"}},
            anywhere(resources.ENDPOINTS_OF_VPCS),
        ),
        deny(
            "FunctionsInTheVpc",
            ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"),
            {"Null": {"lambda:SubnetIds": "true"}},
        ),
        deny("JobsAndModelsInTheVpc", IN_VPC, {"Null": {"sagemaker:VpcSubnets": "true"}}),
        deny("VolumesAreEncrypted", WITH_VOLUME_KEY, {"Null": {"sagemaker:VolumeKmsKey": "true"}}),
        deny("OutputsAreEncrypted", WITH_OUTPUT_KEY, {"Null": {"sagemaker:OutputKmsKey": "true"}}),
        deny(
            "NotebooksWithoutInternet",
            ("sagemaker:CreateNotebookInstance",),
            {"StringNotEquals": {"sagemaker:DirectInternetAccess": "Disabled"}},
        ),
    )


def network_isolation() -> tuple[Statement, ...]:
    return (
        deny(
            "ContainersWithoutNetwork",
            ISOLATED,
            {"BoolIfExists": {"sagemaker:NetworkIsolation": "false"}},
        ),
    )
