"""AWS::ServiceCatalog: Portfolio, CloudFormationProduct, their associations, and LaunchRoleConstraint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from headgate.localcloud.cloudformation.resources.api import call, changed, pick, refuse, unless_gone
from headgate.localcloud.cloudformation.resources.declared import Declared
from headgate.localcloud.cloudformation.resources.tags import all_tags, tag_list, tags_of
from headgate.localcloud.cloudformation.types import Context
from headgate.localcloud.seams import Json

_PORTFOLIO = ("AcceptLanguage", "Description", "DisplayName", "ProviderName")
_PRODUCT = (
    "AcceptLanguage",
    "Description",
    "Distributor",
    "Name",
    "Owner",
    "SupportDescription",
    "SupportEmail",
    "SupportUrl",
)
_TEMPLATE = "CLOUD_FORMATION_TEMPLATE"
_LANGUAGE = ("AcceptLanguage",)


def _catalog(context: Context, operation: str, members: Mapping[str, Any] | None = None, **more: Any) -> Any:
    return call(context, "servicecatalog", operation, members, **more)


def _retag(context: Context, old: Json, new: Json) -> Json:
    """AddTags and RemoveTags of an update."""
    before = {**context.previous_tags, **tags_of(old.get("Tags"))}
    after = all_tags(context, new)
    added = {key: value for key, value in after.items() if before.get(key) != value}
    removed = [key for key in before if key not in after]
    return {"AddTags": tag_list(added), "RemoveTags": removed or None}


def _make_portfolio(context: Context, properties: Json) -> str:
    tags = tag_list(all_tags(context, properties))
    members = pick(properties, *_PORTFOLIO)
    made = _catalog(context, "CreatePortfolio", members, Tags=tags, IdempotencyToken=context.token)
    portfolio: str = made["PortfolioDetail"]["Id"]
    return portfolio


def _converge_portfolio(context: Context, portfolio: str, old: Json, new: Json) -> None:
    tags = _retag(context, old, new)
    if changed(old, new, *_PORTFOLIO) or any(tags.values()):
        members = {"Description": "", **pick(new, *_PORTFOLIO), **tags}
        _catalog(context, "UpdatePortfolio", members, Id=portfolio)


def _describe_portfolio(_: Context, portfolio: str, properties: Json) -> Mapping[str, Any]:
    return {"Id": portfolio, "PortfolioName": properties["DisplayName"]}


def _remove_portfolio(context: Context, portfolio: str, _: Json) -> None:
    with unless_gone():
        _catalog(context, "DeletePortfolio", Id=portfolio)


def _artifact(properties: Json) -> Json:
    made = pick(properties, "Name", "Description", "Info", "DisableTemplateValidation")
    return {**made, "Type": properties.get("Type", _TEMPLATE)}


def _artifacts(properties: Json) -> list[Json]:
    found = [_artifact(one) for one in properties.get("ProvisioningArtifactParameters") or ()]
    if not found:
        raise refuse("a product needs ProvisioningArtifactParameters; SourceConnection is not supported here")
    return found


def _make_product(context: Context, properties: Json) -> str:
    first, *others = _artifacts(properties)
    made = _catalog(
        context,
        "CreateProduct",
        pick(properties, *_PRODUCT),
        ProductType=properties.get("ProductType", _TEMPLATE),
        ProvisioningArtifactParameters=first,
        Tags=tag_list(all_tags(context, properties)),
        IdempotencyToken=context.token,
    )
    product: str = made["ProductViewDetail"]["ProductViewSummary"]["ProductId"]
    _add_artifacts(context, product, properties, others, after=1)
    return product


def _add_artifacts(context: Context, product: str, properties: Json, artifacts: list[Json], after: int) -> None:
    for number, artifact in enumerate(artifacts, after):
        _catalog(
            context,
            "CreateProvisioningArtifact",
            pick(properties, *_LANGUAGE),
            ProductId=product,
            Parameters=artifact,
            IdempotencyToken=f"{context.token[:110]}-{number}-{artifact.get('Name', '')}"[:128],
        )


def _converge_product(context: Context, product: str, old: Json, new: Json) -> None:
    tags = _retag(context, old, new)
    if changed(old, new, *_PRODUCT) or any(tags.values()):
        blank = dict.fromkeys(_PRODUCT[1:3], "")
        members = {**blank, **pick(new, *_PRODUCT), **tags}
        _catalog(context, "UpdateProduct", members, Id=product)
    if changed(old, new, "ProvisioningArtifactParameters"):
        _converge_artifacts(context, product, old, new)


def _converge_artifacts(context: Context, product: str, old: Json, new: Json) -> None:
    """New versions are added; the old ones go where `ReplaceProvisioningArtifacts` says so, and stay otherwise."""
    before, after = [_artifact(one) for one in old.get("ProvisioningArtifactParameters") or ()], _artifacts(new)
    present = _versions(context, product)
    fresh = [artifact for artifact in after if artifact not in before]
    _add_artifacts(context, product, new, fresh, after=len(before))
    if new.get("ReplaceProvisioningArtifacts"):
        kept = {artifact.get("Name") for artifact in after if artifact not in fresh}
        for version in present:
            if version.get("Name") not in kept:
                members = {"ProductId": product, "ProvisioningArtifactId": version["Id"]}
                _catalog(context, "DeleteProvisioningArtifact", members)


def _versions(context: Context, product: str) -> list[Json]:
    found: list[Json] = _catalog(context, "ListProvisioningArtifacts", ProductId=product)["ProvisioningArtifactDetails"]
    return found


def _describe_product(context: Context, product: str, properties: Json) -> Mapping[str, Any]:
    versions = _versions(context, product)
    return {
        "Id": product,
        "ProductName": properties["Name"],
        "ProvisioningArtifactIds": ",".join(version["Id"] for version in versions),
        "ProvisioningArtifactNames": ",".join(version.get("Name", "") for version in versions),
    }


def _remove_product(context: Context, product: str, _: Json) -> None:
    with unless_gone():
        _catalog(context, "DeleteProduct", Id=product)


def _associate_product(context: Context, properties: Json) -> str:
    members = pick(properties, "PortfolioId", "ProductId", "SourcePortfolioId", *_LANGUAGE)
    _catalog(context, "AssociateProductWithPortfolio", members)
    return f"{properties['PortfolioId']}|{properties['ProductId']}"


def _disassociate_product(context: Context, _: str, properties: Json) -> None:
    with unless_gone():
        members = pick(properties, "PortfolioId", "ProductId", *_LANGUAGE)
        _catalog(context, "DisassociateProductFromPortfolio", members)


def _associate_principal(context: Context, properties: Json) -> str:
    members = pick(properties, "PortfolioId", "PrincipalARN", "PrincipalType", *_LANGUAGE)
    _catalog(context, "AssociatePrincipalWithPortfolio", members)
    return f"{properties['PortfolioId']}|{properties['PrincipalARN']}"


def _disassociate_principal(context: Context, _: str, properties: Json) -> None:
    with unless_gone():
        members = pick(properties, "PortfolioId", "PrincipalARN", "PrincipalType", *_LANGUAGE)
        _catalog(context, "DisassociatePrincipalFromPortfolio", members)


def _launch(properties: Json) -> str:
    """The parameters of a LAUNCH constraint, which are a JSON text."""
    role = pick(properties, "RoleArn", "LocalRoleName")
    if len(role) != 1:
        raise refuse("a launch constraint has either RoleArn or LocalRoleName")
    return json.dumps(role)


def _make_constraint(context: Context, properties: Json) -> str:
    made = _catalog(
        context,
        "CreateConstraint",
        pick(properties, "PortfolioId", "ProductId", "Description", *_LANGUAGE),
        Parameters=_launch(properties),
        Type="LAUNCH",
        IdempotencyToken=context.token,
    )
    constraint: str = made["ConstraintDetail"]["ConstraintId"]
    return constraint


def _converge_constraint(context: Context, constraint: str, old: Json, new: Json) -> None:
    if changed(old, new, "Description", "RoleArn", "LocalRoleName"):
        members = {"Description": "", **pick(new, "Description", *_LANGUAGE)}
        _catalog(context, "UpdateConstraint", members, Id=constraint, Parameters=_launch(new))


def _remove_constraint(context: Context, constraint: str, _: Json) -> None:
    with unless_gone():
        _catalog(context, "DeleteConstraint", Id=constraint)


TYPES = (
    Declared(
        "AWS::ServiceCatalog::Portfolio",
        handled=frozenset({"Tags", *_PORTFOLIO}),
        make=_make_portfolio,
        made=frozenset({"Tags", *_PORTFOLIO}),
        converge=_converge_portfolio,
        describe=_describe_portfolio,
        remove=_remove_portfolio,
    ),
    Declared(
        "AWS::ServiceCatalog::CloudFormationProduct",
        handled=frozenset(
            {"ProductType", "ProvisioningArtifactParameters", "ReplaceProvisioningArtifacts", "Tags", *_PRODUCT}
        ),
        make=_make_product,
        made=frozenset({"ProductType", "ProvisioningArtifactParameters", "Tags", *_PRODUCT}),
        converge=_converge_product,
        describe=_describe_product,
        remove=_remove_product,
    ),
    Declared(
        "AWS::ServiceCatalog::PortfolioProductAssociation",
        handled=frozenset({"PortfolioId", "ProductId", "SourcePortfolioId", *_LANGUAGE}),
        make=_associate_product,
        remove=_disassociate_product,
    ),
    Declared(
        "AWS::ServiceCatalog::PortfolioPrincipalAssociation",
        handled=frozenset({"PortfolioId", "PrincipalARN", "PrincipalType", *_LANGUAGE}),
        make=_associate_principal,
        remove=_disassociate_principal,
    ),
    Declared(
        "AWS::ServiceCatalog::LaunchRoleConstraint",
        handled=frozenset({"Description", "LocalRoleName", "PortfolioId", "ProductId", "RoleArn", *_LANGUAGE}),
        make=_make_constraint,
        made=frozenset({"Description", "LocalRoleName", "RoleArn"}),
        converge=_converge_constraint,
        describe=lambda _, constraint, __: {"Id": constraint},
        remove=_remove_constraint,
    ),
)
