"""The Organizations API (JSON 1.1): one table of operations over one store."""

from __future__ import annotations

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import AwsError
from headgate.localcloud.organizations.accounts_api import Accounts, MakeRole
from headgate.localcloud.organizations.handshakes_api import Handshakes
from headgate.localcloud.organizations.organization_api import OrganizationItself
from headgate.localcloud.organizations.policies_api import Policies
from headgate.localcloud.organizations.rules import Office, Quotas
from headgate.localcloud.organizations.sharing import Sharing
from headgate.localcloud.organizations.store import OrganizationStore
from headgate.localcloud.organizations.units_api import Units
from headgate.localcloud.sagemaker.randomness import RandomText, random_text
from headgate.localcloud.seams import Clock, HttpRequest, HttpResponse, Json
from headgate.localcloud.server.json_service import JsonService, operation_table

_QUOTAS = Key("", "", "organizations-quotas", "all")


class Organizations:
    """The service. `store` is what authorization reads, `sharing` is RAM's part; call `recover` once at start."""

    def __init__(
        self, documents: Documents, clock: Clock, make_role: MakeRole, *, random: RandomText = random_text
    ) -> None:
        self.store = OrganizationStore(documents)
        self._documents = documents
        office = Office(self.store, clock, random, self.quotas)
        self._accounts = Accounts(office, make_role)
        table = operation_table("organizations")
        itself = OrganizationItself(office)
        for part in (itself, Units(office), self._accounts, Policies(office), Handshakes(office)):
            table.add(part.operations())
        self._service = JsonService("organizations", table)
        self.operations = table
        self.sharing = Sharing(itself.trust)

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer one request. Raises AwsError."""
        try:
            return self._service.handle(request)
        except AwsError as error:
            if error.code == "ValidationException":  # what botocore's shapes refuse has another name here
                raise AwsError("InvalidInputException", error.message, members={"Reason": "INVALID_PATTERN"}) from error
            raise

    def recover(self) -> None:
        """Finish the creation of accounts that a killed daemon had begun."""
        self._accounts.recover()

    def quotas(self) -> Quotas:
        """The limits that hold; AWS's own unless `set_quotas` was told otherwise."""
        return Quotas(**(self._documents.find(_QUOTAS) or {}))

    def set_quotas(self, given: Json) -> Json:
        """Change limits, as Service Quotas would. Raises TypeError for a name that is none."""
        limits = {**(self._documents.find(_QUOTAS) or {}), **given}
        Quotas(**limits)
        self._documents.put(_QUOTAS, limits)
        return limits
