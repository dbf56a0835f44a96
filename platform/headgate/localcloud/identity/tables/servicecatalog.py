"""Service Catalog: portfolios, products, launches. Provisioned products have no ARN that policies could name."""

from __future__ import annotations

from headgate.localcloud.identity.tables.model import Extract, Keys, Need
from headgate.localcloud.identity.tables.parts import Operations, creates, same
from headgate.localcloud.identity.tables.paths import Parameters, at

_START = "arn:aws:catalog:{region}:{account}:"
_PORTFOLIO = _START + "portfolio/{PortfolioId}"
_PORTFOLIO_BY_ID = _START + "portfolio/{Id}"
_PRODUCT = _START + "product/{ProductId}"
_PRODUCT_BY_ID = _START + "product/{Id}"


def _level(kind: str) -> Extract:
    """`self` or an ARN, when a search is limited to the products of the caller's account, role or user."""

    def read(parameters: Parameters) -> str | None:
        limit = at(parameters, "AccessLevelFilter") or {}
        return str(limit.get("Value")) if limit.get("Key") == kind else None

    return read


_LEVELS: Keys = {
    "servicecatalog:accountLevel": _level("Account"),
    "servicecatalog:roleLevel": _level("Role"),
    "servicecatalog:userLevel": _level("User"),
}

OPERATIONS: Operations = {
    "CreatePortfolio": creates("servicecatalog:CreatePortfolio", _START + "portfolio/*"),
    **same("servicecatalog", _PORTFOLIO_BY_ID, "DeletePortfolio DescribePortfolio UpdatePortfolio"),
    **same(
        "servicecatalog",
        _PORTFOLIO,
        "AcceptPortfolioShare AssociatePrincipalWithPortfolio CreatePortfolioShare DeletePortfolioShare "
        "DescribePortfolioShares DisassociatePrincipalFromPortfolio ListPortfolioAccess "
        "ListPrincipalsForPortfolio RejectPortfolioShare",
    ),
    "CreateProduct": creates("servicecatalog:CreateProduct", _START + "product/*"),
    **same(
        "servicecatalog",
        _PRODUCT_BY_ID,
        "DeleteProduct DescribeProduct DescribeProductAsAdmin UpdateProduct",
    ),
    **same(
        "servicecatalog",
        _PRODUCT,
        "CreateConstraint CreateProvisioningArtifact DeleteProvisioningArtifact DescribeProvisioningArtifact "
        "DescribeProvisioningParameters ListLaunchPaths ListPortfoliosForProduct ListProvisioningArtifacts "
        "ProvisionProduct UpdateProvisioningArtifact",
    ),
    **same(
        "servicecatalog",
        "*",
        "AssociateProductWithPortfolio DisassociateProductFromPortfolio DeleteConstraint DescribeConstraint "
        "UpdateConstraint DescribePortfolioShareStatus DescribeProductView ListConstraintsForPortfolio "
        "EnableAWSOrganizationsAccess DisableAWSOrganizationsAccess "
        "GetAWSOrganizationsAccessStatus GetProvisionedProductOutputs ListAcceptedPortfolioShares ListPortfolios "
        "ListTagOptions SearchProducts SearchProductsAsAdmin",
    ),
    **same("servicecatalog", "*", "ListRecordHistory ScanProvisionedProducts SearchProvisionedProducts", _LEVELS),
    **same(
        "servicecatalog",
        "*",
        "DescribeProvisionedProduct DescribeRecord TerminateProvisionedProduct UpdateProvisionedProduct",
    ),
    "ListStackInstancesForProvisionedProduct": (Need("servicecatalog:ListStackInstancesForProvisionedProduct"),),
    "UpdateProvisionedProductProperties": (Need("servicecatalog:UpdateProvisionedProductProperties"),),
}
