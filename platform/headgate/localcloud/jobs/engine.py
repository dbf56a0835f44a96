"""The job engine: SageMaker's jobs and endpoints as operations, with real programs behind them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from headgate.localcloud.documents import Documents, Key
from headgate.localcloud.errors import in_use
from headgate.localcloud.jobs.access import Access, Unguarded
from headgate.localcloud.jobs.context import Context, Credentials, Prober, Settings, remove_folder
from headgate.localcloud.jobs.endpoint_configs import EndpointConfigs
from headgate.localcloud.jobs.endpoints import ENDPOINT_KIND, Endpoints, settled
from headgate.localcloud.jobs.failures import interrupted
from headgate.localcloud.jobs.isolation import Isolation
from headgate.localcloud.jobs.kinds import ENDED, KINDS, PROCESSING, TRAINING, TRANSFORM, TUNING, Kind
from headgate.localcloud.jobs.listing import listed, summary
from headgate.localcloud.jobs.processes import Spawner, kill_strays
from headgate.localcloud.jobs.processing import ProcessingJobs
from headgate.localcloud.jobs.records import Records
from headgate.localcloud.jobs.training import TrainingJobs
from headgate.localcloud.jobs.transform import TransformJobs
from headgate.localcloud.jobs.tuning import TuningJobs
from headgate.localcloud.jobs.work import Fail, Foreman
from headgate.localcloud.logs.store import LogStore
from headgate.localcloud.runtimes import RuntimeRegistry
from headgate.localcloud.s3.store import ObjectStore
from headgate.localcloud.seams import Caller, Clock, Json, Operation


class JobEngine:
    """Runs jobs and endpoints. `folder` holds their working folders; nothing in it outlives its job."""

    def __init__(
        self,
        documents: Documents,
        objects: ObjectStore,
        logs: LogStore,
        runtimes: RuntimeRegistry,
        clock: Clock,
        folder: Path,
        endpoint_url: Callable[[], str],
        credentials: Credentials,
        *,
        settings: Settings | None = None,
        access: Access | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._context = Context(
            documents=documents,
            objects=objects,
            logs=logs,
            runtimes=runtimes,
            clock=clock,
            folder=folder,
            endpoint_url=endpoint_url,
            credentials=credentials,
            settings=settings or Settings(),
            records=Records(documents, clock),
            spawner=Spawner(),
            isolation=Prober(),
            access=access or Unguarded(endpoint_url),
        )
        self._foreman = Foreman(self._context)
        self._processing = ProcessingJobs(self._context, self._foreman)
        self._training = TrainingJobs(self._context, self._foreman)
        self._transform = TransformJobs(self._context, self._foreman)
        self._tuning = TuningJobs(self._context, self._foreman, self._training)
        self._configs = EndpointConfigs(self._context)
        self._endpoints = Endpoints(self._context, self._configs)

    def isolation(self) -> Isolation:
        """How jobs are kept apart on this machine."""
        return self._context.isolation()

    def operations(self) -> dict[str, Operation]:
        """The SageMaker operations that this engine answers, by name."""
        return {
            "CreateProcessingJob": self._processing.create,
            "CreateTrainingJob": self._training.create,
            **self._job_operations(PROCESSING),
            **self._job_operations(TRAINING),
            "StopTrainingJob": self._training.stop,
            **self._job_operations(TRANSFORM),
            "CreateTransformJob": self._transform.create,
            **self._job_operations(TUNING),
            **self._tuning.operations(),
            **{f"Delete{kind.stem}": partial(self._delete, kind) for kind in (PROCESSING, TRAINING, TUNING)},
            **self._configs.operations(),
            **self._endpoints.operations(),
        }

    def wait(self, caller: Caller, kind: str, name: str, timeout: float | None = None) -> Json:
        """Block until a job has ended; its Describe response. Raises TimeoutError; AwsError if there is no such job."""
        what = KINDS[kind]
        return self.wait_until(caller, kind, name, what.ended, timeout)

    def wait_until(
        self, caller: Caller, kind: str, name: str, done: Callable[[Json], bool], timeout: float | None = None
    ) -> Json:
        """Block until `done` holds for a job's record; its Describe response. Raises like `wait`."""
        what = KINDS[kind]
        self._context.records.get(what, caller, name)
        body = self._context.records.wait(what.key(caller, name), done, timeout)
        return summary(f"Describe{what.stem}Response", body)

    def wait_endpoint(self, caller: Caller, name: str, timeout: float | None = None) -> Json:
        """Block until an endpoint is InService or Failed; its Describe response. Raises like `wait`."""
        self._endpoints.describe(caller, {"EndpointName": name})
        key = Key(caller.account, caller.region, ENDPOINT_KIND, name)
        return summary("DescribeEndpointOutput", self._context.records.wait(key, settled, timeout))

    def metrics(self, caller: Caller, training_job: str) -> Json:
        """A training job's metrics so far: name → list of [seconds since the epoch, value]. Raises AwsError."""
        return self._training.metrics(caller, training_job)

    def invoke_endpoint(
        self,
        caller: Caller,
        name: str,
        body: bytes,
        content_type: str,
        accept: str,
        target_variant: str | None,
        custom: str = "",
    ) -> tuple[bytes, str, str]:
        """Send a payload to an endpoint; the answer, its content type and the variant that gave it.

        Raises AwsError: ValidationError for an endpoint that is not there or not in service, ModelError for an answer
        that is no success.
        """
        headers = {"Content-Type": content_type, "Accept": accept, "X-Amzn-SageMaker-Custom-Attributes": custom}
        sent = {name: value for name, value in headers.items() if value}
        return self._endpoints.invoke(caller, name, body, sent, target_variant)

    def recover(self) -> None:
        """After a start: what was running when the daemon died has failed, and nothing of it runs any more."""
        kill_strays(self._context.token)
        for folder in self._context.folder.iterdir():
            remove_folder(folder)
        fails: dict[Kind, Fail] = {
            PROCESSING: self._processing.fail,
            TRAINING: self._training.fail,
            TRANSFORM: self._transform.fail,
            TUNING: self._tuning.fail,
        }
        for kind, fail in fails.items():
            for key, body in self._context.documents.list(kind.name):
                if kind.status(body) not in ENDED:
                    self._context.records.change(key, partial(_interrupt, fail))
        self._endpoints.recover()

    def close(self) -> None:
        """Stop everything, TERM then KILL; afterwards no process of any job is left."""
        self._foreman.close()
        self._endpoints.close()
        self._context.spawner.close()

    def _job_operations(self, kind: Kind) -> dict[str, Operation]:
        return {
            f"Describe{kind.stem}": partial(self._describe, kind),
            f"List{kind.stem}s": partial(self._list, kind),
            f"Stop{kind.stem}": partial(self._stop, kind),
        }

    def _describe(self, kind: Kind, caller: Caller, parameters: Json) -> Json:
        body = self._context.records.get(kind, caller, str(parameters[kind.name_member]))
        return summary(f"Describe{kind.stem}Response", body)

    def _list(self, kind: Kind, caller: Caller, parameters: Json) -> Json:
        bodies = [
            body for _, body in self._context.documents.list(kind.name, account=caller.account, region=caller.region)
        ]
        return listed(kind, bodies, parameters, f"{kind.stem}Summary")

    def _stop(self, kind: Kind, caller: Caller, parameters: Json) -> Json:
        self._foreman.stop(kind, caller, str(parameters[kind.name_member]))
        return {}

    def _delete(self, kind: Kind, caller: Caller, parameters: Json) -> Json:
        name = str(parameters[kind.name_member])
        body = self._context.records.get(kind, caller, name)
        if not kind.ended(body):
            raise in_use(f"The request was rejected because the {kind.noun} is in status {kind.status(body)}.")
        self._context.documents.delete(kind.key(caller, name))
        return {}


def _interrupt(fail: Fail, record: Json) -> None:
    fail(record, interrupted())
