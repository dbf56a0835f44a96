"""What plugins hand to the engine: data that says where code is, so that nothing heavy is imported to list it.

Each is checked where it is made, that is in the plugin's own hook: what is wrong raises TypeError or ValueError there,
and is the plugin's fault with its file and line. What is made can be sent, matched and printed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*")
_LABEL = re.compile(r"\S|\S.*\S")
_TARGET = re.compile(r"[\w.]+:[\w.]+")
_MODULE = re.compile(r"[\w.]+")


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

    def __post_init__(self) -> None:
        _require_text("the name of a container runtime", self.name, _LABEL, "one line of text")
        _require_text("target", self.target, _TARGET, "module:attribute")
        _require_texts("image_patterns", self.image_patterns)
        _require_texts("search_path", self.search_path)
        if not self.image_patterns:
            raise ValueError(f"container runtime '{self.name}' has no image_patterns, so it would match no image")
        for pattern in self.image_patterns:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"container runtime '{self.name}': bad pattern {pattern!r}: {error}") from error
        _require_json(f"container runtime '{self.name}'", self.config)

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

    def __post_init__(self) -> None:
        _require_text("target", self.target, _TARGET, "module:attribute")
        _require_text("help", self.help)


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A Copier template that `headgate new` offers. `plugin` is filled in by the engine."""

    name: str
    path: Path
    description: str
    plugin: str = ""

    def __post_init__(self) -> None:
        require_name("template", self.name)
        _require_text("description", self.description)
        if not isinstance(self.path, Path):
            raise TypeError(f"the path of template '{self.name}' is {type(self.path).__name__}, not Path")


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

    def __post_init__(self) -> None:
        _require_text("the name of a recorder", self.name, _LABEL, "one line of text")
        _require_text("module", self.module, _MODULE, "a module's name")
        _require_json(f"recorder '{self.name}'", self.config)


def require_name(what: str, name: object) -> None:
    """Raises TypeError or ValueError unless it is a name that people can type."""
    _require_text(f"the name of a {what}", name, _NAME, "letters, digits, '_', '.' and '-'")


def _require_text(what: str, value: object, form: re.Pattern[str] | None = None, expected: str = "") -> None:
    if not isinstance(value, str):
        raise TypeError(f"{what} is {type(value).__name__}, not str")
    if form and not form.fullmatch(value):
        raise ValueError(f"{what} is '{value}', not {expected}")


def _require_texts(what: str, values: object) -> None:
    if not isinstance(values, (tuple, list)) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{what} is {values!r}, not a tuple of str")


def _require_json(whose: str, config: object) -> None:
    """What is sent to another process must be JSON."""
    if not isinstance(config, Mapping):
        raise TypeError(f"the config of {whose} is {type(config).__name__}, not a mapping")
    try:
        json.dumps(dict(config), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the config of {whose} is not JSON: {error}") from error
