"""A model's container as a running HTTP server: start, wait for a good /ping, invoke, stop."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from headgate.localcloud.jobs.access import Acting
from headgate.localcloud.jobs.containers import Container, Run
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.environment import job_environment
from headgate.localcloud.jobs.failures import JobFailure, describe_exit
from headgate.localcloud.jobs.hosts import make_hosts
from headgate.localcloud.jobs.http_client import Answer, HttpClient
from headgate.localcloud.jobs.joblog import JobLog
from headgate.localcloud.jobs.models import Model, ModelContainer, stage_model
from headgate.localcloud.jobs.staging import Stager
from headgate.localcloud.jobs.supervision import Control, Verdict, Watch, supervise
from headgate.localcloud.seams import Caller

_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25
_PING_TIMEOUT = 2.0
_STOP_GRACE = 5.0


@dataclass(slots=True)
class ModelServer:
    """One container of a model, serving on its own port."""

    context: Context
    control: Control
    client: HttpClient
    log: JobLog
    ended: threading.Event = field(default_factory=threading.Event)
    verdict: Verdict | None = None
    thread: threading.Thread | None = None

    def await_health(self, patience: float, stop: Control | None = None) -> None:
        """Block until /ping is 200. Raises JobFailure when the server ends first or `patience` seconds are over."""
        clock = self.context.clock
        deadline = clock.now() + patience
        pause = _FIRST_PAUSE
        while True:
            if self.client.ping(_PING_TIMEOUT) == 200:
                return
            if self.ended.wait(pause):
                code = self.verdict.code if self.verdict else 0
                raise JobFailure(
                    f"the container did not pass the ping health check: its server ended with exit code {code}: "
                    f"{describe_exit(code, self.log.last_words())}"
                )
            if stop is not None and stop.stopped:
                return
            if clock.now() >= deadline:
                raise JobFailure(f"the container did not pass the ping health check within {patience:g} s")
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    def stop(self) -> None:
        """End the server and everything it started; returns when it is gone."""
        self.control.stop(grace=_STOP_GRACE)
        if self.thread is not None:
            self.thread.join()
        self.client.close()
        self.control.close()


def start_server(
    context: Context,
    caller: Caller,
    model: Model,
    container: ModelContainer,
    *,
    folder: Path,
    log: JobLog,
    token: str,
    environment: Mapping[str, str],
    instance_type: str,
) -> ModelServer:
    """Stage a container's model and start its server. Raises JobFailure; `folder` is the server's own until it ends."""
    host = make_hosts(folder, ("algo-1",), ("input", "output", "model"))[0]
    who = Acting(caller, model.role, model.subnets)
    stager = Stager(context.objects_of(who), caller.region, model.role)
    stage_model(stager, container.data, host.ml / "model", folder)
    port = free_port()
    own = {
        "SAGEMAKER_BIND_TO_PORT": str(port),
        "SAGEMAKER_SAFE_PORT_RANGE": f"{port}-{port}",
        "SAGEMAKER_REGION": caller.region,
    }
    requested = {**container.environment, **environment}
    run = Run(
        context=context,
        container=Container(
            kind="serving",
            image=container.image,
            environment=job_environment(context, who, requested, own),
            instance_type=instance_type,
        ),
        hosts=[host],
        logs={host.name: log},
        stager=stager,
        token=token,
    )
    server = ModelServer(context, Control(), HttpClient(port), log)
    processes = run.start()
    watch = Watch(clock=context.clock, interval=3600.0, line=lambda _host, text: log.line(text))

    def serve() -> None:
        server.verdict = supervise(processes, server.control, watch)
        server.ended.set()

    server.thread = threading.Thread(target=serve, name=f"server of {model.name}")
    server.thread.start()
    return server


def free_port() -> int:
    """A port on 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def invoke_chain(servers: Sequence[ModelServer], body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
    """Send a payload through a model's containers, each getting the answer of the one before it."""
    accept = headers.get("Accept", "")
    content_type = headers.get("Content-Type", "")
    rest = {name: value for name, value in headers.items() if name not in ("Accept", "Content-Type")}
    answer = Answer(0, b"the model has no container", "text/plain")
    for index, server in enumerate(servers):
        sent = {**rest, "Content-Type": content_type}
        if accept and index == len(servers) - 1:
            sent["Accept"] = accept
        answer = server.client.invoke(body, sent, timeout)
        if not answer.good:
            return answer
        body, content_type = answer.body, answer.content_type or content_type
    return answer
