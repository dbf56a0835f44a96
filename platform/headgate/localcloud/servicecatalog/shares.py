"""Portfolio shares: offered to an account or to an organization's accounts, accepted where acceptance is needed."""

from __future__ import annotations

from headgate.localcloud.documents import Key
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.seams import Caller, Json, Operation
from headgate.localcloud.servicecatalog.access import Access
from headgate.localcloud.servicecatalog.portfolios import details, import_key
from headgate.localcloud.servicecatalog.records import PORTFOLIO, Shelf, invalid, not_found, page

_TRUST = "catalog-organizations-access"
_PREFIXES = {"ACCOUNT": "", "ORGANIZATION": "o-", "ORGANIZATIONAL_UNIT": "ou-"}


class Shares:
    """The operations on portfolio shares. A share takes effect at once."""

    def __init__(self, shelf: Shelf, access: Access) -> None:
        self._shelf = shelf
        self._access = access

    def operations(self) -> dict[str, Operation]:
        return {
            "CreatePortfolioShare": self.create,
            "DeletePortfolioShare": self.delete,
            "DescribePortfolioShares": self.describe,
            "DescribePortfolioShareStatus": self.status,
            "ListPortfolioAccess": self.list_access,
            "AcceptPortfolioShare": self.accept,
            "RejectPortfolioShare": self.reject,
            "ListAcceptedPortfolioShares": self.list_accepted,
            "EnableAWSOrganizationsAccess": self.enable,
            "DisableAWSOrganizationsAccess": self.disable,
            "GetAWSOrganizationsAccessStatus": self.organizations_access,
        }

    def create(self, caller: Caller, request: Json) -> Json:
        """Share a portfolio. Raises AwsError (InvalidStateException) for an organization without trusted access."""
        if request.get("ShareTagOptions"):
            raise unsupported("TagOptions of Service Catalog (ShareTagOptions)")
        kind, value = _receiver(request)
        if kind != "ACCOUNT" and not self._enabled(caller):
            message = "Organization sharing needs AWS Organizations access: call EnableAWSOrganizationsAccess first"
            raise AwsError("InvalidStateException", message)
        share = {"Type": kind, "PrincipalId": value, "SharePrincipals": bool(request.get("SharePrincipals"))}

        def add(body: Json) -> Json:
            return {**body, "Shares": [*(one for one in body["Shares"] if one["PrincipalId"] != value), share]}

        self._shelf.change(caller, PORTFOLIO, request["PortfolioId"], add)
        return _token(request, value)

    def delete(self, caller: Caller, request: Json) -> Json:
        _, value = _receiver(request)
        body = self._shelf.own(caller, PORTFOLIO, request["PortfolioId"])
        if all(share["PrincipalId"] != value for share in body["Shares"]):
            raise not_found(f"Portfolio {request['PortfolioId']} is not shared with {value}")

        def remove(old: Json) -> Json:
            return {**old, "Shares": [share for share in old["Shares"] if share["PrincipalId"] != value]}

        self._shelf.change(caller, PORTFOLIO, request["PortfolioId"], remove)
        return _token(request, value)

    def describe(self, caller: Caller, request: Json) -> Json:
        if request["Type"] == "ORGANIZATION_MEMBER_ACCOUNT":
            raise unsupported("DescribePortfolioShares of the type ORGANIZATION_MEMBER_ACCOUNT")
        body = self._shelf.own(caller, PORTFOLIO, request["PortfolioId"])
        found = [
            {**share, "ShareTagOptions": False, "Accepted": self._accepted(caller, request["PortfolioId"], share)}
            for share in body["Shares"]
            if share["Type"] == request["Type"]
        ]
        return page("PortfolioShareDetails", found, request)

    def status(self, caller: Caller, request: Json) -> Json:
        """How sharing went: it is complete as soon as it is asked for."""
        _, portfolio, value = [*request["PortfolioShareToken"].split("__"), "", ""][:3]
        self._shelf.own(caller, PORTFOLIO, portfolio)
        return {
            "PortfolioShareToken": request["PortfolioShareToken"],
            "PortfolioId": portfolio,
            "OrganizationNodeValue": value,
            "Status": "COMPLETED",
            "ShareDetails": {"SuccessfulShares": [value], "ShareErrors": []},
        }

    def list_access(self, caller: Caller, request: Json) -> Json:
        body = self._shelf.own(caller, PORTFOLIO, request["PortfolioId"])
        found = [share["PrincipalId"] for share in body["Shares"] if share["Type"] == "ACCOUNT"]
        return page("AccountIds", found, request)

    def accept(self, caller: Caller, request: Json) -> Json:
        key, body = self._access.portfolio(caller, request["PortfolioId"])
        if key.account == caller.account or not self._access.offered(caller, body):
            raise not_found(f"Portfolio {request['PortfolioId']} is not shared with account {caller.account}")
        self._shelf.documents.put(import_key(caller, request["PortfolioId"]), {})
        return {}

    def reject(self, caller: Caller, request: Json) -> Json:
        key = import_key(caller, request["PortfolioId"])
        if self._shelf.documents.find(key) is None:
            raise not_found(f"account {caller.account} has not accepted portfolio {request['PortfolioId']}")
        self._shelf.documents.delete(key)
        return {}

    def list_accepted(self, caller: Caller, request: Json) -> Json:
        kind = request.get("PortfolioShareType", "IMPORTED")
        if kind == "AWS_SERVICECATALOG":
            return page("PortfolioDetails", [], request)
        return page("PortfolioDetails", [details(body) for body in self._access.shared(caller, kind)], request)

    def enable(self, caller: Caller, _: Json) -> Json:
        self._shelf.documents.put(_trust(caller), {})
        return {}

    def disable(self, caller: Caller, _: Json) -> Json:
        if self._enabled(caller):
            self._shelf.documents.delete(_trust(caller))
        return {}

    def organizations_access(self, caller: Caller, _: Json) -> Json:
        return {"AccessStatus": "ENABLED" if self._enabled(caller) else "DISABLED"}

    def _enabled(self, caller: Caller) -> bool:
        return self._shelf.documents.find(_trust(caller)) is not None

    def _accepted(self, caller: Caller, portfolio: str, share: Json) -> bool:
        if share["Type"] != "ACCOUNT":
            return True
        receiver = Caller(share["PrincipalId"], caller.region)
        return self._shelf.documents.find(import_key(receiver, portfolio)) is not None


def _token(request: Json, value: str) -> Json:
    """What names the sharing with an organization's node, in answers."""
    return {"PortfolioShareToken": f"share__{request['PortfolioId']}__{value}"} if "OrganizationNode" in request else {}


def _receiver(request: Json) -> tuple[str, str]:
    """The kind and id of whom a share is for, named by id or ARN. Raises AwsError (InvalidParametersException)."""
    node = request.get("OrganizationNode")
    if ("AccountId" in request) == (node is not None):
        raise invalid("either AccountId or OrganizationNode is needed")
    if node is None:
        return "ACCOUNT", str(request["AccountId"])
    kind, value = str(node["Type"]), str(node["Value"]).rpartition("/")[2]
    if not value.startswith(_PREFIXES[kind]):
        raise invalid(f"'{value}' is not the id of an {kind}")
    return kind, value


def _trust(caller: Caller) -> Key:
    return Key(caller.account, "", _TRUST, caller.account)
