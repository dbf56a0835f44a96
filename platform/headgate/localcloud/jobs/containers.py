"""Run one container of a job on each of its hosts, through the runtime that stands in for its image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from headgate.localcloud.errors import AwsError
from headgate.localcloud.jobs.context import Context
from headgate.localcloud.jobs.environment import visible_paths, with_launch
from headgate.localcloud.jobs.failures import JobFailure, algorithm_error, client_error, describe_exit
from headgate.localcloud.jobs.hosts import HostFolder
from headgate.localcloud.jobs.isolation import ML, Isolation, Sandbox, home_and_tmp
from headgate.localcloud.jobs.joblog import JobLog
from headgate.localcloud.jobs.processes import Process, Program
from headgate.localcloud.jobs.staging import Stager
from headgate.localcloud.jobs.supervision import Control, Verdict, Watch, supervise
from headgate.localcloud.jobs.volume import Volume
from headgate.localcloud.runtimes import ContainerJob, JobKind, RuntimeUnavailableError


@dataclass(frozen=True, slots=True)
class Container:
    """What to run, the same on every host but for the host's name."""

    kind: JobKind
    image: str
    environment: Mapping[str, str]
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    hyperparameters: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[str, ...] = ()
    instance_type: str = ""
    network: bool = True
    """False for `EnableNetworkIsolation`: the program then sees no network."""


@dataclass(frozen=True, slots=True)
class Run:
    """A container on its hosts. `limit` is the volume's size in bytes, `token` marks the processes."""

    context: Context
    container: Container
    hosts: Sequence[HostFolder]
    logs: Mapping[str, JobLog]
    stager: Stager
    token: str
    limit: int | None = None

    def program(self, host: HostFolder) -> Program:
        """Ask the runtime what to start. Raises JobFailure when it cannot stand in for the image here."""
        image = self.container.image
        job = ContainerJob(
            kind=self.container.kind,
            image=image,
            entrypoint=self.container.entrypoint,
            arguments=self.container.arguments,
            environment=self.container.environment,
            hyperparameters=self.container.hyperparameters,
            channels=self.container.channels,
            hosts=tuple(host.name for host in self.hosts),
            current_host=host.name,
            instance_type=self.container.instance_type,
            ml_root=host.ml,
            fetch=self.stager.fetch,
            log=self.logs[host.name].note,
        )
        try:
            runtime = self.context.runtimes.load(image)
            launch = runtime.launch(job)
        except RuntimeUnavailableError as error:
            raise client_error(f"the container runtime for image {image} cannot run here: {error}") from error
        except AwsError as error:
            raise client_error(error.message) from error
        search_path = self.context.runtimes.find(image).search_path
        visible = visible_paths(launch, search_path)
        sandbox = Sandbox(host.ml, host.tmp, host.hosts_file, visible, self.container.network)
        if launch.working_directory.startswith(ML):
            host.path(launch.working_directory).mkdir(parents=True, exist_ok=True)
        places = home_and_tmp(self.context.isolation(), sandbox)
        return Program(
            host=host.name,
            argv=launch.argv,
            environment=with_launch(self.container.environment, launch, places),
            working_directory=launch.working_directory,
            sandbox=sandbox,
            token=f"{self.token}.{host.name}",  # the end of one host takes what it started along, and no other host
            file_limit=self.limit,
        )

    def start(self) -> list[Process]:
        """Start the program of every host. If one fails to start, the others are ended. Raises JobFailure."""
        isolation = self.context.isolation()
        self._check_network(isolation)
        programs = [self.program(host) for host in self.hosts]
        processes: list[Process] = []
        try:
            processes += [self.context.spawner.start(isolation, program) for program in programs]
        except OSError as error:
            for process in processes:
                process.close()
            raise JobFailure(f"InternalServerError: the container could not be started: {error}") from error
        return processes

    def _check_network(self, isolation: Isolation) -> None:
        if self.container.network:
            return
        if not isolation.isolates_network:
            raise client_error(
                f"EnableNetworkIsolation cannot be kept on this machine with {isolation.name}: {isolation.fix}"
            )
        if len(self.hosts) > 1:
            raise client_error("EnableNetworkIsolation with several instances is not supported by the local cloud")

    def complete(
        self,
        control: Control,
        *,
        max_runtime: float | None,
        line: Callable[[str, str], None] | None = None,
        each_interval: Callable[[], None] = lambda: None,
    ) -> Verdict:
        """Run to the end under supervision; `line` also gets each line of output, with its host."""
        clock, settings = self.context.clock, self.context.settings
        volume = self.volume()

        def tick() -> str | None:
            each_interval()
            return volume.problem() if volume else None

        def write(host: str, text: str) -> None:
            self.logs[host].line(text)
            if line:
                line(host, text)

        if control.stopped:
            return Verdict("stopped", {})
        processes = self.start()
        watch = Watch(
            clock=clock,
            deadline=None if max_runtime is None else clock.now() + max_runtime,
            grace=settings.stop_grace,
            interval=settings.interval,
            tick=tick,
            line=write,
        )
        return supervise(processes, control, watch)

    def volume(self) -> Volume | None:
        return Volume([host.root for host in self.hosts], self.limit) if self.limit is not None else None

    def check(self, verdict: Verdict, message: Callable[[HostFolder], str]) -> None:
        """Raises JobFailure if a program failed; `message` reads what it left to say, if anything."""
        volume = self.volume()
        if verdict.ending == "aborted":
            raise algorithm_error(verdict.detail, verdict.code or 137)
        if verdict.code:
            full = volume.explains() if volume else None
            if full:
                raise algorithm_error(full, verdict.code)
            name = next(name for name, code in verdict.codes.items() if code)
            host = next(host for host in self.hosts if host.name == name)
            said = message(host).strip()
            raise algorithm_error(said or describe_exit(verdict.code, self.logs[name].last_words()), verdict.code)
        full = volume.exceeded() if volume else None
        if full and verdict.ending == "exited":
            raise algorithm_error(full, 0)


def read_message(host: HostFolder, inner: str, limit: int = 1024) -> str:
    """The start of a file that a program left to explain itself, or the empty text."""
    try:
        with host.path(inner).open("rb") as file:
            return file.read(limit * 4).decode("utf-8", "replace")[:limit]
    except OSError:
        return ""
