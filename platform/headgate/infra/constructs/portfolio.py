"""The Service Catalog portfolio and its products, launched as a role that may do nothing but launch them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import aws_servicecatalog as servicecatalog
from constructs import Construct

from headgate.infra.names import identifier
from headgate.infra.tokens import sub

PORTFOLIO = "Headgate"


@dataclass(frozen=True, slots=True)
class Product:
    """A product: its template is at `template_url`, and `version` changes with it."""

    key: str
    name: str
    description: str
    template_url: str
    version: str


class Portfolio(Construct):
    """One portfolio; `requesters` are the ARNs of the roles that may launch its products."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        products: Sequence[Product],
        launch_role: str,
        requesters: Mapping[str, str],
    ) -> None:
        super().__init__(scope, name)
        self.resource = servicecatalog.CfnPortfolio(
            self,
            "Resource",
            display_name=PORTFOLIO,
            provider_name="platform team",
            description="Accounts and projects, each with its guardrails",
        )
        self.constraints = [self._product(product, launch_role) for product in products]
        for who, arn in requesters.items():
            servicecatalog.CfnPortfolioPrincipalAssociation(
                self,
                f"Requester{identifier(who)}",
                portfolio_id=self.resource.ref,
                principal_arn=arn,
                principal_type="IAM",
            )

    def _product(self, product: Product, launch_role: str) -> servicecatalog.CfnLaunchRoleConstraint:
        name = identifier(product.key)
        made = servicecatalog.CfnCloudFormationProduct(
            self,
            name,
            name=product.name,
            owner="platform team",
            description=product.description,
            provisioning_artifact_parameters=[
                servicecatalog.CfnCloudFormationProduct.ProvisioningArtifactPropertiesProperty(
                    name=product.version,
                    info={"LoadTemplateFromURL": product.template_url},
                    disable_template_validation=False,
                )
            ],
        )
        association = servicecatalog.CfnPortfolioProductAssociation(
            self, f"{name}Association", portfolio_id=self.resource.ref, product_id=made.ref
        )
        constraint = servicecatalog.CfnLaunchRoleConstraint(
            self,
            f"{name}Launch",
            portfolio_id=self.resource.ref,
            product_id=made.ref,
            role_arn=launch_role,
            description=sub("Launched as headgate-launch, whoever asks"),
        )
        constraint.add_resource_dependency(association)
        return constraint
