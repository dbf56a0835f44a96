"""What plugins hand to the engine: data that says where code is, so that nothing heavy is imported to list it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ContainerRuntimeSpec:
    """What stands in for container images on the local cloud.

    `image_patterns` are regular expressions searched for in an image URI. `target` is `module:attribute`: a callable
    that is given `config` and returns an object with `launch(job) -> Launch`, as `headgate.localcloud.runtimes` says.
    The daemon imports it when an image first needs it, with the folders of `search_path` on `sys.path`. `config` must
    be JSON.
    `plugin` is filled in by the engine.
    """

    name: str
    image_patterns: tuple[str, ...]
    target: str
    search_path: tuple[str, ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)
    plugin: str = ""

    def as_json(self) -> dict[str, object]:
        """The form in which runtimes are sent to the local cloud (`POST /_headgate/runtimes`)."""
        return {
            "name": self.name,
            "plugin": self.plugin,
            "image_patterns": list(self.image_patterns),
            "target": self.target,
            "search_path": list(self.search_path),
            "config": dict(self.config),
        }


@dataclass(frozen=True, slots=True)
class LazyCommand:
    """A subcommand of `headgate`, imported only when called. `target` is `module:attribute`, a `click.Command`.

    `plugin` is filled in by the engine.
    """

    target: str
    help: str
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A Copier template that `headgate new` offers. `plugin` is filled in by the engine."""

    name: str
    path: Path
    description: str
    plugin: str = ""


@dataclass(frozen=True, slots=True)
class RecorderSpec:
    """An experiment tracker that is told what an execution did, once it has ended.

    `module` is run as `python -m module` when the execution starts. It imports what it needs, then reads one JSON
    object from standard input, `{"record": ..., "config": ...}` (`headgate.actions.record.ExecutionRecord`), and
    prints one, `{"properties": {name: text}}`, which is put on the registered version. `config` must be JSON. `plugin`
    is filled in by the engine.
    """

    name: str
    module: str
    config: Mapping[str, object] = field(default_factory=dict)
    plugin: str = ""
