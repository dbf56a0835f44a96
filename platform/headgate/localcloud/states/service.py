"""AWS Step Functions of the local cloud: Standard workflows, durable. What does not run here is refused by name."""

from __future__ import annotations

from headgate.localcloud.clock import Timeline
from headgate.localcloud.documents import Documents
from headgate.localcloud.seams import HttpRequest, HttpResponse
from headgate.localcloud.server.json_service import JsonService, operation_table
from headgate.localcloud.states.calls import Calls
from headgate.localcloud.states.dice import Dice, RealDice
from headgate.localcloud.states.engine import Engine
from headgate.localcloud.states.execution_log import WriteLog
from headgate.localcloud.states.executions import Executions
from headgate.localcloud.states.machines import CheckLogGroup, CheckRole, Machines
from headgate.localcloud.states.notices import Notices, Publish
from headgate.localcloud.states.records import Records

SERVICE = "states"


class StepFunctions:
    """Step Functions. `operations.call(caller, name, parameters)` is the API in process.

    `calls` makes the calls of Task states; `publish` is told of executions' status changes; `write_log` gets the events
    of machines that log; `check_role` and `check_log_group` raise AwsError for what a machine must not refer to.
    `recover` has to be called once at start.
    """

    def __init__(
        self,
        documents: Documents,
        timeline: Timeline,
        calls: Calls,
        *,
        publish: Publish = lambda *_: None,
        write_log: WriteLog = lambda *_: None,
        check_role: CheckRole = lambda _, __: None,
        check_log_group: CheckLogGroup = lambda _, __: None,
        dice: Dice | None = None,
    ) -> None:
        dice = dice or RealDice()
        self.engine = Engine(Records(documents), timeline, calls, dice, Notices(documents, publish), write_log)
        machines = Machines(documents, timeline, dice, check_role, check_log_group)
        executions = Executions(documents, machines, self.engine, timeline, dice)
        self.operations = operation_table(SERVICE)
        self.operations.add(machines.operations())
        self.operations.add(executions.operations())
        self._protocol = JsonService(SERVICE, self.operations)

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a request of the JSON protocol. Raises AwsError."""
        return self._protocol.handle(request)

    def recover(self) -> None:
        """Go on with the executions that the last daemon left running."""
        self.engine.recover()

    def close(self) -> None:
        """Begin nothing more; executions go on after the next start."""
        self.engine.close()
