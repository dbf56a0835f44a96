"""A running endpoint: the servers of its variants, and which of them answers a request."""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.context import Context, remove_folder
from headgate.localcloud.jobs.failures import JobFailure
from headgate.localcloud.jobs.http_client import Answer
from headgate.localcloud.jobs.joblog import open_logs
from headgate.localcloud.jobs.model_server import ModelServer, invoke_chain, start_server
from headgate.localcloud.jobs.models import find_model
from headgate.localcloud.jobs.supervision import Control
from headgate.localcloud.seams import Caller, Json

_LAST_BREATH = 1.0
"""Seconds between a server's closed port and the news of its end."""


@dataclass(slots=True)
class Variant:
    """A production variant: its definition and its servers, one per container of its model."""

    context: Context
    caller: Caller
    endpoint: str
    definition: Json
    folder: Path
    servers: list[ModelServer] = field(default_factory=list)
    _resources: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def name(self) -> str:
        return str(self.definition["VariantName"])

    def start(self, control: Control | None) -> None:
        """Start the servers and wait until they are healthy. Raises JobFailure with nothing left running."""
        model = find_model(self.context.documents, self.caller, str(self.definition["ModelName"]))
        group = f"/aws/sagemaker/Endpoints/{self.endpoint}"
        logs = self._resources.enter_context(open_logs(self.context.logs, self.caller, group, self.name, ("algo-1",)))
        patience = float(
            self.definition.get("ContainerStartupHealthCheckTimeoutInSeconds", self.context.settings.health_timeout)
        )
        try:
            for index, container in enumerate(model.containers, start=1):
                self.servers.append(
                    start_server(
                        self.context,
                        self.caller,
                        model,
                        container,
                        folder=self.folder / f"container-{index}",
                        log=logs["algo-1"],
                        token=f"{self.context.token}.{self.folder.name}",
                        environment={},
                        instance_type=str(self.definition.get("InstanceType", "")),
                    )
                )
            for server in self.servers:
                server.await_health(patience, control)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the servers and remove their folder."""
        for server in self.servers:
            server.stop()
        self.servers = []
        self._resources.close()
        remove_folder(self.folder)

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a payload through the variant's containers, after reviving servers that have crashed."""
        if any(server.ended.is_set() for server in self.servers):
            self._revive()
        timeout = self.context.settings.invocation_timeout
        answer = invoke_chain(self.servers, body, headers, timeout)
        if answer.problem in ("refused", "lost") and any(server.ended.wait(_LAST_BREATH) for server in self.servers):
            self._revive()
            if answer.problem == "refused":  # the other one may have been worked on, and is not sent twice
                answer = invoke_chain(self.servers, body, headers, timeout)
        return answer

    def _revive(self) -> None:
        with self._lock:
            if not any(server.ended.is_set() for server in self.servers):
                return
            self.stop()
            self._resources = ExitStack()
            self.folder.mkdir(parents=True, exist_ok=True)
            try:
                self.start(None)
            except JobFailure as failure:
                self.servers = []
                raise model_error(0, failure.reason, self.endpoint) from failure


@dataclass(slots=True)
class LiveEndpoint:
    """The running variants of one endpoint; `weights` decide who gets a request."""

    name: str
    variants: dict[str, Variant]
    weights: dict[str, float]

    def choose(self, target: str | None, generator: random.Random) -> Variant:
        """The variant asked for, or one at random by weight. Raises AwsError (ValidationError)."""
        if target:
            if target not in self.variants:
                raise AwsError("ValidationError", f"Variant {target} of endpoint {self.name} not found.")
            return self.variants[target]
        names = list(self.variants)
        weights = [self.weights[name] for name in names]
        if not any(weights):
            raise AwsError("ValidationError", f"Endpoint {self.name} has no variant whose weight is above zero.")
        return self.variants[generator.choices(names, weights)[0]]

    def stop(self) -> None:
        for variant in self.variants.values():
            variant.stop()


def start_variants(
    context: Context, caller: Caller, endpoint: str, config: Json, control: Control
) -> dict[str, Variant]:
    """Start every variant of a configuration, side by side. Raises JobFailure with nothing left running."""
    variants = {
        str(definition["VariantName"]): Variant(context, caller, endpoint, definition, context.working_folder())
        for definition in config["ProductionVariants"]
    }
    problems: dict[str, str] = {}

    def start(variant: Variant) -> None:
        try:
            variant.start(control)
        except JobFailure as failure:
            problems[variant.name] = failure.reason
        except AwsError as error:
            variant.stop()
            problems[variant.name] = error.message

    threads = [threading.Thread(target=start, args=(variant,)) for variant in variants.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems or control.stopped:
        for variant in variants.values():
            if variant.name not in problems:
                variant.stop()
        texts = [f"production variant {name}: {text}" for name, text in sorted(problems.items())]
        raise JobFailure("; ".join(texts) or "the endpoint was deleted before it was in service")
    return variants


def model_error(status: int, message: str, endpoint: str) -> AwsError:
    """InvokeEndpoint's error for an answer that is not 2xx, in SageMaker's words."""
    side = "client" if 400 <= status < 500 else "server"
    return AwsError(
        "ModelError",
        f'Received {side} error ({status}) from primary with message "{message}". See the log group '
        f"/aws/sagemaker/Endpoints/{endpoint} for more information.",
        status=424,
    )
