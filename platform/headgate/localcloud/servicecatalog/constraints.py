"""Constraints of products in portfolios. LAUNCH names the role that launches; other kinds are refused."""

from __future__ import annotations

import json
import re

from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Caller, Json, Operation
from headgate.localcloud.servicecatalog.records import CONSTRAINT, PORTFOLIO, Shelf, invalid, not_found, page

_ROLE = re.compile(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+")
_LOCAL_ROLE = re.compile(r"[\w+=,.@/-]{1,64}")
_DETAILS = ("ConstraintId", "Type", "Description", "Owner", "ProductId", "PortfolioId")


class Constraints:
    """The operations on constraints."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def operations(self) -> dict[str, Operation]:
        return {
            "CreateConstraint": self.create,
            "UpdateConstraint": self.update,
            "DeleteConstraint": self.delete,
            "DescribeConstraint": self.describe,
            "ListConstraintsForPortfolio": self.list_all,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        """Raises AwsError: InvalidParametersException, DuplicateResourceException, 501 for kinds other than LAUNCH."""
        if request["Type"] != "LAUNCH":
            raise unsupported(f"constraints of Service Catalog of the type {request['Type']} (LAUNCH they can be)")
        _launch(request["Parameters"])
        portfolio, product = request["PortfolioId"], request["ProductId"]
        if product not in self._shelf.own(caller, PORTFOLIO, portfolio)["Products"]:
            raise not_found(f"Product {product} is not associated with {portfolio}")

        def write(_: None) -> Json:
            if self.launch_role(caller, portfolio, product, caller.account):
                message = f"{product} has a LAUNCH constraint in {portfolio} already"
                raise AwsError("DuplicateResourceException", message)
            name = self._shelf.new_id("cons-")
            body: Json = {
                "ConstraintId": name,
                "Type": "LAUNCH",
                "Description": request.get("Description", ""),
                "Owner": caller.account,
                "ProductId": product,
                "PortfolioId": portfolio,
                "Parameters": request["Parameters"],
            }
            self._shelf.documents.insert(self._shelf.key(caller, CONSTRAINT, name), body)
            return _described(body)

        return self._shelf.once(caller, request["IdempotencyToken"], request, write, lambda: None)

    def update(self, caller: Caller, request: Json) -> Json:
        given: Json = {name: request[name] for name in ("Description", "Parameters") if name in request}
        if "Parameters" in given:
            _launch(given["Parameters"])
        return _described(self._shelf.change(caller, CONSTRAINT, request["Id"], lambda body: {**body, **given}))

    def delete(self, caller: Caller, request: Json) -> Json:
        self._shelf.own(caller, CONSTRAINT, request["Id"])
        self._shelf.documents.delete(self._shelf.key(caller, CONSTRAINT, request["Id"]))
        return {}

    def describe(self, caller: Caller, request: Json) -> Json:
        return _described(self._shelf.own(caller, CONSTRAINT, request["Id"]))

    def list_all(self, caller: Caller, request: Json) -> Json:
        self._shelf.own(caller, PORTFOLIO, request["PortfolioId"])
        found = [
            _details(body)
            for body in self._shelf.listed(caller, CONSTRAINT)
            if body["PortfolioId"] == request["PortfolioId"] and request.get("ProductId") in (None, body["ProductId"])
        ]
        return page("ConstraintDetails", found, request)

    def launch_role(self, owner: Caller, portfolio: str, product: str, account: str) -> str:
        """The ARN of the role that launches a product for an account by a portfolio; empty without a constraint."""
        for body in self._shelf.listed(owner, CONSTRAINT):
            if (body["PortfolioId"], body["ProductId"]) == (portfolio, product):
                named = json.loads(body["Parameters"])
                return str(named.get("RoleArn") or f"arn:aws:iam::{account}:role/{named['LocalRoleName']}")
        return ""


def _launch(text: str) -> None:
    """Check the parameters of a LAUNCH constraint. Raises AwsError (InvalidParametersException)."""
    try:
        parameters = json.loads(text)
    except ValueError as error:
        raise invalid(f"the parameters of the constraint are not JSON: {error}") from error
    if not isinstance(parameters, dict) or parameters.keys() not in ({"RoleArn"}, {"LocalRoleName"}):
        raise invalid('the parameters of a LAUNCH constraint are {"RoleArn": …} or {"LocalRoleName": …}')
    role, local = parameters.get("RoleArn"), parameters.get("LocalRoleName")
    if not (_ROLE.fullmatch(str(role)) if local is None else _LOCAL_ROLE.fullmatch(str(local))):
        raise invalid(f"'{role or local}' does not name a role")


def _details(body: Json) -> Json:
    return {name: body[name] for name in _DETAILS}


def _described(body: Json) -> Json:
    return {"ConstraintDetail": _details(body), "ConstraintParameters": body["Parameters"], "Status": "AVAILABLE"}
