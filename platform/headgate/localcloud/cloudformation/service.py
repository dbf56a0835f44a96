"""CloudFormation as the local cloud answers it, put together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from headgate.localcloud.cloudformation.api.change_sets import ChangeSetOperations
from headgate.localcloud.cloudformation.api.describe import Descriptions
from headgate.localcloud.cloudformation.api.stacks import StackOperations
from headgate.localcloud.cloudformation.api.templates import TemplateOperations
from headgate.localcloud.cloudformation.changes.store import ChangeSetStore
from headgate.localcloud.cloudformation.custom.provider import CustomResources
from headgate.localcloud.cloudformation.custom.responses import Responses, Timers
from headgate.localcloud.cloudformation.registry.properties import Properties
from headgate.localcloud.cloudformation.registry.schemas import Schemas
from headgate.localcloud.cloudformation.stacks.acting import Access, Sessions
from headgate.localcloud.cloudformation.stacks.engine import StackEngine, Tools
from headgate.localcloud.cloudformation.stacks.provision import Provisioner
from headgate.localcloud.cloudformation.stacks.store import StackStore
from headgate.localcloud.cloudformation.types import ResourceType
from headgate.localcloud.documents import Documents
from headgate.localcloud.seams import HttpRequest, HttpResponse, Operation
from headgate.localcloud.server.query import QueryService


class CloudFormation:
    """The service: `handle` answers its API, `responses` the URLs that custom resources answer to.

    `types` are the resource types, asked for when a stack needs them. `timers` is the cloud's clock.
    """

    def __init__(
        self,
        documents: Documents,
        timers: Timers,
        endpoint_url: Callable[[], str],
        access: Access,
        types: Callable[[], Mapping[str, ResourceType]],
    ) -> None:
        self._stop = threading.Event()
        self.responses = Responses(documents, timers, endpoint_url, self._stop)
        schemas = Schemas()
        provisioner = Provisioner(
            types,
            CustomResources(self.responses),
            Properties(schemas),
            Sessions(access, timers),
            timers,
            self._stop,
        )
        self.engine = StackEngine(Tools(StackStore(documents, timers), provisioner, schemas))
        stacks = StackOperations(self.engine)
        change_sets = ChangeSetStore(documents)
        operations: dict[str, Operation] = {
            **stacks.table(),
            **Descriptions(self.engine.tools.store).table(),
            **TemplateOperations(self.engine.tools, change_sets).table(),
            **ChangeSetOperations(stacks, change_sets).table(),
        }
        self._api = QueryService("cloudformation", operations)

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer one request. Raises AwsError."""
        return self._api.handle(request)

    def recover(self) -> None:
        """Take up the operations that the end of the last daemon interrupted."""
        self.engine.recover()

    def close(self) -> None:
        """Stop at the next step; what is under way is taken up at the next start."""
        self._stop.set()
        self.responses.wake()
        self.engine.close()
