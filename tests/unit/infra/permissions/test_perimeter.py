"""What passes the endpoints of a VPC: ours to ours, and of AWS's own what jobs cannot do without."""

from __future__ import annotations

import pytest

from headgate.infra.permissions.perimeter import GATEWAYS, INTERFACES, LAYERS, endpoint_policy

OURS = "${OrganizationId}"


@pytest.mark.parametrize("service", [*GATEWAYS, *INTERFACES])
def test_principals_are_of_the_organization_wherever_they_are_known(service: str) -> None:
    for each in endpoint_policy(service).statements:
        if each.sid != "LayersOfImages":
            assert each.conditions["StringEquals"]["aws:PrincipalOrgID"] == OURS


def test_layers_of_images_pass_whoever_signed_their_address() -> None:
    """ECR signs the addresses of layers: there the puller is no principal of the organization."""
    (layers,) = [each for each in endpoint_policy("s3").statements if each.sid == "LayersOfImages"]
    assert (layers.actions, layers.resources, layers.conditions) == (("s3:GetObject",), (LAYERS,), {})
    assert LAYERS.endswith(":::prod-${AWS::Region}-starport-layer-bucket/*")


@pytest.mark.parametrize("service", ["ecr.api", "ecr.dkr"])
def test_images_of_aws_are_pulled_through_both_endpoints_of_ecr(service: str) -> None:
    (images,) = [each for each in endpoint_policy(service).statements if each.sid == "ImagesOfAws"]
    assert set(images.actions) == {"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}
