"""Portfolios: what is in them, and which principals of an account may launch it."""

from __future__ import annotations

import re

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import unsupported
from headgate.localcloud.seams import Caller, Clock, Json, Operation
from headgate.localcloud.servicecatalog.access import Access
from headgate.localcloud.servicecatalog.records import (
    CONSTRAINT,
    IMPORT,
    PORTFOLIO,
    PRINCIPALS,
    PRODUCT,
    Shelf,
    in_use,
    invalid,
    not_found,
    page,
    tags_after,
)

_PRINCIPALS = {
    "IAM": re.compile(r"arn:aws:iam::\d{12}:(user|role|group)/[\w+=,.@/-]+"),
    "IAM_PATTERN": re.compile(r"arn:aws:iam:::(user|role|group)/[\w+=,.@/*?-]+"),
}
_DETAILS = ("Id", "ARN", "DisplayName", "Description", "CreatedTime", "ProviderName")


class Portfolios:
    """The operations on portfolios and their associations."""

    def __init__(self, shelf: Shelf, access: Access, clock: Clock) -> None:
        self._shelf = shelf
        self._access = access
        self._clock = clock

    def operations(self) -> dict[str, Operation]:
        return {
            "CreatePortfolio": self.create,
            "UpdatePortfolio": self.update,
            "DeletePortfolio": self.delete,
            "DescribePortfolio": self.describe,
            "ListPortfolios": self.list_all,
            "AssociatePrincipalWithPortfolio": self.associate_principal,
            "DisassociatePrincipalFromPortfolio": self.disassociate_principal,
            "ListPrincipalsForPortfolio": self.list_principals,
            "AssociateProductWithPortfolio": self.associate_product,
            "DisassociateProductFromPortfolio": self.disassociate_product,
            "ListPortfoliosForProduct": self.list_for_product,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        def write(_: None) -> Json:
            name = self._shelf.new_id("port-")
            body: Json = {
                "Id": name,
                "ARN": caller.arn("catalog", f"portfolio/{name}"),
                "DisplayName": request["DisplayName"],
                "Description": request.get("Description", ""),
                "ProviderName": request["ProviderName"],
                "CreatedTime": self._clock.now(),
                "Tags": request.get("Tags", []),
                "Products": [],
                "Shares": [],
            }
            self._shelf.documents.insert(self._shelf.key(caller, PORTFOLIO, name), body)
            return _described(body)

        return self._shelf.once(caller, request["IdempotencyToken"], request, write, lambda: None)

    def update(self, caller: Caller, request: Json) -> Json:
        given: Json = {
            name: request[name] for name in ("DisplayName", "Description", "ProviderName") if name in request
        }
        body = self._shelf.change(
            caller, PORTFOLIO, request["Id"], lambda old: {**old, **given, "Tags": tags_after(old["Tags"], request)}
        )
        return _described(body)

    def delete(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError (ResourceInUseException) while products, principals, constraints or shares are left."""
        body = self._shelf.own(caller, PORTFOLIO, request["Id"])
        principals = self._principals(caller, request["Id"])
        constraints = [one for one in self._shelf.listed(caller, CONSTRAINT) if one["PortfolioId"] == request["Id"]]
        left = {
            "products": body["Products"],
            "principals": principals,
            "constraints": constraints,
            "shares": body["Shares"],
        }
        if found := [name for name, some in left.items() if some]:
            raise in_use(f"Portfolio {request['Id']} still has {', '.join(found)}")
        self._shelf.documents.delete(self._shelf.key(caller, PORTFOLIO, request["Id"]))
        return {}

    def describe(self, caller: Caller, request: Json) -> Json:
        """One's own portfolio, or one that is shared with the account."""
        return {**_described(self._access.portfolio(caller, request["Id"])[1]), "TagOptions": [], "Budgets": []}

    def list_all(self, caller: Caller, request: Json) -> Json:
        return page("PortfolioDetails", [details(body) for body in self._shelf.listed(caller, PORTFOLIO)], request)

    def associate_principal(self, caller: Caller, request: Json) -> Json:
        self._access.portfolio(caller, request["PortfolioId"])
        entry = {"PrincipalARN": request["PrincipalARN"], "PrincipalType": request["PrincipalType"]}
        if not _PRINCIPALS[entry["PrincipalType"]].fullmatch(entry["PrincipalARN"]):
            raise invalid(f"{entry['PrincipalARN']} is not the ARN of a principal of the type {entry['PrincipalType']}")
        key = self._shelf.key(caller, PRINCIPALS, request["PortfolioId"])
        with self._shelf.documents.transaction():
            there = self._principals(caller, request["PortfolioId"])
            if entry not in there:
                self._shelf.documents.put(key, {"principals": [*there, entry]})
        return {}

    def disassociate_principal(self, caller: Caller, request: Json) -> Json:
        key = self._shelf.key(caller, PRINCIPALS, request["PortfolioId"])
        kind = request.get("PrincipalType", "IAM")
        gone = {"PrincipalARN": request["PrincipalARN"], "PrincipalType": kind}
        with self._shelf.documents.transaction():
            there = self._principals(caller, request["PortfolioId"])
            if gone not in there:
                raise not_found(f"Principal {gone['PrincipalARN']} is not associated with {request['PortfolioId']}")
            self._shelf.documents.put(key, {"principals": [one for one in there if one != gone]})
        return {}

    def list_principals(self, caller: Caller, request: Json) -> Json:
        self._access.portfolio(caller, request["PortfolioId"])
        return page("Principals", self._principals(caller, request["PortfolioId"]), request)

    def associate_product(self, caller: Caller, request: Json) -> Json:
        if "SourcePortfolioId" in request:
            raise unsupported("products of imported portfolios in portfolios of one's own (SourcePortfolioId)")
        name = request["ProductId"]
        self._shelf.own(caller, PRODUCT, name)
        add = lambda body: {**body, "Products": [*(one for one in body["Products"] if one != name), name]}  # noqa: E731
        self._shelf.change(caller, PORTFOLIO, request["PortfolioId"], add)
        return {}

    def disassociate_product(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError (ResourceInUseException) while a constraint is on it."""
        portfolio, product = request["PortfolioId"], request["ProductId"]
        body = self._shelf.own(caller, PORTFOLIO, portfolio)
        if product not in body["Products"]:
            raise not_found(f"Product {product} is not associated with {portfolio}")
        constraints = self._shelf.listed(caller, CONSTRAINT)
        if any((one["PortfolioId"], one["ProductId"]) == (portfolio, product) for one in constraints):
            raise in_use(f"Product {product} has a constraint in {portfolio}")
        remove = lambda old: {**old, "Products": [one for one in old["Products"] if one != product]}  # noqa: E731
        self._shelf.change(caller, PORTFOLIO, portfolio, remove)
        return {}

    def list_for_product(self, caller: Caller, request: Json) -> Json:
        self._shelf.own(caller, PRODUCT, request["ProductId"])
        found = [body for body in self._shelf.listed(caller, PORTFOLIO) if request["ProductId"] in body["Products"]]
        return page("PortfolioDetails", [details(body) for body in found], request)

    def _principals(self, caller: Caller, portfolio: str) -> list[Json]:
        body = self._shelf.documents.find(self._shelf.key(caller, PRINCIPALS, portfolio))
        return list((body or {"principals": []})["principals"])


def details(body: Json) -> Json:
    """What others see of a portfolio."""
    return {name: body[name] for name in _DETAILS}


def import_key(caller: Caller, portfolio: str) -> Key:
    return Key(caller.account, caller.region, IMPORT, portfolio)


def _described(body: Json) -> Json:
    return {"PortfolioDetail": details(body), "Tags": body["Tags"]}
