"""Container runtimes: what stands in for an image when there is no Docker.

An image URI is matched against the registered runtimes, in order; the first that matches says which program to
start under the SageMaker container contract. Runtimes come from plugins: the engine hands them over as data
(`RuntimeSpec`), and the daemon imports the target when it is first needed, guarded.
"""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from headgate.localcloud.errors import AwsError, validation
from headgate.localcloud.seams import Json

JobKind = Literal["processing", "training", "serving"]


@dataclass(frozen=True, slots=True)
class RuntimeSpec:
    """A runtime as data. `target` is `module:attribute`, called with `config` as its only argument."""

    name: str
    plugin: str
    image_patterns: tuple[str, ...]
    target: str
    search_path: tuple[str, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)

    def as_json(self) -> Json:
        return {
            "name": self.name,
            "plugin": self.plugin,
            "image_patterns": list(self.image_patterns),
            "target": self.target,
            "search_path": list(self.search_path),
            "config": dict(self.config),
        }

    @staticmethod
    def from_json(value: Json) -> RuntimeSpec:
        return RuntimeSpec(
            name=str(value["name"]),
            plugin=str(value["plugin"]),
            image_patterns=tuple(value["image_patterns"]),
            target=str(value["target"]),
            search_path=tuple(value.get("search_path", ())),
            config=dict(value.get("config", {})),
        )


@dataclass(frozen=True, slots=True)
class ContainerJob:
    """What a runtime is told. All `/opt/ml` files are staged under `ml_root` before it is asked.

    `entrypoint` and `arguments` are the request's (ContainerEntrypoint, ContainerArguments), empty when the image's own
    are meant. `environment` already holds the request's variables, the AWS endpoint and credentials.
    """

    kind: JobKind
    image: str
    entrypoint: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    channels: tuple[str, ...]
    hosts: tuple[str, ...]
    current_host: str
    instance_type: str
    ml_root: Path
    fetch: Callable[[str, Path], None]
    """Copy one S3 object (`s3://bucket/key`) to a file; used for `sagemaker_submit_directory`."""
    log: Callable[[str], None]
    """Write a line to the job's log."""


@dataclass(frozen=True, slots=True)
class Launch:
    """The program to start. `environment` is laid over the job's; `path` goes before PATH.

    Paths are as seen inside the job (`/opt/ml/...`). A serving program must listen on 127.0.0.1 at the port in
    `SAGEMAKER_BIND_TO_PORT`, and answer `GET /ping` and `POST /invocations`.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    working_directory: str = "/opt/ml"
    metric_definitions: Mapping[str, str] = field(default_factory=dict)
    """Metrics that the image itself defines, as SageMaker's built-in algorithms do: name to regular expression over log
    lines. For jobs whose request defines none."""


class ContainerRuntime(Protocol):
    """What stands in for an image. Raises RuntimeUnavailableError when it cannot."""

    def launch(self, job: ContainerJob) -> Launch: ...


class RuntimeUnavailableError(Exception):
    """A runtime matched but cannot run here; the text says why and what would mend it."""


class RuntimeRegistry:
    """The runtimes of one daemon: for each project, by its folder, those that it has told; `""` is no project's.

    Every command of a project tells its list anew. Modules of the project itself are then imported anew, for people
    edit them while the daemon runs; what is installed is imported once. An image is looked for in the list that was
    told last, then in those before it, and at last in what belongs to no project: so that an execution of one project,
    which an event starts, finds its images whichever project somebody works in.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._told: dict[str, tuple[RuntimeSpec, ...]] = {}
        self._loaded: dict[tuple[str, str], ContainerRuntime] = {}
        self._imported: dict[str, set[str]] = {}
        self._folders: list[str] = []

    def replace(self, specs: tuple[RuntimeSpec, ...], project: str = "") -> None:
        """What a project has now. Projects whose folder is gone are forgotten."""
        with self._lock:
            others = {each: told for each, told in self._told.items() if each != project and _is_there(each)}
            self._told = {project: specs, **others}
            self._loaded = {key: runtime for key, runtime in self._loaded.items() if key[0] in others}
            self._forget_modules(project)

    def told(self) -> Mapping[str, tuple[RuntimeSpec, ...]]:
        """The runtimes of each project, in the order in which images are looked for."""
        with self._lock:
            return {project: self._told[project] for project in sorted(self._told, key=lambda each: not each)}

    def find(self, image: str) -> RuntimeSpec:
        """The runtime for an image URI. Raises AwsError (ValidationException) that names what there is."""
        return self._find(image)[1]

    def _find(self, image: str) -> tuple[str, RuntimeSpec]:
        told = [(project, spec) for project, specs in self.told().items() for spec in specs]
        for project, spec in told:
            if _matches(spec, image):
                return project, spec
        known = ", ".join(dict.fromkeys(f"{spec.name} ({spec.plugin})" for _, spec in told)) or "none"
        raise validation(
            f"no container runtime for image '{image}': the local cloud runs images through runtimes that plugins "
            f"offer, and none matches; known: {known}. Declare the image under `images:` in headgate.yaml "
            "with the requirements it needs, or install a plugin that offers a runtime for it"
        )

    def load(self, image: str) -> ContainerRuntime:
        """The runtime object for an image URI. Raises AwsError when the plugin's code fails to import."""
        project, spec = self._find(image)
        with self._lock:
            key = (project, spec.name)
            if key not in self._loaded:
                for other in self._imported.keys() - {project}:
                    self._forget_modules(other)  # two projects may name a module alike
                self._look_first_in(spec.search_path)
                known = set(sys.modules)
                try:
                    self._loaded[key] = _load(spec)
                finally:
                    own = _modules_in(spec.search_path, set(sys.modules) - known)
                    self._imported.setdefault(project, set()).update(own)
            return self._loaded[key]

    def _look_first_in(self, folders: tuple[str, ...]) -> None:
        """Of the folders that projects have brought; what the daemon itself imports from stands before all of them."""
        own = [folder for folder in folders if folder in self._folders or folder not in sys.path]
        sys.path[:] = [folder for folder in sys.path if folder not in self._folders]
        self._folders = list(dict.fromkeys([*own, *self._folders]))
        sys.path += self._folders

    def _forget_modules(self, project: str) -> None:
        for name in self._imported.pop(project, set()):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()


def _is_there(project: str) -> bool:
    return not project or Path(project).is_dir()


def _matches(spec: RuntimeSpec, image: str) -> bool:
    try:
        return any(re.search(pattern, image) for pattern in spec.image_patterns)
    except re.error as error:
        raise validation(
            f"container runtime '{spec.name}' of plugin '{spec.plugin}' has an image pattern that is no regular "
            f"expression: {error} in '{error.pattern!r}'"
        ) from error


def _modules_in(folders: tuple[str, ...], names: set[str]) -> set[str]:
    """Which of the modules lie in one of the folders, but not in an environment there."""
    files = {name: getattr(sys.modules.get(name), "__file__", None) for name in names}
    return {
        name
        for name, file in files.items()
        if file and "site-packages" not in file and any(Path(file).is_relative_to(folder) for folder in folders)
    }


def _load(spec: RuntimeSpec) -> ContainerRuntime:
    module_name, _, attribute = spec.target.partition(":")
    try:
        factory = getattr(importlib.import_module(module_name), attribute)
        runtime: ContainerRuntime = factory(spec.config)
    except Exception as error:
        raise AwsError(
            "InternalFailure",
            f"container runtime '{spec.name}' of plugin '{spec.plugin}' failed to load from {spec.target}: {error!r}",
            status=500,
        ) from error
    return runtime
