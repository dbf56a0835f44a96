"""CloudFormation as the local cloud answers it, put together."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from headgate.localcloud.cloudformation.api.change_sets import ChangeSetOperations
from headgate.localcloud.cloudformation.api.describe import Descriptions
from headgate.localcloud.cloudformation.api.drift import DriftOperations
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
from headgate.localcloud.cloudformation.stacks.shared_templates import SharedTemplates
from headgate.localcloud.cloudformation.stacks.store import StackStore
from headgate.localcloud.cloudformation.stacksets.api import StackSetOperations
from headgate.localcloud.cloudformation.stacksets.deploy import InstanceWork
from headgate.localcloud.cloudformation.stacksets.describe import StackSetDescriptions
from headgate.localcloud.cloudformation.stacksets.operations import Desk
from headgate.localcloud.cloudformation.stacksets.roles import AskIam, StackSetRoles
from headgate.localcloud.cloudformation.stacksets.runner import StackSetRunner
from headgate.localcloud.cloudformation.stacksets.store import StackSetStore
from headgate.localcloud.cloudformation.stacksets.targets import OrganizationView
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
        organization: OrganizationView,
        ask_iam: AskIam,
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
        templates = SharedTemplates(documents, endpoint_url)
        tools = Tools(StackStore(documents, timers), provisioner, schemas, templates)
        self.engine = StackEngine(tools)
        sets = StackSetStore(documents, timers)
        work = InstanceWork(sets, self.engine, access, StackSetRoles(access, ask_iam, timers), templates)
        self.stack_sets = StackSetRunner(sets, work, self._stop)
        self._desk = Desk(sets, self.stack_sets, organization)
        stacks = StackOperations(self.engine)
        change_sets = ChangeSetStore(documents)
        operations: dict[str, Operation] = {
            **stacks.table(),
            **Descriptions(tools.store).table(),
            **TemplateOperations(tools, change_sets).table(),
            **ChangeSetOperations(stacks, change_sets).table(),
            **DriftOperations(tools, documents).table(),
            **StackSetOperations(tools, access, self._desk).table(),
            **StackSetDescriptions(sets).table(),
        }
        self._api = QueryService("cloudformation", operations)

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer one request. Raises AwsError."""
        return self._api.handle(request)

    def recover(self) -> None:
        """Take up the operations that the end of the last daemon interrupted."""
        self.engine.recover()
        self.stack_sets.recover()

    def on_account_moved(self, account: str, from_ou: str, to_ou: str) -> None:
        """An account stands under another root or unit than before; it was in none, or leaves, where an id is empty."""
        self._desk.on_account_moved(account, from_ou, to_ou)

    def close(self) -> None:
        """Stop at the next step; what is under way is taken up at the next start."""
        self._stop.set()
        self.responses.wake()
        self.engine.close()
        self.stack_sets.join()
