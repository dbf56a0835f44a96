"""AWS Service Catalog of the local cloud. What it does not do is refused by name."""

from __future__ import annotations

import secrets
import string

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.seams import HttpRequest, HttpResponse
from headgate.localcloud.server.json_service import JsonService, operation_table
from headgate.localcloud.servicecatalog.access import Access, RoleArn, Way
from headgate.localcloud.servicecatalog.browsing import Browsing
from headgate.localcloud.servicecatalog.constraints import Constraints
from headgate.localcloud.servicecatalog.launches import Launches
from headgate.localcloud.servicecatalog.portfolios import Portfolios
from headgate.localcloud.servicecatalog.products import Products
from headgate.localcloud.servicecatalog.provisioned import Provisioned
from headgate.localcloud.servicecatalog.provisioning import Provisioning
from headgate.localcloud.servicecatalog.records import NewId, Shelf
from headgate.localcloud.servicecatalog.shares import Shares
from headgate.localcloud.servicecatalog.stacks import Stacks
from headgate.localcloud.servicecatalog.templates import ClientFactory, Templates

SERVICE = "servicecatalog"
_ALPHABET = string.ascii_lowercase + string.digits


def random_id(prefix: str) -> str:
    """An id as Service Catalog makes them."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(13))


class ServiceCatalog:
    """Service Catalog. `operations.call(caller, name, parameters)` is the API in process.

    `client` makes boto3 clients, `way` tells where an account stands in its organization, `role_arn` a role's ARN with
    its path. `recover` has to be called once at start.
    """

    def __init__(
        self,
        documents: Documents,
        timeline: Timeline,
        client: ClientFactory,
        *,
        way: Way = lambda _: (),
        role_arn: RoleArn = lambda _, __: "",
        new_id: NewId = random_id,
    ) -> None:
        shelf = Shelf(documents, new_id)
        access = Access(shelf, way, role_arn)
        templates = Templates(client)
        constraints = Constraints(shelf)
        browsing = Browsing(shelf, access, constraints, templates)
        self.launches = Launches(shelf, Stacks(client), timeline)
        self.operations = operation_table(SERVICE)
        for part in (
            Portfolios(shelf, access, timeline),
            Shares(shelf, access),
            Products(shelf, templates, timeline),
            constraints,
            browsing,
            Provisioning(shelf, browsing, self.launches, timeline),
            Provisioned(shelf),
        ):
            self.operations.add(part.operations())
        self._protocol = JsonService(SERVICE, self.operations)

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a request of the JSON protocol. Raises AwsError."""
        return self._protocol.handle(request)

    def recover(self) -> None:
        """Go on with the launches that the last daemon left under way."""
        self.launches.recover()

    def close(self) -> None:
        """Begin nothing more; launches go on after the next start."""
        self.launches.close()
