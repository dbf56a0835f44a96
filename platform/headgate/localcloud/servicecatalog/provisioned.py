"""Provisioned products and records, as they are listed and described."""

from __future__ import annotations

import re

from headgate.localcloud.errors import unsupported
from headgate.localcloud.seams import Caller, Json, Operation
from headgate.localcloud.servicecatalog.records import PROVISIONED, RECORD, Shelf, invalid, not_found, page

_DETAIL = (
    "Name", "Arn", "Type", "Id", "Status", "StatusMessage", "CreatedTime", "IdempotencyToken", "LastRecordId",
    "LastProvisioningRecordId", "LastSuccessfulProvisioningRecordId", "ProductId", "ProvisioningArtifactId",
)  # fmt: skip
_RECORD = (
    "RecordId", "ProvisionedProductName", "Status", "CreatedTime", "UpdatedTime", "ProvisionedProductType",
    "RecordType", "ProvisionedProductId", "ProductId", "ProvisioningArtifactId", "PathId", "RecordErrors",
    "RecordTags", "LaunchRoleArn",
)  # fmt: skip
_FOUND = (*_DETAIL, "Tags", "PhysicalId", "ProductName", "ProvisioningArtifactName", "UserArnSession")
_SESSION = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/")
_QUERIES = {
    "arn": "Arn",
    "id": "Id",
    "lastRecordId": "LastRecordId",
    "name": "Name",
    "physicalId": "PhysicalId",
    "productId": "ProductId",
    "productName": "ProductName",
    "provisioningArtifactId": "ProvisioningArtifactId",
    "provisioningArtifactName": "ProvisioningArtifactName",
    "status": "Status",
    "type": "Type",
}
_SORTS = {"arn": "Arn", "createdTime": "CreatedTime", "id": "Id", "name": "Name", "status": "Status"}


class Provisioned:
    """The operations that read."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def operations(self) -> dict[str, Operation]:
        return {
            "DescribeRecord": self.describe_record,
            "ListRecordHistory": self.list_records,
            "DescribeProvisionedProduct": self.describe,
            "GetProvisionedProductOutputs": self.outputs,
            "ScanProvisionedProducts": self.scan,
            "SearchProvisionedProducts": self.search,
        }

    def describe_record(self, caller: Caller, request: Json) -> Json:
        record = self._shelf.own(caller, RECORD, request["Id"])
        return {"RecordDetail": record_detail(record), **page("RecordOutputs", record["Outputs"], request)}

    def list_records(self, caller: Caller, request: Json) -> Json:
        """The latest first."""
        found = _of_level(caller, request, self._shelf.listed(caller, RECORD))[::-1]
        wanted = request.get("SearchFilter", {})
        member = {"provisionedproduct": "ProvisionedProductId", "product": "ProductId"}.get(wanted.get("Key"))
        if wanted and member is None:
            raise invalid(f"SearchFilter can be for provisionedproduct or product, not '{wanted.get('Key')}'")
        shown = [record_detail(one) for one in found if member is None or one[member] == wanted["Value"]]
        return page("RecordDetails", shown, request)

    def describe(self, caller: Caller, request: Json) -> Json:
        body = provisioned(self._shelf, caller, request.get("Id"), request.get("Name"))
        detail = {name: body[name] for name in (*_DETAIL, "LaunchRoleArn") if name in body}
        return {"ProvisionedProductDetail": detail, "CloudWatchDashboards": []}

    def outputs(self, caller: Caller, request: Json) -> Json:
        named = (request.get("ProvisionedProductId"), request.get("ProvisionedProductName"))
        body = provisioned(self._shelf, caller, *named)
        wanted = request.get("OutputKeys")
        found = [one for one in body["Outputs"] if wanted is None or one["OutputKey"] in wanted]
        return page("Outputs", found, request)

    def scan(self, caller: Caller, request: Json) -> Json:
        found = _of_level(caller, request, self._shelf.listed(caller, PROVISIONED))
        members = (*_DETAIL, "LaunchRoleArn")
        return page(
            "ProvisionedProducts", [{name: one[name] for name in members if name in one} for one in found], request
        )

    def search(self, caller: Caller, request: Json) -> Json:
        found = _of_level(caller, request, self._shelf.listed(caller, PROVISIONED))
        for field, queries in request.get("Filters", {}).items():
            if field != "SearchQuery":
                raise invalid(f"Filters can have SearchQuery, not '{field}'")
            found = [one for one in found if all(_answers(one, query) for query in queries)]
        by = _SORTS.get(request.get("SortBy", "createdTime"))
        if by is None:
            raise unsupported(f"sorting provisioned products by {request['SortBy']}")
        found = sorted(found, key=lambda one: one[by], reverse=request.get("SortOrder") == "DESCENDING")
        shown = [{name: one[name] for name in _FOUND if name in one} for one in found]
        return {**page("ProvisionedProducts", shown, request), "TotalResultsCount": len(found)}


def provisioned(shelf: Shelf, caller: Caller, product: str | None, name: str | None) -> Json:
    """A provisioned product of the account, by id or name. Raises AwsError (ResourceNotFoundException)."""
    if (product is None) == (name is None):
        raise invalid("either the provisioned product's id or its name is needed")
    for body in shelf.listed(caller, PROVISIONED):
        if body["Id"] == product or body["Name"] == name:
            return body
    raise not_found(f"Provisioned product {product or name} not found in account {caller.account}")


def record_detail(record: Json) -> Json:
    """What DescribeRecord says of a record."""
    return {name: record[name] for name in _RECORD}


def _of_level(caller: Caller, request: Json, bodies: list[Json]) -> list[Json]:
    """What AccessLevelFilter leaves: of the account, of the caller's role, or (by default) of the caller."""
    given = request.get("AccessLevelFilter", {"Key": "User", "Value": "self"})
    if given.get("Value", "self") != "self":
        raise unsupported("AccessLevelFilter with another value than self")
    if given.get("Key") == "Account":
        return bodies
    if given.get("Key") == "Role":
        return [body for body in bodies if _role(body["UserArnSession"]) == _role(caller.principal)]
    return [body for body in bodies if body["UserArnSession"] == caller.principal]


def _role(principal: str) -> str:
    """The role that a session is of; any other principal is itself."""
    session = _SESSION.match(principal)
    return session[0] if session else principal


def _answers(body: Json, query: str) -> bool:
    """Whether a provisioned product is one that a query (`status:AVAILABLE`, or any text) asks for."""
    field, colon, value = query.partition(":")
    if colon and field in _QUERIES:
        return str(body.get(_QUERIES[field], "")).lower() == value.strip('"').lower()
    return any(query.lower() in str(body.get(member, "")).lower() for member in _QUERIES.values())
