"""The SageMaker API of the local cloud: one table of operations, behind HTTP and in process alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from headgate.localcloud.documents import Documents
from headgate.localcloud.errors import AwsError, unsupported
from headgate.localcloud.executions.engine import ExecutionEngine
from headgate.localcloud.executions.mailbox import Mailbox, QueueMailbox
from headgate.localcloud.executions.records import Records
from headgate.localcloud.executions.steps.surroundings import Authorize as AuthorizeStep
from headgate.localcloud.executions.steps.surroundings import ClientFactory, Jobs, Surroundings, everything
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.sagemaker.images import Images
from headgate.localcloud.sagemaker.left_to_moto import LEFT_TO_MOTO
from headgate.localcloud.sagemaker.lineage_entities import LineageEntities
from headgate.localcloud.sagemaker.lineage_graph import LineageGraph
from headgate.localcloud.sagemaker.model_package_groups import Authorize, ModelPackageGroups
from headgate.localcloud.sagemaker.model_packages import ModelPackages
from headgate.localcloud.sagemaker.models import Models
from headgate.localcloud.sagemaker.operations import Operations
from headgate.localcloud.sagemaker.pipeline_executions import PipelineExecutions
from headgate.localcloud.sagemaker.pipelines import Pipelines
from headgate.localcloud.sagemaker.randomness import RandomText, random_text
from headgate.localcloud.sagemaker.search import Search
from headgate.localcloud.sagemaker.tags import Tags
from headgate.localcloud.seams import Clock, HttpRequest, HttpResponse, Json

CONTENT_TYPE = "application/x-amz-json-1.1"


class SageMaker:
    """SageMaker, as far as it runs on a laptop. What does not is refused by name, never pretended.

    `operations.call(caller, name, parameters)` is the API in process. `recover` has to be called once at start, after
    the job engine's own.
    """

    def __init__(
        self,
        documents: Documents,
        objects: ObjectStore,
        jobs: Jobs,
        clock: Clock,
        client: ClientFactory,
        *,
        random_text: RandomText = random_text,
        mailbox: Callable[[], Mailbox] = QueueMailbox,
        authorize: Authorize | None = None,
        authorize_step: AuthorizeStep = everything,
    ) -> None:
        self.operations = Operations()
        around = Surroundings(self.operations, jobs, clock, client, random_text, authorize_step)
        self.engine = ExecutionEngine(Records(documents), objects, around, mailbox)
        pipelines = Pipelines(documents, objects, clock)
        executions = PipelineExecutions(documents, objects, pipelines, self.engine, clock, random_text)
        groups = ModelPackageGroups(documents, clock, authorize)
        packages = ModelPackages(documents, objects, groups, clock)
        models = Models(documents, objects, packages, clock)
        tags = Tags(documents, self.operations)
        search = Search(documents)
        images, graph = Images(documents, clock), LineageGraph(documents, clock)
        lineage = LineageEntities(documents, clock, graph.associated)
        for part in (jobs, pipelines, executions, groups, packages, models, images, lineage):
            self.operations.add(tags.tagging(part.operations()))
        self.operations.add(tags.operations())
        self.operations.add(search.operations())
        self.operations.add(graph.operations())

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a request of the JSON protocol; None for what is left to moto. Raises AwsError."""
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in LEFT_TO_MOTO:
            return None
        if not operation or operation not in self.operations:
            raise unsupported(f"sagemaker {operation or request.path}")
        answer = self.operations.call(request.caller, operation, _parameters(request))
        return HttpResponse(headers={"content-type": CONTENT_TYPE}, body=json.dumps(answer).encode())

    def recover(self) -> None:
        """End what the last daemon left running, with the reason. Call it before the first request."""
        self.engine.recover()

    def close(self) -> None:
        """End the running executions; they can be retried after the next start."""
        self.engine.close()


def _parameters(request: HttpRequest) -> Json:
    body = request.body.read()
    try:
        parameters: Any = json.loads(body or b"{}")
    except ValueError as error:
        raise AwsError("SerializationException", f"the request is not JSON: {error}") from error
    if not isinstance(parameters, dict):
        raise AwsError("SerializationException", "the request has to be a JSON object")
    return parameters
