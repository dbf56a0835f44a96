"""What is known of each plugin after loading, and what went wrong."""

from __future__ import annotations

import importlib
import traceback
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import ModuleType

from headgate.errors import FailedError, HeadgateError
from headgate.plugins.discovery import Candidate


class State(StrEnum):
    """What became of a plugin."""

    LOADED = "loaded"
    DISABLED = "disabled"
    FAILED = "failed"
    SKIPPED = "skipped"  # headgate.yaml cannot be read, so nobody knows whether it disables the plugin


@dataclass(frozen=True, slots=True)
class PluginRecord:
    """A plugin and its state. `reason` says why it is not loaded; `error` is what it raised, for its trace."""

    candidate: Candidate
    state: State
    hooks: tuple[str, ...] = ()
    reason: str = ""
    module: ModuleType | None = field(default=None, compare=False, repr=False)
    error: BaseException | None = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.candidate.name

    @property
    def policy(self) -> bool:
        """Whether it guards something: by its metadata, by its hook, or as the project's own that failed to load."""
        own_and_broken = self.candidate.in_tree and self.state is State.FAILED
        return self.candidate.policy or own_and_broken or "headgate_check_pipeline" in self.hooks

    def as_json(self) -> dict[str, object]:
        return {
            "name": self.name,
            "version": self.candidate.version,
            "state": str(self.state),
            "hooks": list(self.hooks),
            "source": self.candidate.source,
            "policy": self.policy,
            "reason": self.reason or None,
        }


@dataclass(frozen=True, slots=True)
class PluginWarning:
    """What one plugin got wrong, in one line; the tool goes on without it. `hook` is None when loading failed."""

    plugin: str
    version: str
    source: str
    message: str
    hook: str | None = None

    @staticmethod
    def about(candidate: Candidate, message: str, hook: str | None = None) -> PluginWarning:
        return PluginWarning(candidate.name, candidate.version, candidate.source, message, hook)

    def __str__(self) -> str:
        hook = f" {self.hook}" if self.hook else ""
        return f"plugin '{self.plugin}' {self.version} ({self.source}):{hook} {self.message}"

    def as_json(self) -> dict[str, object]:
        return {
            "plugin": self.plugin,
            "version": self.version,
            "source": self.source,
            "hook": self.hook,
            "message": self.message,
        }


class PolicyError(FailedError):
    """What a policy guards must not go on: the policy says no, or it could not be asked."""

    code = "policy"


def say(error: BaseException) -> str:
    """An exception in one line.

    Our own errors speak for themselves; others are told with the innermost place outside Headgate, Python's import
    machinery and generated code.
    """
    if isinstance(error, HeadgateError):
        tail = (f"at {error.where}" if error.where else "", f"expected: {error.expected}" if error.expected else "")
        return "; ".join(filter(None, (error.message, *tail)))
    text = " ".join(str(error).split())
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not _ours(frame.filename)]
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    if isinstance(error, SyntaxError) and error.filename:
        place = f" at {error.filename}:{error.lineno}"
        text = error.msg
    return f"{type(error).__name__}{': ' if text else ''}{text}{place}"


def _ours(file: str) -> bool:
    return file.startswith(("<", str(Path(__file__).parent), str(Path(importlib.__file__).parent)))
