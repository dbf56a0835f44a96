"""Products and their versions (provisioning artifacts), as the administrator keeps them."""

from __future__ import annotations

from functools import partial

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import unsupported
from headgate.localcloud.seams import Caller, Clock, Json, Operation
from headgate.localcloud.servicecatalog.records import (
    CONSTRAINT,
    PORTFOLIO,
    PRODUCT,
    VERSION,
    Shelf,
    in_use,
    invalid,
    not_found,
    page,
    tags_after,
)
from headgate.localcloud.servicecatalog.templates import Templates

_TYPE = "CLOUD_FORMATION_TEMPLATE"
_FIELDS = ("Name", "Owner", "Description", "Distributor", "SupportDescription", "SupportEmail", "SupportUrl")
_SUMMARY = (
    "Id",
    "ProductId",
    "Name",
    "Owner",
    "Type",
    "Distributor",
    "SupportDescription",
    "SupportEmail",
    "SupportUrl",
)
_VERSION = ("Id", "Name", "Description", "Type", "CreatedTime", "Active", "Guidance")


class Products:
    """The operations on products and versions."""

    def __init__(self, shelf: Shelf, templates: Templates, clock: Clock) -> None:
        self._shelf = shelf
        self._templates = templates
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateProduct": self.create,
            "UpdateProduct": self.update,
            "DeleteProduct": self.delete,
            "DescribeProductAsAdmin": self.describe_as_admin,
            "SearchProductsAsAdmin": self.search_as_admin,
            "CreateProvisioningArtifact": self.create_version,
            "UpdateProvisioningArtifact": self.update_version,
            "DeleteProvisioningArtifact": self.delete_version,
            "ListProvisioningArtifacts": self.list_versions,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        if request["ProductType"] != _TYPE or "SourceConnection" in request:
            raise unsupported(f"products of Service Catalog other than {_TYPE}, and those with a SourceConnection")
        if "ProvisioningArtifactParameters" not in request:
            raise invalid("ProvisioningArtifactParameters is needed")

        given = request["ProvisioningArtifactParameters"]

        def write(template: str) -> Json:
            name = self._shelf.new_id("prod-")
            body: Json = {
                "Id": f"prodview-{name.removeprefix('prod-')}",
                "ProductId": name,
                "ProductARN": caller.arn("catalog", f"product/{name}"),
                "Type": _TYPE,
                "CreatedTime": self._clock.now(),
                "Tags": request.get("Tags", []),
                **{field: request[field] for field in _FIELDS if field in request},
            }
            version = self._new_version(caller, name, given, template)
            self._shelf.documents.insert(self._shelf.key(caller, PRODUCT, name), body)
            return {**_described(body), "ProvisioningArtifactDetail": version_details(version)}

        load = partial(self._load, caller, given)
        return self._shelf.once(caller, request["IdempotencyToken"], request, write, load)

    def update(self, caller: Caller, request: Json) -> Json:
        if "SourceConnection" in request:
            raise unsupported("products with a SourceConnection")
        given = {field: request[field] for field in _FIELDS if field in request}
        body = self._shelf.change(
            caller, PRODUCT, request["Id"], lambda old: {**old, **given, "Tags": tags_after(old["Tags"], request)}
        )
        return _described(body)

    def delete(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError (ResourceInUseException) while the product is in a portfolio."""
        name = request["Id"]
        self._shelf.own(caller, PRODUCT, name)
        if any(name in body["Products"] for body in self._shelf.listed(caller, PORTFOLIO)):
            raise in_use(f"Product {name} is still in a portfolio")
        if any(one["ProductId"] == name for one in self._shelf.listed(caller, CONSTRAINT)):
            raise in_use(f"Product {name} still has a constraint")
        with self._shelf.documents.transaction():
            for version in self._shelf.listed(caller, VERSION, f"{name}/"):
                self._shelf.documents.delete(_version_key(caller, name, version["Id"]))
            self._shelf.documents.delete(self._shelf.key(caller, PRODUCT, name))
        return {}

    def describe_as_admin(self, caller: Caller, request: Json) -> Json:
        body = self._named(caller, request)
        versions = [version_details(one) for one in self._shelf.listed(caller, VERSION, f"{body['ProductId']}/")]
        shown = ("Id", "Name", "Description", "CreatedTime")
        return {
            **_described(body),
            "ProvisioningArtifactSummaries": [{one: v[one] for one in shown if one in v} for v in versions],
            "TagOptions": [],
            "Budgets": [],
        }

    def search_as_admin(self, caller: Caller, request: Json) -> Json:
        found = self._shelf.listed(caller, PRODUCT)
        if "PortfolioId" in request:
            inside = self._shelf.own(caller, PORTFOLIO, request["PortfolioId"])["Products"]
            found = [body for body in found if body["ProductId"] in inside]
        return page("ProductViewDetails", [view(body) for body in filtered(found, request)], request)

    def create_version(self, caller: Caller, request: Json) -> Json:
        self._shelf.own(caller, PRODUCT, request["ProductId"])

        def write(template: str) -> Json:
            return version_answer(self._new_version(caller, request["ProductId"], request["Parameters"], template))

        load = partial(self._load, caller, request["Parameters"])
        return self._shelf.once(caller, request["IdempotencyToken"], request, write, load)

    def update_version(self, caller: Caller, request: Json) -> Json:
        """Rename a version, deprecate it, or make it inactive: what is provisioned with it stays as it is."""
        given: Json = {name: request[name] for name in ("Name", "Description", "Active", "Guidance") if name in request}
        key = self._version(caller, request)[0]
        return version_answer(self._shelf.documents.update(key, lambda body: {**body, **given}))

    def delete_version(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError (ResourceInUseException) for the last version of a product."""
        key, _ = self._version(caller, request)
        if len(self._shelf.listed(caller, VERSION, f"{request['ProductId']}/")) == 1:
            raise in_use(f"{request['ProvisioningArtifactId']} is the only version of {request['ProductId']}")
        self._shelf.documents.delete(key)
        return {}

    def list_versions(self, caller: Caller, request: Json) -> Json:
        self._shelf.own(caller, PRODUCT, request["ProductId"])
        found = self._shelf.listed(caller, VERSION, f"{request['ProductId']}/")
        return {"ProvisioningArtifactDetails": [version_details(one) for one in found]}

    def _load(self, caller: Caller, given: Json) -> str:
        """The template of a version to be. Raises AwsError."""
        if given.get("Type", _TYPE) != _TYPE:
            raise unsupported(f"provisioning artifacts of the type {given['Type']}")
        url = given.get("Info", {}).get("LoadTemplateFromURL")
        if url is None:
            raise invalid("Info needs LoadTemplateFromURL, the URL of a template in S3")
        text = self._templates.load(caller, url)
        if not given.get("DisableTemplateValidation"):
            self._templates.parameters(caller, text)
        return text

    def _new_version(self, caller: Caller, product: str, given: Json, template: str) -> Json:
        name = self._shelf.new_id("pa-")
        body: Json = {
            "Id": name,
            "ProductId": product,
            "Name": given.get("Name", name),
            "Description": given.get("Description", ""),
            "Type": _TYPE,
            "CreatedTime": self._clock.now(),
            "Active": True,
            "Guidance": "DEFAULT",
            "Url": given["Info"]["LoadTemplateFromURL"],
            "Template": template,
        }
        self._shelf.documents.insert(_version_key(caller, product, name), body)
        return body

    def _version(self, caller: Caller, request: Json) -> tuple[Key, Json]:
        key = _version_key(caller, request["ProductId"], request["ProvisioningArtifactId"])
        body = self._shelf.documents.find(key)
        if body is None:
            raise not_found(f"Provisioning artifact {key.name} not found in account {caller.account}")
        return key, body

    def _named(self, caller: Caller, request: Json) -> Json:
        if "Id" in request:
            return self._shelf.own(caller, PRODUCT, request["Id"])
        found = [one for one in self._shelf.listed(caller, PRODUCT) if one["Name"] == request.get("Name")]
        if len(found) != 1:
            raise not_found(f"Product {request.get('Name')} not found in account {caller.account}")
        return found[0]


def summary(body: Json) -> Json:
    """A product as it is listed."""
    shown = {name: body[name] for name in _SUMMARY if name in body}
    return {**shown, "ShortDescription": body.get("Description", ""), "HasDefaultPath": False}


def view(body: Json) -> Json:
    """A product as its administrator sees it."""
    shown = {name: body[name] for name in ("ProductARN", "CreatedTime")}
    return {"ProductViewSummary": summary(body), "Status": "AVAILABLE", **shown}


def version_details(body: Json) -> Json:
    return {name: body[name] for name in _VERSION}


def version_answer(body: Json) -> Json:
    """A version with where its template came from."""
    info = {"TemplateUrl": body["Url"]}
    return {"ProvisioningArtifactDetail": version_details(body), "Info": info, "Status": "AVAILABLE"}


def filtered(products: list[Json], request: Json) -> list[Json]:
    """Products that the Filters of a search name, in the order of SortBy. Raises AwsError."""
    for field, values in request.get("Filters", {}).items():
        if field == "FullTextSearch":
            products = [one for one in products if all(_mentions(one, value) for value in values)]
        elif field in ("Owner", "ProductType"):
            member = "Type" if field == "ProductType" else field
            products = [one for one in products if one.get(member) in values]
        else:
            raise unsupported(f"the filter {field} of product searches")
    by = {"Title": "Name", "CreationDate": "CreatedTime"}.get(request.get("SortBy", "Title"))
    if by is None:
        raise unsupported(f"sorting products by {request['SortBy']}")
    return sorted(products, key=lambda one: one[by], reverse=request.get("SortOrder") == "DESCENDING")


def _mentions(body: Json, text: str) -> bool:
    return any(text.lower() in str(body.get(field, "")).lower() for field in _FIELDS)


def _described(body: Json) -> Json:
    return {"ProductViewDetail": view(body), "Tags": body["Tags"]}


def _version_key(caller: Caller, product: str, version: str) -> Key:
    return Key(caller.account, caller.region, VERSION, f"{product}/{version}")
